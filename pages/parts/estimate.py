"""How long a run will take and how much it will keep: from runs like it on this machine, else from measured speeds."""

from dataclasses import dataclass
from typing import Any

from engine.config import RunConfig
from engine.store import Store
from pages.parts.runs import task_name

# Steps (molecules) per second on two cores of a 2023 server, for tasks that this store has not seen yet.
STEPS_PER_SECOND = {"gridworld": 60_000.0, "gym": 8_000.0, "molecules": 250.0}
BYTES_PER_ROW = 480  # one iteration's metrics, its share of the rollups and of the index
BYTES_PER_PARAMETER = 4 * 3 * 4  # float32, with Adam's two moments, in at most four kept checkpoints
LIKE_IT = 5
LONG_S = 3600.0
LARGE_BYTES = 1e9


@dataclass(frozen=True)
class Estimate:
    """seconds and bytes for all seeds together; seen: whether the speed comes from a run like it on this machine."""

    seconds: float
    bytes: float
    seen: bool

    @property
    def is_heavy(self) -> bool:
        """Whether somebody should be asked before so much is begun."""
        return self.seconds > LONG_S or self.bytes > LARGE_BYTES


def estimate(config: RunConfig, seeds: int, store: Store) -> Estimate:
    """For `seeds` runs of this config, one after the other."""
    speed = _seen_speed(config, store)
    per_second = speed or STEPS_PER_SECOND[config.task.kind]
    iterations = config.budget / config.algorithm.batch_size
    weights = BYTES_PER_PARAMETER * _parameters(config.policy.model_dump())
    return Estimate(
        seconds=seeds * config.budget / per_second,
        bytes=seeds * (iterations * BYTES_PER_ROW + weights + 50_000),
        seen=speed is not None,
    )


def _seen_speed(config: RunConfig, store: Store) -> float | None:
    """Steps per second of the latest runs of the same task and algorithm that trained for a while."""
    wanted = task_name(config.task.model_dump())
    records = store.runs(task=config.task.kind, algorithm=config.algorithm.kind, limit=50)
    like_it = [run for run in records if run.wall_s > 1 and task_name(run.config.get("task", {})) == wanted][:LIKE_IT]
    seconds = sum(run.wall_s for run in like_it)
    return sum(run.env_steps for run in like_it) / seconds if seconds and any(r.env_steps for r in like_it) else None


def _parameters(policy: dict[str, Any]) -> int:
    """About how many weights the actor and the critic have together."""
    sizes = [64, *policy.get("hidden_sizes", [])]
    return 2 * sum(inside * outside for inside, outside in zip(sizes, [*sizes[1:], 8], strict=True))


def duration(seconds: float) -> str:
    """Seconds as a person says them: a few seconds, 40 s, 12 min, 3 h, 4 days."""
    if seconds < 5:
        return "a few seconds"
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{_rounded(seconds / unit)} {name}"
    return f"{_rounded(seconds / 86_400)} days"


def size(count: float) -> str:
    """Bytes as a person says them."""
    for limit, unit, name in ((1e6, 1e3, "kB"), (1e9, 1e6, "MB"), (1e12, 1e9, "GB")):
        if count < limit:
            return f"{_rounded(count / unit)} {name}"
    return f"{_rounded(count / 1e12)} TB"


def _rounded(value: float) -> str:
    """Two figures: 1.4, 14, 140."""
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{float(f'{value:.2g}'):,.0f}"
