"""Moving: where many copies of a map go next, as a few look-ups in tables of numpy arrays or torch tensors."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from engine.planning.mdp import TabularMDP

Array = Any  # a numpy array, or a torch tensor on any device


@dataclass(frozen=True)
class Moving:
    """A TabularMDP with [S, A, K] flattened to rows of K outcomes per (state, action).

    next_states, rewards  [S * A * K]
    sums                  [K - 1, S * A], the chance of the first, of one of the first two... outcomes of a row
    totals                [S * A], the chance of all of them, which is 1 but for rounding
    starts                [S], the chance that an episode begins in this state or an earlier one
    terminal              [S] bool
    """

    next_states: Array
    rewards: Array
    sums: Array
    totals: Array
    starts: Array
    terminal: Array
    n_actions: int
    n_outcomes: int

    @classmethod
    def of(cls, mdp: TabularMDP) -> "Moving":
        n_outcomes = mdp.next_states.shape[-1]
        sums = mdp.probabilities.cumsum(-1).reshape(-1, n_outcomes)
        return cls(
            next_states=np.ascontiguousarray(mdp.next_states).reshape(-1),
            rewards=np.ascontiguousarray(mdp.rewards).reshape(-1),
            sums=np.ascontiguousarray(sums[:, :-1].T),
            totals=sums[:, -1].copy(),
            starts=mdp.start.cumsum(),
            terminal=mdp.terminal,
            n_actions=mdp.n_actions,
            n_outcomes=n_outcomes,
        )

    def on(self, device: torch.device) -> "Moving":
        """The same tables as tensors on `device`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        tables = {name: torch.tensor(value, device=device) for name, value in values.items() if np.ndim(value)}
        return Moving(**{**values, **tables})

    def start(self, draws: Array) -> Array:
        """The states [n] in which episodes begin, from uniform numbers in [0, 1) [n]."""
        xp = torch if isinstance(draws, torch.Tensor) else np
        return xp.searchsorted(self.starts, draws * self.starts[-1], side="right")

    def step(self, states: Array, actions: Array, draws: Array) -> tuple[Array, Array, Array]:
        """The next states, rewards and terminated [n], from uniform numbers in [0, 1) [n] that settle slips and gusts.

        As searchsorted(side="right") in GridWorldEnv: how many partial sums are at most the draw.
        """
        rows = states * self.n_actions + actions
        outcomes = rows * self.n_outcomes
        if self.n_outcomes > 1:
            outcomes = outcomes + (self.sums[:, rows] <= draws * self.totals[rows]).sum(0)
        after = self.next_states[outcomes]
        return after, self.rewards[outcomes], self.terminal[after]
