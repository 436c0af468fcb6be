"""A goal from somebody's own table: teach a predictor, see its honest error, and only then search with it."""

import re
from typing import Any

import streamlit as st

from engine import service
from engine.chemistry.predictors import shelf
from engine.chemistry.predictors.shelf import NoPredictor
from engine.config import RunConfig
from engine.presets import preset_config
from engine.settings import InvalidSettings
from pages.parts import lesson, text
from pages.parts.starting import start_once
from pages.parts.studio_goals import PRESET

HIGHER, LOWER = "as high as possible", "as low as possible"
SHOWN_REFUSED = 20
LESSON = "studio.lesson"  # the lesson that this tab saw under way


def own_goal() -> str | None:
    """The section. The id of the run that was started, or None."""
    st.subheader("A goal of your own, from a table", anchor=False)
    st.caption(
        "Upload molecules with a measured number each. A predictor learns from them, you see how far off it is on "
        "molecules of other shapes, and then it can be the goal."
    )
    with st.container(border=True, key="card-table"):
        _teach()
        cards = shelf.predictors()
        if not cards:
            return None
        names = list(cards)
        if st.session_state.get("studio.predictor") not in names:
            st.session_state["studio.predictor"] = names[0]
        chosen = st.selectbox("Predictor", names, key="studio.predictor", width=420)
        if chosen is None:
            return None
        _error(cards[chosen])
        _delete(chosen)
        return _search(chosen, cards[chosen])


def _teach() -> None:
    """Upload, name, learn; how far that is, and what is wrong in one sentence."""
    file = st.file_uploader(
        "Table (CSV: a column smiles, a column of numbers)", type=["csv", "tsv", "txt"], width=520, on_change=_forget
    )
    if file is not None:
        left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
        column = left.text_input("Column to predict", placeholder="found by itself where there is one", max_chars=60)
        name = middle.text_input("Call it", value=_free_name(file.name), max_chars=40)
        if right.button("Learn from it", key="learn", type="primary", width="stretch"):
            _begin(name.strip(), file.getvalue(), column.strip() or None)
    under_way, seen = lesson.last(), st.session_state.get(LESSON)
    if under_way is not None and under_way.under_way:
        st.session_state[LESSON] = under_way
        _under_way()
    elif seen is not None and seen.problem:
        text.problem(seen.problem, "table")
    elif seen is not None and seen.cancelled:
        st.text(f"Learning {seen.name} was cancelled. Nothing of it was kept.")
    elif seen is not None:
        st.session_state["studio.predictor"] = seen.name
        _forget()


def _forget() -> None:
    """Another file: how learning from the one before ended is told no more."""
    st.session_state.pop(LESSON, None)


def _free_name(file: str) -> str:
    """A name for what is learned from this file that no predictor has."""
    stem = re.sub(r"[^a-z0-9_]+", "_", file.rsplit(".", 1)[0].lower()).strip("_")[:36]
    stem = stem if stem[:1].isalpha() else "mine"
    names = (stem, *(f"{stem}_{number}" for number in range(2, 1000)))
    return next((name for name in names if not shelf.why_no_name(name)), stem)


def _begin(name: str, table: bytes, column: str | None) -> None:
    refused = shelf.why_no_name(name)
    try:
        if refused:
            raise NoPredictor(refused)
        lesson.begin(name, table, column)
    except (NoPredictor, lesson.Busy) as error:
        _forget()
        text.problem(f"{error}.", "name")


@st.fragment(run_every=1.0)
def _under_way() -> None:
    """How far the lesson is, second by second, and Cancel; the rest of the page is not drawn again."""
    taught = lesson.last()
    if taught is None or not taught.under_way:
        st.rerun()
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(taught.share, text=f"Learning {taught.name}. {taught.doing} … You can go on meanwhile.")
    if right.button("Cancel", key="cancel-lesson", width="stretch"):
        taught.cancel()
        st.rerun()


