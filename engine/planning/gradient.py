"""Exact policy gradients under a time limit, and the best policy that sees only part of the state."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from engine.planning.evaluation import transition_matrix
from engine.planning.mdp import Floats, Ints, TabularMDP, expected_rewards, uniform_policy

SEARCH_STEPS = 500
DENSE_STATES = 500  # up to so many a full matrix is quicker than a sparse one
GATHERED = 500_000  # numbers looked up at once


@dataclass(frozen=True)
class ExactGradient:
    """return_ is J; logits [S, A] dJ / dtheta(s, a) of a tabular softmax; visits [S] expected moves taken there."""

    return_: float
    logits: Floats
    visits: Floats


def exact_gradient(mdp: TabularMDP, policy: Floats, horizon: int, discount: float = 1.0) -> ExactGradient:
    """dJ/dtheta(s, a) = sum_t gamma^t d_t(s) pi(a | s) (Q_t(s, a) - V_t(s)) over `horizon` moves.

    The policy gradient theorem (Sutton et al., 2000) with time as part of the state: what the sampled, reward-to-go
    estimate of an episodic policy gradient is an unbiased estimate of.
    """
    return _summed(mdp, policy, horizon, discount, discount)


def followed_gradient(mdp: TabularMDP, policy: Floats, horizon: int, discount: float) -> ExactGradient:
    """The same sum without gamma^t: what most code follows, which counts every visit in full.

    Below discount 1 it is the gradient of no function (Nota & Thomas, 2020); at 1 it is exact_gradient.
    """
    return _summed(mdp, policy, horizon, discount, 1.0)


def _summed(mdp: TabularMDP, policy: Floats, horizon: int, discount: float, fading: float) -> ExactGradient:
    """sum_t d_t(s) pi(a | s) (Q_t(s, a) - V_t(s)), where a visit at time t counts fading^t."""
    matrix, rewards = transition_matrix(mdp, policy), expected_rewards(mdp)
    onwards = matrix.toarray() if mdp.n_states <= DENSE_STATES else matrix
    arriving = np.ascontiguousarray(onwards.T) if mdp.n_states <= DENSE_STATES else csr_array(matrix.T)
    earned = (policy * rewards).sum(-1)
    values = np.zeros((horizon + 1, mdp.n_states))  # values[t]: what is still to come at time t
    for time in reversed(range(horizon)):
        values[time] = earned + discount * (onwards @ values[time + 1])
    there = np.zeros((horizon, mdp.n_states))
    there[:1] = mdp.start * ~mdp.terminal
    for time in range(1, horizon):
        there[time] = fading * (arriving @ there[time - 1]) * ~mdp.terminal
    visits, later = there.sum(0), np.zeros_like(policy)
    at_once = max(1, GATHERED // mdp.probabilities.size)
    for first in range(0, horizon, at_once):
        times = slice(first, first + at_once)
        following = values[first + 1 : first + 1 + at_once][:, mdp.next_states] * mdp.probabilities
        later += (there[times][:, :, None] * following.sum(-1)).sum(0)
    baseline = (there * values[:-1]).sum(0)
    logits = policy * (visits[:, None] * rewards + discount * later - baseline[:, None])
    return ExactGradient(float(mdp.start @ values[0]), logits * ~mdp.terminal[:, None], visits)


def best_memoryless(mdp: TabularMDP, seen: Ints, horizon: int, tolerance: float = 1e-9) -> tuple[Floats, float]:
    """([S, A] a policy that acts alike where `seen` [S] is alike, its expected return over `horizon` moves).

    The one that leads uphill from the uniform policy.
    """
    return ascend(lambda policy: exact_gradient(mdp, policy, horizon), seen, uniform_policy(mdp), tolerance)


def ascend(
    gradient: Callable[[Floats], ExactGradient], seen: Ints, begin: Floats, tolerance: float = 1e-9
) -> tuple[Floats, float]:
    """(a policy [S, A] that acts alike where `seen` [S] is alike, its return), uphill from `begin` [S, A].

    Exact natural gradient ascent on the softmax of each observation, theta <- theta + step * advantage(o, a)
    (Kakade, 2001), with a step that doubles on success and halves on failure. Such policies have local optima (Singh,
    Jaakkola & Jordan, 1994): this is one of them.
    """
    groups = np.eye(int(seen.max()) + 1)[seen]
    first = np.array([np.argmax(seen == code) for code in range(groups.shape[1])])
    theta, step, policy = np.log(begin[first]), 1.0, begin
    here = gradient(policy)
    for _ in range(SEARCH_STEPS):
        direction = _observed_advantage(here, policy, groups)
        shares = _softmax(theta + step * direction)
        there = gradient(shares[seen])
        gain = there.return_ - here.return_
        if not gain > 0.0:
            step *= 0.5
            if step < 1e-9:
                break
            continue
        theta, policy, here, step = theta + step * direction, shares[seen], there, step * 2.0
        if gain < tolerance * max(1.0, abs(here.return_)):
            break
    return policy, here.return_


def _observed_advantage(gradient: ExactGradient, policy: Floats, groups: Floats) -> Floats:
    """[O, A]: the advantage of each action, averaged over the visits to the states that look alike."""
    visits = groups.T @ gradient.visits
    weights = visits[:, None] * (groups.T @ policy) / np.maximum(groups.sum(0)[:, None], 1.0)
    return np.divide(groups.T @ gradient.logits, weights, out=np.zeros_like(weights), where=weights > 1e-12)


def _softmax(theta: Floats) -> Floats:
    powers = np.exp(theta - theta.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
