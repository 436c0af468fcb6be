"""Runs: everything that was ever started, to search, open, rename, tag, compare, delete and bring back."""

from contextlib import suppress
from typing import Any

import streamlit as st

from engine import service
from engine.store import LIVE_STATES, STATES, StoreError, UnknownRun
from pages.parts import text, theme
from pages.parts.comparison import MOST
from pages.parts.edit_run import edit_run
from pages.parts.runs_list import runs_list

PER_PAGE = 25


def turn_back() -> None:
    """Another search begins at its first page."""
    st.session_state["page"] = 1


def filters() -> dict[str, Any]:
    """What is searched for; every field stands in the address."""
    search, state, task, algorithm = st.columns([2, 1, 1, 1], gap="small")
    words = search.text_input(
        "Search",
        key="search",
        bind="query-params",
        on_change=turn_back,
        max_chars=200,
        placeholder="Name, task, tag, note, id",
    )
    chosen = {
        "state": state.selectbox(
            "State",
            ["", *STATES],
            key="state",
            bind="query-params",
            on_change=turn_back,
            format_func=lambda one: one.capitalize() or "All",
        ),
        "task": task.selectbox(
            "Task",
            ["", *theme.TASKS],
            key="task",
            bind="query-params",
            on_change=turn_back,
            format_func=lambda one: theme.TASKS.get(one, "All"),
        ),
        "algorithm": algorithm.selectbox(
            "Algorithm",
            ["", *theme.ALGORITHM_NAMES],
            key="algorithm",
            bind="query-params",
            on_change=turn_back,
            format_func=lambda one: theme.ALGORITHM_NAMES.get(one, "All"),
        ),
    }
    return {"search": words.strip() or None, **{name: value or None for name, value in chosen.items()}}


def actions(selected: list[str], shown: set[str]) -> None:
    """What can be done with the chosen runs, of which some may be on another page or beside the search."""
    elsewhere = len(set(selected) - shown)
    chosen = f"{len(selected)} chosen" + (f", {elsewhere} of them not shown here" if elsewhere else "")
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="actions"):
        st.caption(chosen if selected else "Choose runs to compare or delete them.")
        if st.button(f"Compare (up to {MOST})", disabled=not 1 <= len(selected) <= MOST):
            st.switch_page("compare.py", query_params={"compare": ",".join(selected)})
        if st.button("Delete", disabled=not selected, key="delete-chosen"):
            st.session_state["list"] = st.session_state.get("list", 0) + 1  # a fresh list, with nothing chosen
            delete(selected)


def delete(run_ids: list[str]) -> None:
    """Hide runs, and remember which, so that this can be undone."""
    gone, store = [], service.current().store
    for run_id in run_ids:
        try:
            run = store.get_run(run_id)
            if run.state in LIVE_STATES:
                raise service.Refused(f"{text.clean(run.name, 60)} is still {run.state}; stop it before you delete it")
            service.current().delete(run_id)
            gone.append(run_id)
        except (StoreError, service.Refused) as error:
            st.session_state["refused"] = str(error)
    st.session_state["deleted"] = gone
    st.query_params["deleted"] = ",".join(gone)  # so that Undo outlives a reload
    st.rerun()


def undo() -> None:
    """Say what was deleted, and bring it back on request."""
    if refused := st.session_state.pop("refused", None):
        text.problem(refused, "refused")
    gone = deleted_lately()
    if not gone:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo"):
        st.markdown("1 run was deleted." if len(gone) == 1 else f"{len(gone)} runs were deleted.")
        if st.button("Undo", key="undo-delete"):
            for run_id in gone:
                service.current().undelete(run_id)
            st.session_state.pop("deleted", None)
            st.query_params.pop("deleted", None)
            st.rerun()


def deleted_lately() -> list[str]:
    """What this visitor deleted last; after a reload, the runs of the address that can be brought back."""
    if gone := st.session_state.get("deleted"):
        return list(gone)
    store, found = service.current().store, []
    for run_id in st.query_params.get("deleted", "").split(",")[:PER_PAGE]:
        with suppress(UnknownRun):
            found += [run_id] if store.get_run(run_id).deleted_at is not None else []
    return found


def show() -> None:
    store = service.current().store
    undo()
    wanted = filters()
    total = store.count_runs(**wanted)
    if not total:
        anything = any(wanted.values())
        st.caption("No run fits this search." if anything else "Nothing here yet. Runs you start appear here and stay.")
        return
    place = st.container()
    first = turned_to(total)
    key = f"runs-{st.session_state.get('list', 0)}"
    selected = list(st.session_state.get(key, {}).get("selected", []))
    with place:
        query = {**wanted, "limit": PER_PAGE, "offset": first}
        actions(selected, {run.run_id for run in store.runs(**query)})
        clicked = runs_list(store, query, key=key, full=True, selected=selected)
    if clicked.open:
        st.switch_page("run.py", query_params={"run": clicked.open})
    if clicked.remove:
        delete([clicked.remove])
    if clicked.edit:
        try:
            edit_run(store.get_run(clicked.edit))
        except UnknownRun as error:
            text.problem(str(error), "edit")


def turned_to(total: int) -> int:
    """Where the page begins that is turned to; it stands in the address."""
    pages = -(-total // PER_PAGE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        count = st.empty()
        number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    first = (min(max(number, 1), pages) - 1) * PER_PAGE
    count.caption(f"{first + 1:,} to {min(first + PER_PAGE, total):,} of {total:,}")
    return first


theme.title("Runs", "Everything that was started here, the newest first.")
show()
