"""PRESETS: settings that are known to solve a task, under the name <task>-<algorithm>."""

import copy
import difflib
from dataclasses import dataclass
from typing import Any

from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.settings import InvalidSettings, shown
from engine.tasks import TASKS


@dataclass(frozen=True)
class Preset:
    """A run somebody can start at once. takes: how long on one core of an ordinary machine, measured."""

    title: str
    sentence: str
    takes: str
    config: dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A task as presets share it: what it is in plain words, and its settings."""

    title: str
    sentence: str
    task: dict[str, Any]


SUBJECTS = {
    "gridworld": Subject(
        "Find the way home",
        "The agent learns from every cell of a small grid which way the nearest corner is.",
        {"kind": "gridworld", "map": "small-4x4", "n_envs": 64},
    ),
    "cliff": Subject(
        "Walk past the cliff",
        "The shortest way runs along an edge; whoever falls starts again and pays 100.",
        {"kind": "gridworld", "map": "cliff", "n_envs": 64},
    ),
}

TABULAR: dict[str, Any] = {"hidden_sizes": []}


def _config(subject: str, budget: int, algorithm: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"budget": budget, "task": SUBJECTS[subject].task, "algorithm": algorithm, **sections}


_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "gridworld-pg": (
        "2 s",
        _config(
            "gridworld",
            200_000,
            {"kind": "pg", "batch_size": 2048, "learning_rate": 0.1, "discount": 1.0, "baseline": "value"},
            policy=TABULAR,
        ),
    ),
    "gridworld-trpo": (
        "2 s",
        _config("gridworld", 200_000, {"kind": "trpo", "batch_size": 2048, "discount": 1.0}, policy=TABULAR),
    ),
    "gridworld-ppo": (
        "2 s",
        _config(
            "gridworld",
            200_000,
            {"kind": "ppo", "batch_size": 2048, "minibatch_size": 512, "learning_rate": 0.05, "discount": 1.0},
            policy=TABULAR,
        ),
    ),
}


def _preset(name: str, takes: str, config: dict[str, Any]) -> Preset:
    subject, algorithm = name.rsplit("-", 1)
    about = SUBJECTS[subject]
    return Preset(f"{about.title} ({ALGORITHMS[algorithm].label})", about.sentence, takes, config)


PRESETS = {name: _preset(name, takes, config) for name, (takes, config) in _CONFIGS.items()}


def preset_config(name: str) -> dict[str, Any]:
    """The settings of a preset, as an object to change at will. Raises InvalidSettings naming the nearest preset."""
    if name not in PRESETS:
        near = difflib.get_close_matches(str(name)[:60], PRESETS, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(PRESETS)}"
        raise InvalidSettings([f"preset is {shown(name)}; {advice}"])
    return copy.deepcopy(PRESETS[name].config)


def run_name(config: RunConfig) -> str:
    """What a run is called that nobody named: its task's title where a preset has it, and its algorithm."""
    tree = config.model_dump(mode="json")
    task, label = tree["task"], ALGORITHMS[tree["algorithm"]["kind"]].label
    for subject in SUBJECTS.values():
        which = {key: value for key, value in subject.task.items() if key in ("kind", "env_id", "map", "objective")}
        if which.items() <= task.items():
            return f"{subject.title} ({label})"
    return f"{task.get('env_id') or TASKS[task['kind']].label} ({label})"
