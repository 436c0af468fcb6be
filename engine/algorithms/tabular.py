"""What algorithms on a table of action values share: epsilon and its schedule, the way through a rollout, metrics."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Self

import torch
from pydantic import model_validator
from torch import Tensor

from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import Settings, setting

Table = list[list[float]]  # Q(s, a) as rows of plain numbers: one entry at a time, they are faster than tensors

BATCH_SIZE: dict[str, Any] = {
    "label": "Batch size",
    "help": "Env steps between two changes of behaviour; textbooks change it after every step: 1, with one copy.",
    "ge": 1,
    "le": 10_000_000,
}
STEP_SIZE: dict[str, Any] = {
    "label": "Step size",
    "help": "Share of its error by which an entry of the table moves (alpha).",
    "gt": 0.0,
    "le": 1.0,
    "live": True,
}


class TabularSettings(Settings):
    """How much is tried at random; what learns a table has these settings, and is known by them."""

    epsilon: float = setting(
        0.1,
        ge=0.0,
        le=1.0,
        label="Epsilon",
        help="Share of moves made at random; where it falls, at first.",
        live=True,
    )
    epsilon_schedule: Literal["constant", "linear", "exponential"] = setting(
        "constant",
        label="Epsilon schedule",
        help="Constant, or falling to the floor: in a straight line, or by the same factor with every step.",
    )
    epsilon_floor: float = setting(
        0.01, ge=0.0, le=1.0, label="Epsilon floor", help="Where a falling epsilon stops.", live=True
    )
    epsilon_share: float = setting(
        0.5, gt=0.0, le=1.0, label="Epsilon falls over", help="Share of the budget after which the floor is reached."
    )

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.epsilon_schedule != "constant" and self.epsilon_floor > self.epsilon:
            raise ValueError(
                f"algorithm.epsilon_floor is {self.epsilon_floor}; a falling epsilon cannot stop above its start, "
                f"so it must be at most algorithm.epsilon, which is {self.epsilon}"
            )
        if self.epsilon_schedule == "exponential" and self.epsilon_floor == 0.0:
            raise ValueError(
                "algorithm.epsilon_floor is 0.0; no factor makes epsilon 0, so it must be above 0 where "
                "algorithm.epsilon_schedule is exponential"
            )
        return self

    def epsilon_at(self, progress: float) -> float:
        """Epsilon once `progress` (0 to 1) of the budget is spent.

        With x = min(1, progress / share): linear epsilon + (floor - epsilon) x, exponential
        epsilon (floor / epsilon)^x.
        """
        x = min(1.0, progress / self.epsilon_share)
        if self.epsilon_schedule == "linear":
            return self.epsilon + (self.epsilon_floor - self.epsilon) * x
        if self.epsilon_schedule == "exponential":
            return self.epsilon * (self.epsilon_floor / self.epsilon) ** x
        return self.epsilon


class Step(NamedTuple):
    """One transition of environment `env`, observations and action as numbers."""

    env: int
    state: int
    action: int
    reward: float
    next_state: int
    terminated: bool
    truncated: bool


class Walk:
    """Goes through one rollout after the other, counts visits and starts, and knows which episodes have ended."""

    def __init__(self) -> None:
        self.ended: list[bool] = []

    def steps(self, policy: TablePolicy, rollout: Rollout) -> Iterator[Step]:
        """Every transition that happened, in order of time; of those at the same time the first environment's first."""
        mask, n = rollout.mask.tolist(), rollout.mask.shape[1]
        visits, starts = policy.visits.numpy(), policy.starts.numpy()  # the same memory, quicker to count in
        self.ended = self.ended or [True] * n
        states, actions, rewards = rollout.observations.argmax(-1).tolist(), rollout.actions.tolist(), rollout.rewards
        columns = (rewards.tolist(), states[1:], rollout.terminated.tolist(), rollout.truncated.tolist())
        for t in range(len(mask)):
            for env in range(n):
                if not mask[t][env]:
                    continue
                step = Step(env, states[t][env], actions[t][env], *(column[t][env] for column in columns))
                visits[step.state, step.action] += 1
                starts[step.state] += self.ended[env]
                self.ended[env] = step.terminated or step.truncated
                yield step


def expected_value(row: list[float], epsilon: float) -> float:
    """sum_a pi(a | s) Q(s, a) of the epsilon-greedy policy; however ties are shared, they are worth the same."""
    return epsilon * sum(row) / len(row) + (1 - epsilon) * max(row)


@torch.no_grad()
def learned(policy: TablePolicy, q: Table, errors: list[float], rollout: Rollout) -> dict[str, Tensor | float]:
    """Put the table back into the policy; the update's metrics. `errors`: how far each target was from its entry."""
    policy.learn(torch.tensor(q, dtype=torch.float64))
    steps = len(rollout.actions)
    entropy = policy.distribution.entropy(policy.params(rollout.observations[:steps][rollout.mask]))
    row: dict[str, Tensor | float] = {
        "epsilon": policy.epsilon.clone(),
        "visited_share": (policy.visits > 0).double().mean(),
    }
    if errors:
        row["td_error"] = sum(map(abs, errors)) / len(errors)
    if len(entropy):
        row["entropy"] = entropy.mean()
    if policy.starts.any():
        best = policy.action_values.amax(-1)
        row["start_value"] = (best * policy.starts).sum() / policy.starts.sum()
    return row
