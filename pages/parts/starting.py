"""Start, exactly once: a second click on the same button shows the run that the first one made."""

import time
from collections.abc import Callable

import streamlit as st

DOUBLE_CLICK_S = 2.0


def start_once(what: str, start: Callable[[], list[str]]) -> list[str]:
    """The ids of the runs that `start` made, now or in the last two seconds for the same `what` in this tab."""
    last = st.session_state.get("started")
    if last and last["what"] == what and time.monotonic() - last["at"] < DOUBLE_CLICK_S:
        return list(last["run_ids"])
    run_ids = start()
    st.session_state["started"] = {"what": what, "at": time.monotonic(), "run_ids": run_ids}
    return run_ids
