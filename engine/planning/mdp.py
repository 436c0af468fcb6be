"""TabularMDP: a finite Markov decision process as arrays, and the one-step backup everything else is made of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROUNDINGS = 16  # in one backup, generously


@dataclass(frozen=True)
class TabularMDP:
    """S states, A actions, K possible outcomes of each (state, action).

    next_states    [S, A, K] int64
    probabilities  [S, A, K] float64, summing to 1 over K
    rewards        [S, A, K] float64, paid on the way to that outcome
    terminal       [S] bool, entering one ends the episode; its value is 0 and its rows above are not read
    start          [S] float64, where an episode begins
    discount       gamma in [0, 1], for everything without a horizon
    """

    next_states: Ints
    probabilities: Floats
    rewards: Floats
    terminal: Bools
    start: Floats
    discount: float

    @property
    def n_states(self) -> int:
        return self.next_states.shape[0]

    @property
    def n_actions(self) -> int:
        return self.next_states.shape[1]


def expected_rewards(mdp: TabularMDP) -> Floats:
    """r(s, a) = sum_s' p(s' | s, a) r(s, a, s'), [S, A]; 0 in terminal states."""
    return np.where(mdp.terminal[:, None], 0.0, evened_out(mdp.probabilities * mdp.rewards))


def evened_out(amounts: Floats) -> Floats:
    """Sums over the last axis, exactly 0 where only rounding keeps them from it: what evens out, as 1/3 - 2/3 + 1/3."""
    sums = amounts.sum(-1)
    return np.where(np.abs(sums) > ROUNDINGS * np.finfo(float).eps * np.abs(amounts).sum(-1), sums, 0.0)


def backup(mdp: TabularMDP, rewards: Floats, values: Floats, discount: float) -> Floats:
    """Q(s, a) = r(s, a) + gamma sum_s' p(s' | s, a) V(s'), [S, A], from `rewards` [S, A] and `values` [S].

    Sutton & Barto (2018), equation 4.6. `values` must be 0 in terminal states.
    """
    q = mdp.probabilities[..., 0] * values[mdp.next_states[..., 0]]
    for k in range(1, mdp.next_states.shape[-1]):
        q += mdp.probabilities[..., k] * values[mdp.next_states[..., k]]
    q *= discount
    q += rewards
    q[mdp.terminal] = 0.0
    return q


def start_value(mdp: TabularMDP, values: Floats) -> float:
    """sum_s d_0(s) V(s) over where episodes begin; what `values` [S] are elsewhere, NaN included, counts nowhere."""
    begins = mdp.start > 0
    return float(mdp.start[begins] @ values[begins])


def uniform_policy(mdp: TabularMDP) -> Floats:
    """Every action as likely in every state, [S, A]."""
    return np.full((mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions)
