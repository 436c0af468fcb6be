"""PRESETS: settings that are known to solve a task, under the name <task>-<algorithm>."""

import copy
import difflib
from dataclasses import dataclass
from typing import Any

from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.presets import control, gridworlds, molecules, mujoco
from engine.presets.subjects import Recipe, Subject
from engine.settings import InvalidSettings, shown
from engine.tasks import TASKS


@dataclass(frozen=True)
class Preset:
    """A run somebody can start at once. takes: how long on one core of an ordinary machine, measured."""

    title: str
    sentence: str
    takes: str
    config: dict[str, Any]


SUBJECTS: dict[str, Subject] = gridworlds.SUBJECTS | control.SUBJECTS | mujoco.SUBJECTS | molecules.SUBJECTS


def _preset(subject: Subject, kind: str, recipe: Recipe) -> Preset:
    """The run that a recipe stands for."""
    config = {
        "budget": recipe.budget,
        "task": subject.task | recipe.task,
        "algorithm": {"kind": kind} | recipe.algorithm,
        "policy": subject.policy,
        "evaluation": {"stop_when_solved": subject.stop_when_solved, "deterministic": subject.deterministic},
    }
    return Preset(f"{subject.title} ({ALGORITHMS[kind].label})", subject.sentence, recipe.takes, config)


PRESETS: dict[str, Preset] = {
    f"{name}-{kind}": _preset(subject, kind, recipe)
    for name, subject in SUBJECTS.items()
    for kind, recipe in subject.algorithms.items()
}


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
    task, kind = tree["task"], tree["algorithm"]["kind"]
    label = ALGORITHMS[kind].label
    for subject in SUBJECTS.values():
        own = subject.algorithms[kind].task if kind in subject.algorithms else {}
        which = {
            key: value for key, value in (subject.task | own).items() if key in ("kind", "env_id", "map", "objective")
        }
        if which.items() <= task.items():
            return f"{subject.title} ({label})"
    return f"{task.get('env_id') or TASKS[task['kind']].label} ({label})"
