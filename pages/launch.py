"""Launch: a preset or an earlier run as the start, its settings to change, an estimate, Start."""

import json
from contextlib import suppress
from typing import Any

import streamlit as st

from engine import service
from engine.algorithms import ALGORITHMS
from engine.config import RunConfig, config_schema
from engine.presets import PRESETS
from engine.settings import InvalidSettings
from engine.store import RunRecord, StoreError
from pages.parts import text, theme
from pages.parts.config_form import checked, in_words, load, section_fields, typed_config
from pages.parts.estimate import Estimate, duration, estimate, size
from pages.parts.form import variants
from pages.parts.seeds import MAX_SEEDS, read_seeds
from pages.parts.starting import start_once

RECENT = 50
FIRST = "gridworld-ppo"
SUBJECTS = {"gridworld": "gridworld", "gym": "cartpole", "molecules": "molecules-qed"}  # each task's first preset


def choose_start() -> None:
    """The list of presets and recent runs; what is chosen fills the form and stands in the address."""
    store = service.current().store
    runs = {f"run:{run.run_id}": _copy(run) for run in store.runs(limit=RECENT)}
    names = {name: preset.title for name, preset in PRESETS.items()} | runs
    _add(names, st.session_state.get("launch.from", FIRST))
    known = (None, st.session_state.get("launch.address"))
    if "launch.from" not in st.session_state or st.query_params.get("from") not in known:  # a link, or Back
        st.session_state["launch.from"] = _asked_for(names)
        fill()
    st.selectbox(
        "Start from", list(names), format_func=names.get, key="launch.from", on_change=fill, persist_state="session"
    )
    if st.query_params.get("from", FIRST) != st.session_state["launch.from"]:  # else Back would have one more step
        st.query_params["from"] = st.session_state["launch.from"]
    st.session_state["launch.address"] = st.query_params.get("from")


def _asked_for(names: dict[str, str]) -> str:
    """What the address asks for, where there is such a thing."""
    wanted = st.query_params.get("from", FIRST)
    _add(names, wanted)
    if wanted not in names:
        st.session_state["launch.unknown"] = wanted
    return wanted if wanted in names else FIRST


def _add(names: dict[str, str], wanted: str) -> None:
    """Put an earlier run among the names, be it older than those listed or deleted meanwhile."""
    if wanted.startswith("run:") and wanted not in names:
        with suppress(StoreError):
            names[wanted] = _copy(service.current().store.get_run(wanted[4:]))


def _copy(run: RunRecord) -> str:
    return f"Copy of {text.clean(run.name, 60)} · {run.run_id[:6]}"


def fill() -> None:
    """Write the chosen preset or run into the form."""
    chosen = st.session_state["launch.from"]
    config = service.current().store.get_run(chosen[4:]).config if chosen.startswith("run:") else PRESETS[chosen].config
    load(config)
    if chosen not in PRESETS:
        st.session_state["run.name"] = ""
    st.session_state["launch.seeds"] = str(config.get("seed", 1))


def other_task() -> None:
    """Another task: its first preset for the chosen algorithm, or PPO's where there is none."""
    subject, kind = SUBJECTS[st.session_state["task.kind"]], st.session_state["algorithm.kind"]
    load(_preset(subject, kind if f"{subject}-{kind}" in PRESETS else "ppo"))


def other_algorithm() -> None:
    """Another algorithm: its settings as the presets of this task have them; the task stays as it is."""
    kind = st.session_state["algorithm.kind"]
    chosen, task = st.session_state["launch.from"], st.session_state["task.kind"]
    still = chosen in PRESETS and PRESETS[chosen].config["task"]["kind"] == task
    subject = _subject(chosen) if still else SUBJECTS[task]
    load(_preset(subject, kind), ("algorithm", "policy") if ALGORITHMS[kind].tabular else ("algorithm",))


def _subject(preset: str) -> str:
    """The first part of a preset's name <task>-<algorithm>; either may have a dash of its own."""
    return preset.removesuffix(f"-{PRESETS[preset].config['algorithm']['kind']}")


def _preset(subject: str, algorithm: str) -> dict[str, Any]:
    name = f"{subject}-{algorithm}"
    if name in PRESETS:
        return PRESETS[name].config
    policy = {"hidden_sizes": []} if ALGORITHMS[algorithm].tabular else {}
    return {"algorithm": {"kind": algorithm}, "policy": policy}


