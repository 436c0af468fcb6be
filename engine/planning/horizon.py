"""Exact returns under a time limit: backward induction, one sweep for each move that is left.

Puterman (1994), section 4.5. Returns are undiscounted unless `discount` says otherwise, because that is what an
episode reports. A cut-off ends the sum: nothing is bootstrapped beyond the limit.
"""

import math

import numpy as np

from engine.planning.mdp import Floats, Ints, TabularMDP, backup, expected_rewards


def policy_return(mdp: TabularMDP, policy: Floats, horizon: int, discount: float = 1.0) -> Floats:
    """[S]: expected return of a stationary `policy` [S, A] over the next `horizon` moves."""
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    for _ in range(horizon):
        values = (policy * backup(mdp, rewards, values, discount)).sum(-1)
    return values


def optimal_return(mdp: TabularMDP, horizon: int, discount: float = 1.0) -> tuple[Floats, Ints]:
    """([S] the best expected return over `horizon` moves, [horizon, S] an optimal action at each time).

    The best policy may depend on how many moves are left; row 0 is for the first move.
    """
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    actions = np.zeros((horizon, mdp.n_states), dtype=np.int64)
    for time in reversed(range(horizon)):
        q = backup(mdp, rewards, values, discount)
        actions[time] = q.argmax(-1)
        values = q.max(-1)
    return values, actions


def return_spread(mdp: TabularMDP, actions: Ints) -> float:
    """Standard deviation of the undiscounted return, started from mdp.start, of `actions` [horizon, S] by time.

    E[G^2] = E[r^2] + 2 E[r G'] + E[G'^2] by the same backward induction (Sobel, 1982).
    """
    states = np.arange(mdp.n_states)
    mean, square = np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    for chosen in actions[::-1]:
        probabilities = mdp.probabilities[states, chosen]
        rewards, following = mdp.rewards[states, chosen], mdp.next_states[states, chosen]
        new_square = (probabilities * (rewards**2 + 2 * rewards * mean[following] + square[following])).sum(-1)
        new_mean = (probabilities * (rewards + mean[following])).sum(-1)
        mean, square = np.where(mdp.terminal, 0.0, new_mean), np.where(mdp.terminal, 0.0, new_square)
    return math.sqrt(max(0.0, float(mdp.start @ square - (mdp.start @ mean) ** 2)))
