"""Streamlit components whose script and style are files in pages/parts/assets, served under /assets."""

from pathlib import Path
from typing import Any

import streamlit as st

ASSETS = Path(__file__).parent / "assets"

# Streamlit inlines a component's script, where relative imports lead nowhere; so it fetches the module by address.
_LOADER = """
const module = import(new URL("/assets/%s.js", location.href).href);
module.catch(() => window.dispatchEvent(new Event("vite:preloadError"))); // what again.js listens for
export default function (instance) {
  let ended = false;
  let cleanUp = null;
  module.then(({ default: draw }) => { if (!ended) cleanUp = draw(instance); });
  return () => { ended = true; cleanUp?.(); };
}
"""


def asset_component(name: str, html: str, isolate_styles: bool = True) -> Any:
    """The component drawn by assets/NAME.js and styled by assets/NAME.css; call it to mount it.

    isolate_styles: in a shadow root. False where plotly.js draws, whose own styles don't reach into one.
    """
    css = (ASSETS / f"{name}.css").read_text()
    js = _LOADER % name
    return st.components.v2.component(f"uphill_{name}", html=html, css=css, js=js, isolate_styles=isolate_styles)


def noted() -> None:
    """What to give as on_NAME_change: Streamlit hands a component's values to the script only where there is one."""
