"""How all screens look: names and colours of algorithms, the frame's CSS, wordmark, status corner, headings."""

from pathlib import Path

import streamlit as st

from pages.parts.asset_component import ASSETS, asset_component

ICON = Path(ASSETS / "icon.svg")
ALGORITHMS = {"pg": "PG", "trpo": "TRPO", "ppo": "PPO"}
ALGORITHM_NAMES = {
    "pg": "Policy gradient",
    "trpo": "TRPO",
    "ppo": "PPO",
    "q-learning": "Q-learning",
    "sarsa": "SARSA",
    "expected-sarsa": "Expected SARSA",
    "monte-carlo": "Monte Carlo",
}
TASKS = {"gridworld": "Gridworld", "gym": "Gymnasium", "molecules": "Molecules"}

_STATUS = asset_component("status", '<div class="status" role="status"></div>')


def apply() -> None:
    """The frame of every screen. Called once per run of the shell."""
    with st.container(key="frame", gap=None):
        st.html(ASSETS / "frame.css")
        _STATUS(key="status")
    st.logo(str(ASSETS / "wordmark.svg"), size="large")


def title(heading: str, sentence: str) -> None:
    """A screen's heading and the one sentence under it. Both are ours, never a user's."""
    with st.container(key="title"):
        st.title(heading, anchor=False)
        st.markdown(f":gray[{sentence}]")
