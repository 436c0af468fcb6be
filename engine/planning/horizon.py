"""Exact returns under a time limit: backward induction, one sweep for each move that is left.

Puterman (1994), section 4.5. Returns are undiscounted unless `discount` says otherwise, because that is what an
episode reports. A cut-off ends the sum: nothing is bootstrapped beyond the limit.
"""

import math

import numpy as np
import numpy.typing as npt

from engine.planning.mdp import Floats, TabularMDP, backup, expected_rewards

ROUNDING = 1e-12


def policy_return(mdp: TabularMDP, policy: Floats, horizon: int, discount: float = 1.0) -> Floats:
    """[S]: expected return of a stationary `policy` [S, A] over the next `horizon` moves."""
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    for left in reversed(range(horizon)):
        new = (policy * backup(mdp, rewards, values, discount)).sum(-1)
        change, values = np.abs(new - values).max(), new
        if change * left < ROUNDING:
            break
    return values


def optimal_return(mdp: TabularMDP, horizon: int, discount: float = 1.0) -> tuple[Floats, npt.NDArray[np.int8]]:
    """([S] the best expected return over `horizon` moves, [horizon, S] an optimal action at each time).

    The best policy may depend on how many moves are left; row 0 is for the first move.
    """
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    actions = np.zeros((horizon, mdp.n_states), dtype=np.int8)
    for time in reversed(range(horizon)):
        q = backup(mdp, rewards, values, discount)
        new = q.max(-1)
        change, values = np.abs(new - values).max(), new
        actions[time] = q.argmax(-1)
        # No later sweep changes a value by more than this one did, so the rest together changes less than ROUNDING.
        if change * time < ROUNDING:
            actions[:time] = actions[time]
            break
    return values, actions


def return_spread(mdp: TabularMDP, policy: Floats, horizon: int) -> float:
    """Standard deviation of the return from mdp.start of a stationary `policy` [S, A] over `horizon` moves.

    E[G^2] = E[r^2] + 2 E[r G'] + E[G'^2] by the same backward induction (Sobel, 1982).
    """
    chances = policy[:, :, None] * mdp.probabilities * ~mdp.terminal[:, None, None]
    reward = (chances * mdp.rewards).sum((1, 2))
    squared_reward = (chances * mdp.rewards**2).sum((1, 2))
    paid = 2 * chances * mdp.rewards
    mean, square = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    for _ in range(horizon):
        later = mean[mdp.next_states]
        new = squared_reward + (paid * later + chances * square[mdp.next_states]).sum((1, 2))
        new_mean = reward + (chances * later).sum((1, 2))
        change = np.abs(new - square).max() + np.abs(new_mean - mean).max()
        mean, square = new_mean, new
        if change * horizon < ROUNDING:
            break
    return math.sqrt(max(0.0, float(mdp.start @ square - (mdp.start @ mean) ** 2)))
