"""Where a run computes: the device it asks for, or the one that is fastest for it, found by trying."""

from collections.abc import Callable
from typing import Any, Protocol

import torch

from engine import devices
from engine.algorithms import ALGORITHMS
from engine.config import RunConfig


class Trial(Protocol):
    """What a run is tried by."""

    @property
    def task(self) -> Any: ...
    def iterate(self) -> dict[str, float]: ...


def device_for(config: RunConfig, begin: Callable[[torch.device], Trial]) -> torch.device:
    """The device asked for; auto: the one on which a few iterations of what `begin` makes are fastest.

    Runs that learn tables stay on the CPU. Raises InvalidSettings for a device that is not here.
    """

    def measure(device: torch.device) -> float:
        trial = begin(device)
        try:
            return devices.speed(lambda: trial.iterate()["steps_per_second"])
        finally:
            trial.task.close()

    kind = config.model_dump_json(include={"task", "algorithm", "policy"})
    return devices.choose(config.device, kind, measure, ["cpu"] if ALGORITHMS[config.algorithm.kind].tabular else None)


def kept(config: RunConfig, state: dict[str, Any]) -> torch.device | None:
    """Where the choice is ours, the device that a checkpoint was made on, so that going on is exact; if it is here."""
    made_on = state.get("device")
    return torch.device(made_on) if config.device == "auto" and made_on in devices.available() else None


def restore_random(generator: torch.Generator, state: dict[str, Any], seed: int) -> None:
    """Bring `generator` to a checkpoint's state; random numbers of another device begin anew, from `seed`."""
    if state.get("device", generator.device.type) == generator.device.type:
        generator.set_state(state["generator"].cpu())
    else:
        generator.manual_seed(seed)
