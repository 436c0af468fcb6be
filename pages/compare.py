"""Compare: up to eight runs or groups over one another, their figures, what differs, and files to take away."""

import dataclasses
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine import service
from engine.config import config_schema
from engine.metrics import METRICS
from engine.store import Store
from pages.parts import text, theme
from pages.parts.asset_component import asset_component
from pages.parts.comparison import MOST, Item, curves, differing, figures, find, label, setting_labels
from pages.parts.csv_file import curves_csv
from pages.parts.live import compare_view
from pages.parts.report import report, worded
from pages.parts.side_by_side import side_by_side

RECENT = 200
USUAL = ["return_mean", "kl"]
_FIGURES = asset_component("figures", '<div class="figures"></div>')
_PNG = asset_component("png", '<div class="png"></div>')
NO_CURVE = ("env_steps", "wall_s", "ratio_bin", "line_search_kl", "line_search_gain")


def choices(store: Store) -> dict[str, str]:
    """Recent groups and runs by id, as the list names them."""
    recent = store.runs(limit=RECENT)
    groups: dict[str, list[Any]] = {}
    for run in recent:
        groups.setdefault(run.group_id or run.run_id, []).append(run)
    named = {id_: label(runs) for id_, runs in groups.items()}
    return named | {run.run_id: label([run]) for run in recent if run.group_id}


def chosen(store: Store) -> list[Item]:
    """What the address asks for, as a list to change."""
    asked = [part for part in st.query_params.get("compare", "").split(",") if part][: 2 * MOST]
    items, problems = find(store, asked)
    for place, sentence in enumerate(problems):
        text.problem(sentence, f"compare-{place}")
    known = choices(store) | {item.id: item.label for item in items}
    ids = [item.id for item in items]
    if st.session_state.get("compare.address") != ids:
        st.session_state["compare.ids"] = ids
    picked = st.multiselect(
        "Runs and groups",
        list(known),
        format_func=lambda id_: f"{known.get(id_, id_)} · {id_[:6]}",
        max_selections=MOST,
        key="compare.ids",
        placeholder="Choose up to eight",
    )
    st.session_state["compare.address"] = picked
    if picked != ids:
        if picked:
            st.query_params["compare"] = ",".join(picked)
        else:
            st.query_params.pop("compare", None)
        items, _ = find(store, picked)
    return items


def metrics() -> list[str]:
    """Which curves are shown; they stand in the address."""
    names = [name for name in METRICS if not name.startswith(NO_CURVE)]
    picked = st.multiselect(
        "Curves", names, default=USUAL, format_func=lambda name: METRICS[name].label, key="curves", bind="query-params"
    )
    if not picked:
        st.caption(f"No curve is chosen, so {METRICS[USUAL[0]].label} is shown.")
    return picked or USUAL[:1]


def tables(store: Store, items: list[Item], metric: str) -> None:
    """The figures of the first curve, and the settings that are not the same for all."""
    st.subheader(METRICS[metric].label, anchor=False)
    rows = [{"label": item.label, **dataclasses.asdict(figures(curves(store, item, metric)))} for item in items]
    query = urlencode({"compare": ",".join(item.id for item in items), "metric": metric})
    _FIGURES(data={"query": query, "rows": rows}, key="figures")
    st.caption(
        "Last and mean are averages over seeds; best is the highest point of any seed; mean and SD look at the last "
        "tenth of each run, SD between seeds; N is the number of seeds."
    )
    different = differing(items)
    st.subheader("Settings that differ", anchor=False)
    if not different:
        st.caption("None." if len(items) > 1 else "Choose a second run to see what differs.")
        return
    labels = setting_labels(config_schema())
    content = {"Setting": [labels.get(path, path) for path in different]}
    for place, item in enumerate(items):
        content[f"{item.label} · {item.id[:6]}"] = [worded(path, values[place]) for path, values in different.items()]
    names = {"Setting": st.column_config.TextColumn(width="medium", pinned=True)}
    st.dataframe(content, hide_index=True, width="stretch", height="content", column_config=names)


def downloads(store: Store, items: list[Item], names: list[str]) -> None:
    """The same as files, made when they are asked for."""
    with st.container(horizontal=True, vertical_alignment="center", key="downloads"):
        st.download_button(
            "CSV", lambda: curves_csv(store, items, names), "uphill-compare.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "HTML report",
            lambda: report(store, items, names, datetime.now()),
            "uphill-compare.html",
            "text/html",
            on_click="ignore",
        )
        _PNG(key="png", width="content")


def show() -> None:
    store = service.current().store
    items = chosen(store)
    if not items:
        st.caption("Choose runs or groups above, or start three algorithms side by side.")
        side_by_side(None)
        return
    names = metrics()
    groups = [
        {"label": item.label, "algorithm": item.algorithm, "runs": [run.run_id for run in item.runs]} for item in items
    ]
    compare_view(groups, names, key="compare_view")
    downloads(store, items, names)
    tables(store, items, names[0])
    if items[0].algorithm in theme.ALGORITHMS and len({item.algorithm for item in items}) < len(theme.ALGORITHMS):
        side_by_side(items[0])


theme.title("Compare", "Runs over one another, with bands over their seeds.")
show()
