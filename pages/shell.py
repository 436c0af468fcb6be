"""The script that Streamlit runs for every visitor: the page's frame, and one line per screen."""

import streamlit as st

from pages.parts import login, theme

st.set_page_config(page_title="Uphill", page_icon=theme.ICON, layout="wide")
theme.apply()
login.let_in()

screen = st.navigation(
    [
        st.Page("home.py", title="Home", default=True),
        st.Page("launch.py", title="Launch"),
        st.Page("history.py", title="Runs", url_path="runs"),
        st.Page("compare.py", title="Compare"),
        st.Page("gridworld.py", title="Gridworld lab"),
        st.Page("molecules.py", title="Molecule studio"),
        st.Page("run.py", title="Run", visibility="hidden"),
    ],
    position="top",
)
screen.run()
