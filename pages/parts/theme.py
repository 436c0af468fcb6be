"""How all screens look: colours of algorithms and states, the frame's CSS, the wordmark, headings."""

from pathlib import Path

import streamlit as st

ASSETS = Path(__file__).parent / "assets"
ICON = str(ASSETS / "icon.svg")

ALGORITHMS = {"pg": "PG", "trpo": "TRPO", "ppo": "PPO"}
ALGORITHM_NAMES = {"pg": "Policy gradient", "trpo": "TRPO", "ppo": "PPO"}
# (light, dark); safe for colour-blind eyes, and the same on every screen
ALGORITHM_COLOURS = {"pg": ("#0072B2", "#56B4E9"), "trpo": ("#D55E00", "#ff8a4c"), "ppo": ("#009E73", "#2fd3a2")}
TASKS = {"gridworld": "Gridworld", "gym": "Gymnasium", "molecules": "Molecules"}


def apply() -> None:
    """The frame of every screen: CSS, wordmark. Called once per run of the shell."""
    st.html(ASSETS / "frame.css")
    st.logo(str(ASSETS / "wordmark.svg"), size="large")


def title(text: str, sentence: str) -> None:
    """A screen's heading and the one sentence under it. Both are ours, never a user's."""
    st.title(text, anchor=False)
    st.markdown(f":gray[{sentence}]")