def _error(card: dict[str, Any]) -> None:
    """What it gets wrong, on molecules whose scaffolds it had not seen."""
    test = card["test"]
    with st.container(horizontal=True, key="honest"):
        st.metric("Off by, on average", _figure(test["mae"]))
        st.metric("Always saying the mean: off by", _figure(test["mean_mae"]))
        st.metric("Order right (rank correlation)", _figure(test.get("spearman")))
        st.metric("Molecules learned from", f"{card['molecules']:,}")
    st.text(_verdict(test, card))
    st.text(_scale(card))
    if card.get("refused_lines"):
        lines = "1 line was" if card["refused_lines"] == 1 else f"{card['refused_lines']:,} lines were"
        with st.expander(f"{lines} left out"):
            for line in card["refused"][:SHOWN_REFUSED]:
                st.text(text.clean(f"line {line['line']}: {line['reason']}", 300))


def _delete(name: str) -> None:
    """A way to be rid of a predictor of one's own."""
    if not (shelf.own() / f"{name}.json").exists():
        return
    with st.popover("Delete this predictor", type="tertiary"):
        st.text("Searches that ran with it are kept, but can't be resumed.")
        if st.button(f"Delete {name} for good", key="delete-predictor"):
            shelf.delete(name)
            st.rerun()


def _verdict(test: dict[str, Any], card: dict[str, Any]) -> str:
    """One sentence on whether to trust it."""
    where = f"Tested on {test['molecules']:.0f} molecules of shapes it was not shown: "
    gain = 1.0 - test["mae"] / test["mean_mae"] if test["mean_mae"] else 0.0
    if gain < 0.1:
        return f"{where}it is hardly better than always saying the mean. A search would chase its mistakes."
    rest = "Good enough to steer by." if gain >= 0.35 else "It points the right way, no more."
    value = text.clean(str(card["value_column"]), 40)
    return f"{where}its error in {value} is {100 * gain:.0f} % smaller than that of always saying the mean. {rest}"


def _scale(card: dict[str, Any]) -> str:
    """What the errors are to be held against: no table says its unit."""
    lowest, highest, low, high = (_figure(value) for value in (*card["range"], *card["usual"]))
    column = text.clean(str(card["value_column"]), 40)
    return f"In the table {column} runs from {lowest} to {highest}, mostly {low} to {high}; the errors are in its unit."


def _search(name: str, card: dict[str, Any]) -> str | None:
    left, right, end = st.columns([2, 2, 1], vertical_alignment="bottom")
    wanted = left.segmented_control(
        "Search for it", [HIGHER, LOWER], default=HIGHER, required=True, key="studio.wanted"
    )
    drug_like = right.checkbox("and drug-like", value=True, key="studio.drug-like")
    if not end.button("Use as goal", key="start-predictor", type="primary", width="stretch"):
        return None
    try:
        config = RunConfig.from_object(_config(name, card, wanted == HIGHER, drug_like))
    except InvalidSettings as error:
        text.problem(" ".join(error.problems), "predictor")
        return None
    return start_once(f"studio {name}", lambda: [service.current().submit(config)])[0]


def _config(name: str, card: dict[str, Any], higher: bool, drug_like: bool) -> dict[str, Any]:
    """A search for the predictor's high or low values; how near each molecule is to a known one is shown beside."""
    low, high = card["usual"]
    zero, one = (low, high) if higher else (high, low)
    ramp = {"kind": "ramp", "zero": zero, "one": one}
    components = [
        {"kind": "predictor", "model": name, "name": name, "transform": ramp},
        *([{"kind": "qed"}] if drug_like else []),
        {"kind": "nearest", "model": name, "weight": 0.0},
    ]
    config = preset_config(f"{PRESET}-ppo")
    config["task"] = {"kind": "molecules", "objective": "custom", "mean": "geometric", "components": components}
    return config | {"name": f"{'High' if higher else 'Low'} {name} (PPO)"}


def _figure(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.3g}".replace("-", "−")
