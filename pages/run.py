"""Run: one run as it trains, to watch, steer, pause, resume and stop. The address ?run=ID shows it to everybody."""

import streamlit as st

from engine import service
from engine.store import Store, UnknownRun
from pages.parts.live import run_view


def chosen(store: Store) -> str | None:
    """The run of the address, or else the newest one."""
    asked = st.query_params.get("run")
    if asked:
        return asked
    newest = store.runs(limit=1)
    return newest[0].run_id if newest else None


def missing(sentence: str) -> None:
    st.title("No run to show", anchor=False)
    st.text(sentence)
    with st.container(horizontal=True):
        if st.button("Start one"):
            st.switch_page("home.py")
        if st.button("All runs"):
            st.switch_page("history.py")


def show(store: Store) -> None:
    run_id = chosen(store)
    if run_id is None:
        return missing("Nothing was started yet.")
    try:
        asked = run_view(store, run_id)
    except UnknownRun as error:
        return missing(f"{error}.")
    if asked.open:
        st.query_params["run"] = asked.open
        st.rerun()


show(service.current().store)
