"""Gridworld lab: one map painted by hand, its exact answer sweep by sweep, and agents that learn on it beside that."""

import streamlit as st

from engine.algorithms import ALGORITHMS
from engine.gridworlds.presets import MAPS
from engine.presets import PRESETS
from pages.parts import theme
from pages.parts.asset_component import asset_component, noted

_LAB = asset_component("lab", '<div class="uphill" aria-busy="true"></div>', isolate_styles=False)


theme.title("Gridworld lab", "Paint the map. Values and arrows follow.")
asked = _LAB(
    data={
        "maps": [{"name": name, "about": found.about, "text": found.text} for name, found in MAPS.items()],
        "algorithms": {
            kind: theme.ALGORITHMS.get(kind, known.label)
            for kind, known in ALGORITHMS.items()
            if f"gridworld-{kind}" in PRESETS
        },
    },
    key="lab",
    on_open_change=noted,
    on_compare_change=noted,
)
if asked.open:
    st.switch_page("run.py", query_params={"run": asked.open})
if asked.compare:
    st.switch_page("compare.py", query_params={"compare": asked.compare})