def choose_kinds() -> None:
    """Task and algorithm, on which all other fields depend."""
    root = config_schema()
    keep: dict[str, Any] = {"required": True, "width": "stretch", "persist_state": "session"}
    left, right = st.columns([2, 3], gap="medium")
    tasks = list(variants("task", root))
    left.segmented_control("Task", tasks, format_func=theme.TASKS.get, key="task.kind", on_change=other_task, **keep)
    known = variants("algorithm", root)
    names, chosen = theme.ALGORITHM_NAMES, st.session_state["algorithm.kind"]
    tables = st.session_state["task.kind"] == "gridworld"  # elsewhere only where the start has it, as on FrozenLake
    algorithms = [kind for kind in names if kind in known and (tables or kind == chosen or kind in theme.ALGORITHMS)]
    right.segmented_control(
        "Algorithm", algorithms, format_func=names.get, key="algorithm.kind", on_change=other_algorithm, **keep
    )


def form(problems: list[str], seed_problems: list[str]) -> None:
    """All settings: those that matter, then the folded rest."""
    st.subheader("Run", anchor=False)
    section_fields("run", problems, expert=False)
    meaning = f"One run for each, as 1 or 1, 2, 3 or 1-5; up to {MAX_SEEDS}. Several make a group with a band."
    st.text_input("Seeds", key="launch.seeds", help=meaning, max_chars=200, persist_state="session")
    for sentence in seed_problems:
        text.problem(in_words(sentence), "seeds")
    for section, title in (("task", "Task"), ("algorithm", "Algorithm")):
        st.subheader(title, anchor=False)
        section_fields(section, problems, expert=False)
    with st.expander("Network and tests", key="launch.network"):
        section_fields("policy", problems, expert=False)
        section_fields("evaluation", problems, expert=False)
    with st.expander("Expert settings", key="launch.expert"):
        for section in ("task", "algorithm", "policy", "evaluation", "run"):
            section_fields(section, problems, expert=True)


def summary(config: RunConfig | None, seeds: list[int], problems: list[str]) -> None:
    """What will happen, and Start."""
    st.subheader("What will happen", anchor=False)
    clicked = st.button("Start", type="primary", width="stretch", key="launch.start")
    if config is None or problems:
        count = len(problems)
        st.markdown(f":red[{count} setting{'s need' if count > 1 else ' needs'} another value before this can start.]")
        for place, sentence in enumerate(problems):
            text.problem(in_words(sentence), f"summary-{place}")
        return
    expected = estimate(config, len(seeds), service.current().store)
    unit = "molecules" if config.task.kind == "molecules" else "steps"
    runs = "One run" if len(seeds) == 1 else f"{len(seeds)} runs"
    st.markdown(f"{runs} of {config.budget:,} {unit}{'' if len(seeds) == 1 else ' each'}.")
    seen = "as runs like it took here" if expected.seen else "on an ordinary machine"
    st.markdown(f"About **{duration(expected.seconds)}** at most, {seen}.")
    st.markdown(f"About **{size(expected.bytes)}** of disk.")
    if clicked and expected.is_heavy:
        st.session_state["launch.confirm"] = config.to_json()
    confirmed = st.session_state.get("launch.confirm") == config.to_json() and confirm(expected)
    if confirmed or (clicked and not expected.is_heavy):
        begin(config, seeds)


def confirm(expected: Estimate) -> bool:
    """Ask before something that takes hours or gigabytes; True once it was said."""
    st.warning(f"This may take {duration(expected.seconds)} and {size(expected.bytes)}. You can stop it at any time.")
    return st.button("Start anyway", width="stretch", key="launch.anyway")


def begin(config: RunConfig, seeds: list[int]) -> None:
    """Queue the runs and show them: one on its own page, a group side by side."""
    engine = service.current()

    def start() -> list[str]:
        if len(seeds) == 1:
            return [engine.submit(config)]
        return engine.submit_group(config, seeds)

    try:
        run_ids = start_once(json.dumps([config.to_json(), seeds]), start)
    except (InvalidSettings, StoreError, service.Refused) as error:
        text.problem(str(error), "start")
        return
    st.session_state.pop("launch.confirm", None)
    if len(run_ids) == 1:
        st.switch_page("run.py", query_params={"run": run_ids[0]})
    group = engine.store.get_run(run_ids[0]).group_id
    st.switch_page("compare.py", query_params={"compare": group or ",".join(run_ids)})


theme.title("Launch", "Take a good start, change what you like, and see what it will cost before it begins.")
choose_start()
if unknown := st.session_state.pop("launch.unknown", None):
    text.problem(
        f"There is no preset or run called {text.clean(unknown, 60)!r}; this is the first preset instead", "unknown"
    )
choose_kinds()
try:
    seeds, seed_problems = read_seeds(st.session_state["launch.seeds"]), []
except InvalidSettings as error:
    seeds, seed_problems = [], error.problems
config, problems = checked(typed_config(seeds[0] if seeds else 1))
left, right = st.columns([2, 1], gap="large")
with left:
    form(problems, seed_problems)
with right, st.container(border=True, key="summary"):
    summary(config, seeds, problems + seed_problems)
