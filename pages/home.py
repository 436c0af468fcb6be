"""Home: three cards that start an agent at once, and the recent runs."""

from dataclasses import dataclass

import streamlit as st

from engine import service
from engine.config import RunConfig
from engine.presets import PRESETS
from pages.parts import theme
from pages.parts.drawings import drawing
from pages.parts.runs_list import runs_list
from pages.parts.starting import start_once

RECENT = 8


@dataclass(frozen=True)
class Card:
    """One kind of task as Home offers it; `preset` is the first part of the presets' names."""

    task: str
    preset: str
    title: str
    sentence: str
    field: str


CARDS = [
    Card(
        "gridworld",
        "gridworld",
        "Find the way",
        "A robot learns the shortest path through a maze, and you see how far it is from the exact answer.",
        "Gridworlds: cliffs, rooms, slippery ice",
    ),
    Card(
        "gym",
        "cartpole",
        "Keep the pole up",
        "A cart learns to balance a pole by trial and error, from nothing to perfect.",
        "Gymnasium tasks: control, landing, walking",
    ),
    Card(
        "molecules",
        "molecules-qed",
        "Design a molecule",
        "A generator learns to write molecules that look like medicines. No chemistry needed.",
        "Drug-likeness, solubility, similarity",
    ),
]


def card(offer: Card) -> None:
    with st.container(border=True, height="stretch", key=f"card-{offer.task}"):
        drawing(offer.task)
        with st.container(height="stretch", gap="xsmall"):
            st.subheader(offer.title, anchor=False)
            st.markdown(offer.sentence)
            st.caption(offer.field)
        algorithm = st.segmented_control(
            "Algorithm",
            [kind for kind in theme.ALGORITHMS if f"{offer.preset}-{kind}" in PRESETS],
            default="ppo",
            required=True,
            format_func=theme.ALGORITHMS.get,
            key=f"algorithm-{offer.task}",
            label_visibility="collapsed",
            width="stretch",
        )
        chosen = f"{offer.preset}-{algorithm}"
        st.caption(f"about {PRESETS[chosen].takes}")
        if st.button("Start", key=f"start-{offer.task}", type="primary", width="stretch"):
            start(chosen)
        if st.button("Change settings first", key=f"change-{offer.task}", type="tertiary", width="stretch"):
            st.session_state.pop("launch.from", None)  # as the card has it, whatever was changed in Launch before
            st.switch_page("launch.py", query_params={"from": chosen})


def start(name: str) -> None:
    """Queue the preset and show the run."""
    config = RunConfig.from_object(PRESETS[name].config)
    run_id = start_once(f"card {name}", lambda: [service.current().submit(config)])[0]
    st.switch_page("run.py", query_params={"run": run_id})


def recent() -> None:
    heading, more = st.columns([5, 1], vertical_alignment="bottom")
    heading.subheader("Your recent runs", anchor=False)
    store = service.current().store
    if not store.count_runs():
        st.caption("Nothing here yet. Runs you start appear here, and stay after you close the page.")
        return
    with more.container(horizontal=True, horizontal_alignment="right", key="all-runs"):
        st.page_link("history.py", label="All runs →")
    clicked = runs_list(store, {"limit": RECENT}, key="recent")
    if clicked.open:
        st.switch_page("run.py", query_params={"run": clicked.open})


# A shared link /?run=ID leads to the run; the same address behind the back button means Home.
came_from_outside = "arrived" not in st.session_state
st.session_state["arrived"] = True
if "run" in st.query_params and came_from_outside:
    st.switch_page("run.py", query_params={"run": st.query_params["run"]})
theme.title("Watch an agent learn", "Pick one. It starts straight away; you can pause, change or stop it at any time.")
with st.container(key="cards"):
    offers = [offer for offer in CARDS if f"{offer.preset}-ppo" in PRESETS]
    for column, offer in zip(st.columns(len(CARDS), gap="medium"), offers, strict=False):
        with column:
            card(offer)
recent()
