"""How all screens look: names and colours of algorithms, the frame's CSS, wordmark, status corner, headings."""

from pathlib import Path

import streamlit as st

from engine import algorithms
from pages.parts.asset_component import ASSETS, asset_component
from pages.parts.runs import TASK_NAMES

ICON = Path(ASSETS / "icon.svg")
ALGORITHMS = {"pg": "PG", "trpo": "TRPO", "ppo": "PPO"}
TASKS = TASK_NAMES
ALGORITHM_NAMES = {kind: known.label for kind, known in algorithms.ALGORITHMS.items()}

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
