"""Exact returns under a time limit: backward induction, one sweep for each move that is left.

Puterman (1994), section 4.5. Returns are undiscounted unless `discount` says otherwise, because that is what an
episode reports. A cut-off ends the sum: nothing is bootstrapped beyond the limit.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from engine.planning.mdp import Floats, TabularMDP, backup, expected_rewards


def policy_return(mdp: TabularMDP, policy: Floats, horizon: int, discount: float = 1.0) -> Floats:
    """[S]: expected return of a stationary `policy` [S, A] over the next `horizon` moves."""
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    for _ in range(horizon):
        values = (policy * backup(mdp, rewards, values, discount)).sum(-1)
    return values


def optimal_return(mdp: TabularMDP, horizon: int, discount: float = 1.0) -> tuple[Floats, npt.NDArray[np.int8]]:
    """([S] the best expected return over `horizon` moves, [horizon, S] an optimal action at each time).

    The best policy may depend on how many moves are left; row 0 is for the first move.
    """
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    actions = np.zeros((horizon, mdp.n_states), dtype=np.int8)
    for time in reversed(range(horizon)):
        q = backup(mdp, rewards, values, discount)
        actions[time] = q.argmax(-1)
        values = q.max(-1)
    return values, actions


def return_spread(mdp: TabularMDP, policies: Iterable[Floats]) -> float:
    """Standard deviation of the undiscounted return from mdp.start, of one policy [S, A] per move, the last move first.

    E[G^2] = E[r^2] + 2 E[r G'] + E[G'^2] by the same backward induction (Sobel, 1982).
    """
    mean, square = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    for policy in policies:
        chances = policy[:, :, None] * mdp.probabilities * ~mdp.terminal[:, None, None]
        later = mean[mdp.next_states]
        square = (chances * (mdp.rewards**2 + 2 * mdp.rewards * later + square[mdp.next_states])).sum((1, 2))
        mean = (chances * (mdp.rewards + later)).sum((1, 2))
    return math.sqrt(max(0.0, float(mdp.start @ square - (mdp.start @ mean) ** 2)))
