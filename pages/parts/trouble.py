"""What a visitor sees when a screen breaks: a sentence; the traceback goes to the log."""

import logging

import streamlit as st

from engine import service
from engine.store import StoreError
from pages.parts import text

LOG = logging.getLogger(__name__)


def on_script_error(error: Exception) -> bool:
    """Show what the engine says of what it refuses, and for anything else that the runs go on."""
    if isinstance(error, StoreError | service.Refused):
        text.problem(str(error), "trouble")
    else:
        LOG.error("a screen broke", exc_info=error)
        text.problem("This page broke. Runs go on; the details are in the app's log.", "trouble")
    st.button("Try again", key="try-again")
    return True
