"""Batch: the part of a rollout that an update reads, with what the collecting policy thought of it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.layers import Floats
from engine.policies import Policy
from engine.rollout import Rollout


class Arrays(NamedTuple):
    """observations [M, n], actions [M, A], log_probs [M], advantages [M] and returns [M] of a batch."""

    observations: Floats
    actions: np.ndarray
    log_probs: Floats
    advantages: Floats
    returns: Floats


@dataclass(frozen=True)
class Batch:
    """M steps side by side (feedforward policies), or [T, N] columns kept whole (recurrent ones).

    observations      [M, *obs] float32, or [T, N] int64 tokens
    actions           [M] or [M, A], or [T, N]
    params            [M, K] or [T, N, K], the collecting policy's distribution parameters
    log_probs, values, advantages, returns   [M] or [T, N]
    mask              [M] or [T, N] bool; all true for feedforward policies, whose invalid rows are left out
    reference_params  as params, of the reference policy; None where there is none
    """

    observations: Tensor
    actions: Tensor
    params: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    mask: Tensor
    reference_params: Tensor | None = None

    @property
    def size(self) -> int:
        """Steps, or columns where sequences stay whole."""
        return self.mask.shape[-1]

    @property
    def count(self) -> Tensor | int:
        """Valid entries: all of a feedforward policy's."""
        return self.size if self.mask.ndim == 1 else self.mask.sum().float()

    @cached_property
    def arrays(self) -> Arrays:
        """What the compiled losses read, of rows side by side on the CPU."""
        wide = (row.reshape(self.size, -1) for row in (self.observations, self.actions))
        return Arrays(*(row.detach().numpy() for row in (*wide, self.log_probs, self.advantages, self.returns)))

    def columns(self, chosen: Tensor | None) -> "Batch":
        """The columns where `chosen` [N] is true; None: the batch as it is."""
        if chosen is None:
            return self
        return Batch(**{name: row[:, chosen] for name, row in self._rows().items()})

    def share(self, fraction: float, generator: torch.Generator) -> "Batch":
        """So much of it, 0 < fraction <= 1, at random and at least one entry."""
        if fraction == 1.0:
            return self
        return Batch(**self._chosen(self._shuffled(generator)[: max(1, round(fraction * self.size))]))

    @torch.no_grad()
    def beside(self, reference: Policy | None, known: Tensor | None = None) -> "Batch":
        """The same with the reference policy's parameters, where there is one; `known` where they are already."""
        if reference is None:
            return self
        return replace(self, reference_params=reference.params(self.observations) if known is None else known)

    def minibatches(self, size: int, generator: torch.Generator) -> Iterator["Batch"]:
        """Parts of about `size` (equal up to one) in random order, each entry in one; itself where one is all."""
        dim, parts = self.mask.ndim - 1, max(1, round(self.size / size))
        if parts == 1:
            yield self
            return
        rows = self._chosen(self._shuffled(generator))
        pieces = {name: row.tensor_split(parts, dim) for name, row in rows.items()}
        for index in range(parts):
            yield Batch(**{name: piece[index] for name, piece in pieces.items()})

    def _rows(self) -> dict[str, Tensor]:
        rows = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: row for name, row in rows.items() if row is not None}

    def _shuffled(self, generator: torch.Generator) -> Tensor:
        return torch.randperm(self.size, generator=generator, device=generator.device).to(self.mask.device)

    def _chosen(self, entries: Tensor) -> dict[str, Tensor]:
        dim = self.mask.ndim - 1
        return {name: row.index_select(dim, entries) for name, row in self._rows().items()}


@dataclass(frozen=True)
class Judged:
    """A rollout's rows as the collecting policy judges them: params [T, N, K], log_probs [T, N], values [T+1, N]."""

    rollout: Rollout
    params: Tensor
    log_probs: Tensor
    values: Tensor

    def batch(self, policy: Policy, advantages: Tensor, returns: Tensor, reference: Policy | None = None) -> Batch:
        """What an update reads, from advantages and value targets [T, N]."""
        steps = len(self.rollout.actions)
        observations, mask = self.rollout.observations[:steps], self.rollout.mask
        rows = {
            "observations": observations,
            "actions": self.rollout.actions,
            "params": self.params,
            "log_probs": self.log_probs,
            "values": self.values[:steps],
            "advantages": advantages,
            "returns": returns,
            "mask": mask,
        }
        if not policy.recurrent:
            valid = mask.flatten().nonzero()[:, 0]
            rows = {name: row.flatten(0, 1).index_select(0, valid) for name, row in rows.items()}
        return Batch(**rows).beside(reference)


@torch.no_grad()
def judge(policy: Policy, rollout: Rollout) -> Judged:
    """Distribution parameters, log-probabilities and values of all rows; one value row more than steps.

    In one pass: without gradients there is nothing to save on columns that are not learned from.
    """
    return judge_to_learn(policy, replace(rollout, learned=None), with_values=True)


def judge_to_learn(policy: Policy, rollout: Rollout, with_values: bool) -> Judged:
    """As `judge`, with parameters and log-probabilities through which a first gradient step can be taken.

    Without values, of which a critic that nobody fits has none to tell, they are 0.
    """
    rollout = _readable(rollout, tokens=policy.recurrent)
    steps = len(rollout.actions)
    params = _params(policy, _where(rollout.mask, rollout.observations[:steps]), rollout.learned)
    values = _values(policy, rollout) if with_values else params.new_zeros(steps + 1, rollout.mask.shape[1])
    return Judged(rollout, params, policy.distribution.log_prob(params, rollout.actions), values)


@torch.no_grad()
def _values(policy: Policy, rollout: Rollout) -> Tensor:
    """[T+1, N]; a token sequence has no row after its last: nothing follows, so the extra value row is 0."""
    values = policy.values(rollout.observations)
    missing = len(rollout.actions) + 1 - len(values)
    return torch.cat([values, values.new_zeros(missing, values.shape[1])]) if missing else values


def _params(policy: Policy, observations: Tensor, learned: Tensor | None) -> Tensor:
    """Of all columns; no gradient goes to those that are not learned from, which would cost two thirds of a pass."""
    if learned is None or learned.all():
        return policy.params(observations)
    with torch.no_grad():
        rest = policy.params(observations[:, ~learned])
    params = policy.params(observations[:, learned])
    columns = torch.cat([learned.nonzero(), (~learned).nonzero()])[:, 0]
    return torch.cat([params, rest], 1)[:, columns.argsort()]


def _readable(rollout: Rollout, tokens: bool) -> Rollout:
    """Choice 0 (and token 0) in invalid rows: a network looks up what stands there, even if it counts nowhere."""
    actions = _where(rollout.mask, rollout.actions)
    observations = _where(rollout.mask, rollout.observations) if tokens else rollout.observations
    return replace(rollout, actions=actions, observations=observations)


def _where(mask: Tensor, rows: Tensor) -> Tensor:
    """Rows [T, N, ...] where the mask [T, N] is true, else 0."""
    return torch.where(mask.reshape(*mask.shape, *[1] * (rows.ndim - 2)), rows, 0)
