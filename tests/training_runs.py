"""What the tests of the engine share: small configs, waiting with a limit, comparing runs bit for bit."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from engine.config import RunConfig
from engine.service import Engine
from engine.store import MetricTable, RunRecord

TIMED = ("time_", "wall_s", "steps_per_second")


def gridworld(budget: int = 1_000_000, **changes: Any) -> RunConfig:
    """A run on the 4x4 grid that takes a few milliseconds per iteration, and ends only when its budget is spent."""
    config: dict[str, Any] = {
        "budget": budget,
        "task": {"kind": "gridworld", "map": "small-4x4", "n_envs": 8},
        "algorithm": {"kind": "ppo", "batch_size": 64, "minibatch_size": 64, "epochs": 1, "learning_rate": 0.01},
        "policy": {"hidden_sizes": []},
        "evaluation": {"every": 1_000_000, "final_episodes": 2, "stop_when_solved": False},
    }
    return RunConfig.from_object(config | changes)


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for a true answer and return it; fails the test when it does not come."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.01)
    return answer


def iteration(engine: Engine, run_id: str, at_least: int) -> RunRecord:
    """Wait until the run has reached an iteration, and return its record."""
    return until(lambda: (found := engine.store.get_run(run_id)).iteration >= at_least and found)


def state(engine: Engine, run_id: str) -> str:
    return engine.store.get_run(run_id).state


def untimed(table: MetricTable) -> dict[str, np.ndarray]:
    """The metric columns that a repeated run must repeat: all but those a clock is behind."""
    return {name: table.values[:, column] for column, name in enumerate(table.names) if not name.startswith(TIMED)}


def assert_same_rows(one: MetricTable, other: MetricTable) -> None:
    """Equal in every step and every bit of every untimed metric; NaN equals NaN."""
    np.testing.assert_array_equal(one.steps, other.steps)
    first, second = untimed(one), untimed(other)
    assert sorted(first) == sorted(second)
    for name, column in first.items():
        assert column.tobytes() == second[name].tobytes(), f"{name} differs"


def assert_same_state(one: Any, other: Any, name: str = "state") -> None:
    """Two checkpoints equal in every tensor, number and text; seconds spent may differ."""
    assert type(one) is type(other), name
    if isinstance(one, dict):
        assert sorted(map(str, one)) == sorted(map(str, other)), name
        for key in one:
            if key not in ("wall_s", "cpu_s"):
                assert_same_state(one[key], other[key], f"{name}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), name
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same_state(*pair, f"{name}.{index}")
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), f"{name} differs"
    else:
        assert one == other, f"{name}: {one!r} is not {other!r}"
