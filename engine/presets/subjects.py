"""What a preset is made of: a subject (task and network) and a recipe for each algorithm that solves it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How an algorithm is set for a subject. takes: how long, measured; task: what the task has otherwise."""

    budget: int
    takes: str
    algorithm: dict[str, Any]
    task: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """A task in plain words, its settings and its network's, and a recipe for each algorithm that suits it.

    deterministic: whether the most likely action or sampled ones decide that it is solved.
    """

    title: str
    sentence: str
    task: dict[str, Any]
    policy: dict[str, Any]
    algorithms: dict[str, Recipe]
    stop_when_solved: bool = True
    deterministic: bool = True
