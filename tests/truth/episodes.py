"""Random records of episodes in NEXT_STEP layout, and the same without the rows that never happened, for peers."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine import policies
from engine.policies import PolicySettings
from engine.policies.distributions import Categorical, Gaussian, MultiCategorical
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout

INPUTS = 3
DISTRIBUTIONS = [Categorical(3), MultiCategorical((2, 3)), Gaussian(2)]


@dataclass(frozen=True)
class Ends:
    """When episodes end: terminated, truncated (sometimes both at once) and mask [T, N], numpy bool."""

    terminated: np.ndarray
    truncated: np.ndarray
    mask: np.ndarray


def ends(steps: int, envs: int, rng: np.random.Generator, chance: float = 0.15) -> Ends:
    """Each step ends its episode with `chance` one way and with `chance` the other; the row after an end is invalid."""
    terminated, truncated = rng.random((2, steps, envs)) < chance
    mask = np.ones((steps, envs), bool)
    for t in range(1, steps):
        mask[t] = ~(mask[t - 1] & (terminated[t - 1] | truncated[t - 1]))
    return Ends(terminated & mask, truncated & mask, mask)


def policy(distribution: Any, seed: int = 0, sizes: tuple[int, ...] = (16,)) -> Any:
    """A perceptron that is neither even nor decided (its head starts a hundred times smaller otherwise)."""
    made = policies.build(
        EnvSpec((INPUTS,), distribution), PolicySettings(hidden_sizes=sizes), torch.Generator().manual_seed(seed)
    )
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return made


def rollout(actor: Any, steps: int = 24, envs: int = 4, seed: int = 0) -> Rollout:
    """What such a policy might have met: random observations and rewards, invalid rows full of other random numbers."""
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    observations = torch.randn(steps + 1, envs, INPUTS, generator=generator)
    with torch.no_grad():
        actions = actor.distribution.sample(actor.params(observations[:steps]), generator)
    found = {name: torch.from_numpy(array) for name, array in vars(ends(steps, envs, rng)).items()}
    return Rollout(observations, actions, torch.randn(steps, envs, generator=generator), **found)


@dataclass(frozen=True)
class Steps:
    """The M rows that happened, column after column, each with what followed it; `done` also where a column stops.

    row, column [M] say where they stand in the record.
    """

    row: Tensor
    column: Tensor
    rewards: Tensor
    values: Tensor
    following: Tensor
    terminated: Tensor
    done: Tensor


def happened(rewards: Tensor, values: Tensor, terminated: Tensor, truncated: Tensor, mask: Tensor) -> Steps:
    """Only the valid rows of a record [T, N] with values [T+1, N], in the order in which each env lived them."""
    column, row = mask.T.nonzero(as_tuple=True)
    last_of_column = torch.cat([column[1:] != column[:-1], torch.tensor([True])])
    done = (terminated | truncated)[row, column] | last_of_column
    parts = (rewards[row, column], values[row, column], values[row + 1, column], terminated[row, column])
    return Steps(row, column, *parts, done)


def numbers(steps: Steps) -> dict[str, np.ndarray]:
    return {field.name: getattr(steps, field.name).numpy() for field in fields(steps)}
