"""SAME_STEP autoreset in the layout of NEXT_STEP: after an episode's end, a row that only holds what it led to."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.rollout import Rollout


@dataclass(frozen=True)
class Finals:
    """The true final observations [K, *obs] of the envs [K] int64 whose episodes ended at `row`."""

    row: int
    envs: Tensor
    observations: Tensor


def with_finals(observations: Any, final_observations: Any, ended: np.ndarray) -> np.ndarray:
    """The env's batch of observations, the reset ones replaced by the final ones its infos hold for `ended` [N]."""
    batch = np.array(observations)
    for env in np.flatnonzero(ended):
        batch[env] = final_observations[env]
    return batch


def spread(rollout: Rollout, finals: list[Finals]) -> Rollout:
    """Insert an invalid row after every end, so that observations[t + 1] is what a step at t led to, as all read it.

    `rollout` has no such rows yet: where an episode ended at t, observations[t + 1] is already the next one's first.
    Columns with fewer ends are filled up with invalid rows below.
    """
    done = rollout.done.int()
    steps, n = done.shape
    row = torch.arange(steps, device=done.device)[:, None] + done.cumsum(0) - done
    column = torch.arange(n, device=done.device).expand(steps, n)
    length = int(row[-1].max()) + 1

    def laid_out(x: Tensor, rows: int) -> Tensor:
        made = x.new_zeros(rows, *x.shape[1:])
        made[row, column] = x[:steps]
        return made

    observations = laid_out(rollout.observations, length + 1)
    observations[row[-1] + 1, column[0]] = rollout.observations[steps]
    for final in finals:
        ended = done[final.row, final.envs].bool()
        envs = final.envs[ended]
        observations[row[final.row, envs] + 1, envs] = final.observations[ended]
    return replace(
        rollout,
        observations=observations,
        actions=laid_out(rollout.actions, length),
        rewards=laid_out(rollout.rewards, length),
        terminated=laid_out(rollout.terminated, length),
        truncated=laid_out(rollout.truncated, length),
        mask=laid_out(rollout.mask, length),
    )
