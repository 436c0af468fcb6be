"""What the store gives back and what it refuses: frozen records and the errors, each with a sentence for people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

STATES = ("queued", "training", "paused", "finished", "stopped", "failed", "interrupted")
LIVE_STATES = ("queued", "training")  # a run in one of these belongs to a living process
ENDED_STATES = ("finished", "stopped", "failed", "interrupted")


class StoreError(Exception):
    """Something is wrong with the store; the message is a sentence for the person who opened it."""


class NoStore(StoreError):
    """There is no store at the place that was named, and none was to be made."""


class StoreInUse(StoreError):
    """Another engine holds the store; `pid` is its process id, None if it could not be read."""

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class StoreFull(StoreError):
    """The disk is full. Nothing written is harmed, and what was recorded waits in memory until space returns."""


class StoreBusy(StoreError):
    """Another process held the store for long. Nothing is harmed, and what was recorded waits in memory."""


class UnknownRun(StoreError):
    """No run has this id (or it was deleted)."""


class StaleAttempt(StoreError):
    """A write of an older attempt came after a newer attempt had begun; nothing of it was kept."""


@dataclass(frozen=True)
class RunRecord:
    """One run as it is now. Times are unix seconds; wall_s is training seconds over all attempts.

    best and last_return are in the task's own reward; NaN never appears here, None means not measured yet.
    """

    run_id: str
    group_id: str | None
    name: str
    config: dict[str, Any]
    task: str
    algorithm: str
    seed: int
    state: str
    attempt: int
    created_at: float
    started_at: float | None
    ended_at: float | None
    iteration: int
    env_steps: int
    budget: int | None
    wall_s: float
    best: float | None
    last_return: float | None
    message: str | None
    details: str | None
    tags: tuple[str, ...]
    notes: str
    result: dict[str, Any] | None
    checkpoint_step: int | None
    deleted_at: float | None


@dataclass(frozen=True)
class MetricTable:
    """Metric rows in the order of their steps.

    names: k metric names.  steps: [n] int64.  values: [n, k] float64, NaN where a metric was not measured.
    attempts: [n] int64, the attempt that wrote the row.  last_step: the largest step committed for the run
    (0 if none), whatever was asked for: pass it as the next `since`.
    thinned: True if rows stand for groups of steps (a group's smallest and largest values), False if they are rows as
    they were recorded.
    means: [n, k] float64 of thinned rows: the mean of each row's group. None where rows are as they were recorded.
    """

    names: list[str]
    steps: np.ndarray
    values: np.ndarray
    attempts: np.ndarray
    last_step: int
    thinned: bool = False
    means: np.ndarray | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a run at a step; event_id grows, and is the cursor of `events`."""

    event_id: int
    step: int
    kind: str
    at: float
    payload: dict[str, Any]


@dataclass(frozen=True)
class Artifact:
    """A picture, video or table that belongs to a run at a step. body is None in listings."""

    name: str
    step: int
    mime: str
    size: int
    created_at: float
    body: bytes | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint: the file, and the hash and size that it must have (see engine.checkpoint.load)."""

    step: int
    attempt: int
    path: Path
    sha256: str
    size: int
    is_best: bool
    created_at: float
