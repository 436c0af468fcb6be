"""Who may see the pages where the app is served to others: whoever the configured login lets in."""

import streamlit as st
from streamlit import config

from pages.parts.loopback import is_loopback


def let_in() -> None:
    """Stop the script with a login button unless this machine alone is served or the visitor is logged in."""
    if is_loopback(config.get_option("server.address")) or st.user.is_logged_in:
        return
    st.title("Uphill", anchor=False)
    st.markdown("Log in to see and start runs.")
    st.button("Log in", type="primary", on_click=st.login)
    st.stop()
