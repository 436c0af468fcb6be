"""The algorithms by name: settings and update of each. One line registers one."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from engine.algorithms.pg import PG, PGSettings
from engine.algorithms.ppo import PPO, PPOSettings
from engine.algorithms.trpo import TRPO, TRPOSettings
from engine.policies import Policy
from engine.rollout import Rollout
from engine.settings import Settings


class Algorithm(Protocol):
    """What the training loop asks of an algorithm. `whole_episodes`: it learns from finished episodes only."""

    whole_episodes: bool

    def update(
        self, settings: Any, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]: ...
    def state_dict(self) -> dict: ...
    def load_state_dict(self, state: dict) -> None: ...


@dataclass(frozen=True)
class Registered:
    """An algorithm as screens and commands name it."""

    label: str
    settings: type[Settings]
    build: Any


ALGORITHMS: dict[str, Registered] = {
    "pg": Registered("Policy gradient", PGSettings, PG),
    "trpo": Registered("TRPO", TRPOSettings, TRPO),
    "ppo": Registered("PPO", PPOSettings, PPO),
}


def build(kind: str, policy: Policy, reference: Policy | None) -> Algorithm:
    """The algorithm of that name, ready to update `policy`."""
    return ALGORITHMS[kind].build(policy, reference)
