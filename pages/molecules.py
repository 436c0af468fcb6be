"""Molecule studio: a goal in words, then one run as it searches, to watch, play back, understand and take away."""

import streamlit as st

from engine import service
from engine.store import RunRecord, Store, UnknownRun
from pages.parts import studio, studio_goals, studio_run, studio_table, theme
from pages.parts.runs_list import runs_list

RECENT = 5


def go(**query: str) -> None:
    """Show the studio with this address."""
    st.query_params.from_dict(query)
    st.rerun()


def choose(store: Store) -> None:
    """The goal in words, and the searches that there were."""
    theme.title("Molecule studio", "Say what you want. A generator learns to write molecules that have it.")
    asked = studio.goal_form()
    if asked.open == "launch":
        st.switch_page("launch.py", query_params={"from": f"{studio_goals.PRESET}-ppo"})
    elif asked.open:
        go(**asked.open)
    if store.count_runs(task="molecules"):
        st.subheader("Your searches", anchor=False)
        clicked = runs_list(store, {"task": "molecules", "limit": RECENT}, key="searches")
        if clicked.open:
            go(run=clicked.open)
    searching = studio_table.own_goal()
    if searching:
        go(run=searching)


def watch(store: Store, run: RunRecord) -> None:
    """One run, live or as it ended."""
    asked = studio.search_view(store, run, demo=st.query_params.get("demo") == "1")
    if asked.open == "new":
        go()
    elif asked.open == "end":
        go(run=run.run_id)
    elif asked.open == "expert":
        st.switch_page("run.py", query_params={"run": run.run_id})
    elif asked.open:
        go(run=asked.open)


def missing(sentence: str, run_id: str = "") -> None:
    """There is nothing to watch here; the way on."""
    st.title("No molecules here", anchor=False)
    st.text(sentence)
    with st.container(horizontal=True):
        if st.button("Start a search"):
            go()
        if run_id and st.button("Open the run"):
            st.switch_page("run.py", query_params={"run": run_id})


def show(store: Store) -> None:
    run_id = st.query_params.get("run")
    if not run_id:
        return choose(store)
    try:
        run = store.get_run(run_id)
        if run.deleted_at is not None:
            return missing("This run was deleted.")
        watch(store, run)
    except UnknownRun as error:
        missing(f"{error}.")
    except studio_run.NoMolecules as error:
        missing(f"{error}.", run_id)


show(service.current().store)
