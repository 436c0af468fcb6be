"""Policy gradient against TRPO against PPO: the same task and seeds, one click."""

from typing import Any

import streamlit as st

from engine import service
from engine.config import RunConfig
from engine.presets import PRESETS, SUBJECTS
from engine.settings import InvalidSettings
from engine.store import StoreError
from pages.parts import text
from pages.parts.comparison import Item
from pages.parts.seeds import read_seeds
from pages.parts.starting import start_once
from pages.parts.theme import ALGORITHMS

SEEDS = "1, 2, 3"


def side_by_side(item: Item | None) -> None:
    """A card that starts the three algorithms: on the task and seeds of `item`, or on one that is chosen here."""
    with st.container(border=True, key="side-by-side"):
        st.subheader("PG against TRPO against PPO", anchor=False)
        if item is None:
            titles = {name: subject.title for name, subject in SUBJECTS.items()}
            task, seeds, start = st.columns([3, 2, 1], vertical_alignment="bottom")
            subject = task.selectbox("Task", list(titles), format_func=titles.get, key="side.task")
            typed = seeds.text_input("Seeds", SEEDS, key="side.seeds", max_chars=100)
            started = start.button("Start all three", type="primary", key="side.start", width="stretch")
            configs = {kind: PRESETS[name].config for kind in ALGORITHMS if (name := f"{subject}-{kind}") in PRESETS}
        else:
            st.caption("Start the other two on the task and seeds of the first run above.")
            typed = ", ".join(str(run.seed) for run in item.runs)
            started = st.button("Start the other two", key="side.start")
            configs = others(item)
        if started:
            begin(configs, typed, item)


def others(item: Item) -> dict[str, dict[str, Any]]:
    """The config of the item's run with each other algorithm: as a preset has it where one has this very task."""
    config = item.runs[0].config
    found = {}
    for kind in ALGORITHMS:
        if kind == item.algorithm:
            continue
        same = [p.config for name, p in PRESETS.items() if name.endswith(f"-{kind}") and _fits(p.config, config)]
        plain = {**config, "algorithm": {"kind": kind, "batch_size": config["algorithm"]["batch_size"]}}
        found[kind] = {**(same[0] if same else plain), "name": ""}
    return found


def _fits(preset: dict[str, Any], config: dict[str, Any]) -> bool:
    return preset["task"].items() <= config["task"].items()


def begin(configs: dict[str, dict[str, Any]], typed: str, item: Item | None) -> None:
    """Queue a group for each algorithm and compare them."""
    engine = service.current()

    def start() -> list[str]:
        seeds = read_seeds(typed)
        ready = [RunConfig.from_object({**config, "seed": seeds[0]}) for config in configs.values()]
        return [engine.submit_group(config, seeds)[0] for config in ready]

    try:
        firsts = start_once(f"side by side {sorted(configs)} {typed}", start)
    except (InvalidSettings, StoreError, service.Refused) as error:
        text.problem(str(error), "side")
        return
    groups = [engine.store.get_run(run_id).group_id or run_id for run_id in firsts]
    st.query_params["compare"] = ",".join([*([item.id] if item else []), *groups])
    st.rerun()
