"""Proven bounds on how far values are from the true ones, in the sup norm, with rounding errors counted in.

With a discount, |V - V*| <= max |T V - V| / (1 - gamma) (Puterman, 1994, proof of theorem 6.3.1). Without one that
proves nothing; there a function U with U >= T U is built beside V and checked entry by entry, and encloses the true
values (Bertsekas & Tsitsiklis, 1991, An analysis of stochastic shortest path problems).
"""

import numpy as np
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import splu

from engine.planning.evaluation import endless_states, transition_matrix
from engine.planning.mdp import ROUNDINGS, Floats, Ints, TabularMDP, backup
from engine.planning.structure import Endless

IMPROVEMENTS = 100
RESTS = -2


def discounted(mdp: TabularMDP, rewards: Floats, values: Floats, policy: Floats | None = None) -> float:
    """How far `values` [S] are from those of the policy [S, A], or of the best one; for a discount below 1."""
    q = backup(mdp, rewards, values, mdp.discount)
    target = q.max(-1) if policy is None else (policy * np.where(policy > 0, q, 0.0)).sum(-1)
    residual = np.abs(target - values)[~mdp.terminal].max(initial=0.0)
    return float(residual + rounding(rewards, values)) / (1.0 - mdp.discount)


def undiscounted_evaluation(mdp: TabularMDP, rewards: Floats, policy: Floats, values: Floats) -> float | None:
    """How far `values` [S] are from those of a policy [S, A] that ends or stays where nothing is paid.

    max |T V - V| times the expected number of moves left. None where that number is too large to be bounded.
    """
    matrix = transition_matrix(mdp, policy)
    resting, _ = endless_states(mdp, policy, matrix)
    inside = np.flatnonzero(~mdp.terminal & ~resting)
    moves = _moves_left(matrix, inside)
    if moves is None:
        return None
    q = backup(mdp, np.where(policy > 0, rewards, 0.0), values, 1.0)
    residual = np.abs((policy * q).sum(-1) - values)[inside].max(initial=0.0)
    at_rest = float(np.abs(values[resting]).max(initial=0.0))
    return max(float(residual + rounding(rewards, values)) * moves, at_rest)


def undiscounted_optimum(
    mdp: TabularMDP, rewards: Floats, values: Floats, policy: Floats, ending: Floats, forever: Endless
) -> float | None:
    """How far `values` [S] are from the best possible ones.

    No lower than those of `policy` [S, A], which must end or rest and be nearly optimal; no higher than some U >= T U,
    found from the policy `ending` [S, A], which ends or comes to rest from everywhere.
    """
    above = undiscounted_evaluation(mdp, rewards, policy, values)
    below = _below_the_best(mdp, rewards, values, ending, forever)
    return None if above is None or below is None else max(above, below)


def _below_the_best(mdp: TabularMDP, rewards: Floats, values: Floats, ending: Floats, forever: Endless) -> float | None:
    """The most by which U exceeds `values`, for a U >= T U found by policy iteration on the excess x = U - V.

    States between which one can go for nothing have one value, and at least 0, since one may stay: they are one class.
    """
    classes = np.unique(np.where(mdp.terminal, -1, forever.resting_class), return_inverse=True)[1].astype(np.int64)
    n_classes = int(classes.max()) + 1
    highest = np.full(n_classes, -np.inf)
    np.maximum.at(highest, classes, values)
    lifted = np.where(mdp.terminal, 0.0, highest[classes])
    paid = backup(mdp, np.where(forever.resting, -np.inf, rewards), lifted, 1.0) - lifted[:, None]
    paid[mdp.terminal] = -np.inf
    slack = 4 * rounding(rewards, values)
    rests = np.full(n_classes, -np.inf)
    resting = forever.resting.any(-1) & ~mdp.terminal
    rests[classes[resting]] = -lifted[resting]
    ended = np.zeros(n_classes, dtype=bool)
    ended[classes[mdp.terminal]] = True
    chosen = np.empty(n_classes, dtype=np.int64)
    chosen[classes] = np.arange(mdp.n_states) * mdp.n_actions + ending.argmax(-1)
    chosen[np.isfinite(rests)] = RESTS
    owners = np.repeat(classes, mdp.n_actions)
    for _ in range(IMPROVEMENTS):
        excess = _excess(mdp, paid, classes, chosen, ended, rests, slack)
        if excess is None:
            return None
        gained = backup(mdp, paid, excess[classes], 1.0).ravel()
        gained[np.repeat(mdp.terminal, mdp.n_actions)] = -np.inf
        best = np.full(n_classes, -np.inf)
        np.maximum.at(best, owners, gained)
        better = (best > excess - 0.5 * slack) & ~ended
        if not better.any() and (excess >= rests).all():
            return float((lifted + excess[classes] - values)[~mdp.terminal].max(initial=0.0))
        leaders = np.empty(n_classes, dtype=np.int64)
        order = np.argsort(gained, kind="stable")
        leaders[owners[order]] = order
        chosen[better] = leaders[better]
        chosen[excess < rests] = RESTS
    return None


def _excess(
    mdp: TabularMDP, paid: Floats, classes: Ints, chosen: Ints, ended: np.ndarray, rests: Floats, slack: float
) -> Floats | None:
    """x [classes] of x = slack + paid + P x by each class's chosen state-action; what it rests with where it rests."""
    excess = np.where(ended, 0.0, np.where(chosen == RESTS, rests, 0.0))
    inside = np.flatnonzero(~ended & (chosen != RESTS))
    if not len(inside):
        return excess
    states, actions = np.divmod(chosen[inside], mdp.n_actions)
    following = classes[mdp.next_states[states, actions]]
    rows = np.broadcast_to(np.arange(len(inside))[:, None], following.shape)
    weights = mdp.probabilities[states, actions]
    matrix = csr_array((weights.ravel(), (rows.ravel(), following.ravel())), shape=(len(inside), len(chosen)))
    right = slack + paid[states, actions] + matrix @ excess
    solution = _solved(matrix[:, inside], right)
    if solution is None:
        return None
    excess[inside] = solution
    return excess


def _moves_left(matrix: csr_array, inside: Ints) -> float | None:
    """A proven bound on the expected number of moves to leave the states `inside`: max w / min (w - P w), w >= 0."""
    if not len(inside):
        return 0.0
    part = matrix[inside][:, inside]
    moves = _solved(part, np.ones(len(inside)))
    if moves is None or (moves < 0.0).any():
        return None
    gained = (moves - part @ moves).min() - ROUNDINGS * np.finfo(float).eps * moves.max()
    return float(moves.max() / gained) if gained > 0.0 else None


def _solved(part: csr_array, right: Floats) -> Floats | None:
    """x = right + part x; None where there is none in double precision."""
    try:
        solution = splu((eye_array(part.shape[0]) - part).tocsc()).solve(right)
    except RuntimeError:  # exactly singular
        return None
    return solution if np.isfinite(solution).all() else None


def rounding(rewards: Floats, values: Floats) -> float:
    """What rounding can add to one backup."""
    paid = np.abs(rewards[np.isfinite(rewards)]).max(initial=0.0)
    return float(ROUNDINGS * np.finfo(float).eps * (paid + np.abs(values).max(initial=0.0)))
