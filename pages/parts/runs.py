"""Runs as the screens and the routes show them: what a task is called in a list, and a list's rows."""

import dataclasses
from typing import Any

from engine.store import RunRecord

TASK_NAMES = {"gridworld": "Gridworld", "gym": "Gymnasium", "molecules": "Molecules"}


def task_name(task: dict[str, Any]) -> str:
    """What is learned, short enough for a column: CartPole-v1, cliff, QED."""
    kind = str(task.get("kind", ""))
    if kind == "gym":
        return str(task.get("env_id") or TASK_NAMES["gym"])
    if kind == "gridworld":
        text = str(task.get("map", ""))
        return "Own map" if "\n" in text else text or TASK_NAMES["gridworld"]
    return TASK_NAMES.get(kind, kind)


def row(record: RunRecord) -> dict[str, Any]:
    """A run for a list: the record without its config and the developer's details, and its task's name."""
    fields = dataclasses.asdict(record)
    config = fields.pop("config")
    del fields["details"]
    return {**fields, "task_name": task_name(config.get("task", {}))}
