"""What users and tasks wrote, shown as text: never Markdown, never HTML, no characters that hide or reorder."""

import unicodedata

import streamlit as st

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # control, direction marks, surrogates, private, line separators


def clean(text: str, limit: int = 200) -> str:
    """One line without control and direction characters, cut to `limit` characters."""
    shown = "".join(" " if unicodedata.category(character) in UNSEEN else character for character in text[: 4 * limit])
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def problem(sentence: str, at: str) -> None:
    """A refusal, next to what it is about; `at` names the place, once on a screen."""
    with st.container(key=f"problem-{at}", gap=None):
        st.text(clean(sentence, 400))
