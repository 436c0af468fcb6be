"""The tasks by name: settings and builder of each. One line registers one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from engine.policies import Policy
from engine.policies.spec import EnvSpec, TokenSpec
from engine.rollout import Rollout
from engine.settings import Settings
from engine.tasks import gridworld, gym, molecules
from engine.tasks.evaluation import Evaluation


class Task(Protocol):
    """What the training loop asks of a task.

    spec             what its policy reads and emits
    solved_at        mean evaluation return from which the task counts as solved; None where there is no such number
    picture_seconds  how old a picture may get; None: a new one at tests only
    stuck            whether the policy is to start over, whereupon start_over tells the task that it did
    evaluate and picture use environments and random numbers of their own and leave training as it is.
    state_dict holds tensors and plain values only, and restores the task bit for bit.
    """

    @property
    def spec(self) -> EnvSpec | TokenSpec: ...
    @property
    def solved_at(self) -> float | None: ...
    @property
    def picture_seconds(self) -> float | None: ...
    @property
    def stuck(self) -> bool: ...
    def collect(self, policy: Policy, batch_size: int, generator: torch.Generator, whole_episodes: bool) -> Rollout: ...
    def evaluate(self, policy: Policy, episodes: int, seed: int, deterministic: bool) -> Evaluation: ...
    def picture(self, policy: Policy, seed: int) -> dict[str, Any]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Registered:
    """A task as screens and commands name it. build makes a Task; recurrent: its policy reads token sequences.

    countable(settings): whether observations and actions are single choices among a number of them, as a table needs.
    """

    label: str
    settings: type[Settings]
    build: Callable[[Any, int, torch.device], Any]
    recurrent: bool = False
    countable: Callable[[Any], bool] = lambda settings: False


TASKS: dict[str, Registered] = {
    "gridworld": Registered("Gridworld", gridworld.GridWorldSettings, gridworld.build, countable=lambda settings: True),
    "gym": Registered("Control", gym.GymSettings, gym.build, countable=gym.countable),
    "molecules": Registered("Molecules", molecules.MoleculeSettings, molecules.build, recurrent=True),
}
