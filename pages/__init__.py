"""The screens: one file each, Streamlit and drawing only; pages.routes answers over HTTP."""
