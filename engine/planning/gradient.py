"""Exact policy gradients under a time limit, and the best policy that sees only part of the state."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.planning.mdp import (
    Floats,
    Ints,
    TabularMDP,
    backup,
    expected_rewards,
    uniform_policy,
)

SEARCH_STEPS = 500


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
    rewards, following = expected_rewards(mdp), np.zeros(mdp.n_states)
    advantages = np.empty((horizon, *policy.shape))
    for time in reversed(range(horizon)):
        q = backup(mdp, rewards, following, discount)
        following = (policy * q).sum(-1)
        advantages[time] = q - following[:, None]
    there = mdp.start * ~mdp.terminal
    arrivals = mdp.next_states.ravel()
    logits, visits = np.zeros_like(policy), np.zeros(mdp.n_states)
    for time in range(horizon):
        logits += there[:, None] * policy * advantages[time]
        visits += there
        moved = (there[:, None] * policy)[:, :, None] * mdp.probabilities
        arrived = np.bincount(arrivals, moved.ravel(), mdp.n_states).astype(np.float64)
        there = discount * arrived * ~mdp.terminal
    return ExactGradient(float(mdp.start @ following), logits, visits)


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
