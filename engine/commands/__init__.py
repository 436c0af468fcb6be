"""The commands of `python -m engine` and what each does. A line registers one: the module of its name, with configure
and run. It is imported when its command is asked for, so that a list of maps need not wait for torch."""

import importlib
from types import ModuleType

COMMANDS = {
    "presets": "list the presets",
    "schema": "print the JSON Schema of the settings",
    "settings": "print every setting with its default and what is allowed, as Markdown",
    "train": "train a run, with a progress bar",
    "resume": "go on with a run that was paused, stopped, interrupted or failed",
    "runs": "list the runs of a store",
    "show": "print one run: state, figures, settings, events",
    "metrics": "print the metrics of a run",
    "evaluate": "play test episodes with what a run has learned",
    "export": "write metrics (CSV, TensorBoard) and policy (safetensors) into a folder",
    "prior": "make, sample or check the molecule generator's prior",
    "objectives": "list the goals that molecules can be scored by",
    "score": "score molecules by an objective",
    "predictor": "learn a number from a table of one's own, to use it as a goal",
    "maps": "list the gridworld maps",
    "map": "print a gridworld map as text",
    "plan": "solve a gridworld exactly",
}


def load(name: str) -> ModuleType:
    return importlib.import_module(f"engine.commands.{name}")
