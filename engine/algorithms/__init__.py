"""The algorithms by name: settings and update of each. One line registers one."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from engine import policies
from engine.algorithms.expected_sarsa import ExpectedSARSA, ExpectedSARSASettings
from engine.algorithms.monte_carlo import MonteCarlo, MonteCarloSettings
from engine.algorithms.pg import PG, PGSettings
from engine.algorithms.ppo import PPO, PPOSettings
from engine.algorithms.q_learning import QLearning, QLearningSettings
from engine.algorithms.sarsa import SARSA, SARSASettings
from engine.algorithms.tabular import TabularSettings
from engine.algorithms.trpo import TRPO, TRPOSettings
from engine.policies import Policy, PolicySettings
from engine.policies.spec import EnvSpec, TokenSpec
from engine.policies.table import TablePolicy
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

    @property
    def tabular(self) -> bool:
        """Whether it learns a table of action values, for which observations and actions must be countable."""
        return issubclass(self.settings, TabularSettings)


ALGORITHMS: dict[str, Registered] = {
    "pg": Registered("Policy gradient", PGSettings, PG),
    "trpo": Registered("TRPO", TRPOSettings, TRPO),
    "ppo": Registered("PPO", PPOSettings, PPO),
    "q-learning": Registered("Q-learning", QLearningSettings, QLearning),
    "sarsa": Registered("SARSA", SARSASettings, SARSA),
    "expected-sarsa": Registered("Expected SARSA", ExpectedSARSASettings, ExpectedSARSA),
    "monte-carlo": Registered("Monte Carlo", MonteCarloSettings, MonteCarlo),
}


def policy(kind: str, spec: EnvSpec | TokenSpec, settings: PolicySettings, generator: torch.Generator) -> Policy:
    """What the algorithm of that name trains: a table of action values, or a network with its first weights."""
    return TablePolicy(spec) if ALGORITHMS[kind].tabular else policies.build(spec, settings, generator)


def prepare(policy: Policy, settings: Any, progress: float) -> None:
    """Set how much is tried at random in the next rollout, where the settings have a schedule for it."""
    if isinstance(settings, TabularSettings) and isinstance(policy, TablePolicy):
        policy.explore(settings.epsilon_at(progress))


def build(kind: str, policy: Policy, reference: Policy | None) -> Algorithm:
    """The algorithm of that name, ready to update `policy`."""
    return ALGORITHMS[kind].build(policy, reference)
