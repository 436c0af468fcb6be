"""The best policy without a time limit: value iteration and policy iteration, with every optimal action."""

from dataclasses import dataclass

import numpy as np

from engine.planning.evaluation import policy_values
from engine.planning.mdp import Bools, Floats, TabularMDP, backup, expected_rewards, uniform_policy

TIE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Plan:
    """What a solver found.

    values [S] and q [S, A] float64; optimal [S, A] bool, all actions that tie for the best; policy [S, A], one that
    takes such actions and ends wherever that is possible; sweeps (or improvements) done; delta, the largest change of
    the last one; error_bound, a proven bound on max |values - V*| (infinite at discount 1, where delta proves nothing).
    """

    values: Floats
    q: Floats
    optimal: Bools
    policy: Floats
    sweeps: int
    delta: float
    error_bound: float


def value_iteration(mdp: TabularMDP, tolerance: float = 1e-12, max_sweeps: int = 100_000) -> Plan:
    """Synchronous sweeps V <- max_a Q from V = 0 until no value changes by more than `tolerance`.

    Sutton & Barto (2018), section 4.4. At discount 1 with rewards that can be collected for ever it stops at
    `max_sweeps` with `delta` still large. The error bound is gamma / (1 - gamma) * delta (Puterman, theorem 6.3.1).
    """
    rewards, values = expected_rewards(mdp), np.zeros(mdp.n_states)
    delta, sweeps = np.inf, 0
    while delta > tolerance and sweeps < max_sweeps:
        new = backup(mdp, rewards, values, mdp.discount).max(-1)
        delta, values, sweeps = float(np.abs(new - values).max()), new, sweeps + 1
    return _plan(mdp, values, sweeps, delta)


def policy_iteration(mdp: TabularMDP, max_improvements: int = 1_000) -> Plan:
    """Exact evaluation and greedy improvement in turn, from the uniform policy, until nothing improves.

    Sutton & Barto (2018), section 4.3. A state's action changes only where another is better by more than a rounding
    error: a greedy choice among ties could make a policy that ends into one that never does. Raises ValueError at
    discount 1 when the uniform policy may never end, or when going on for ever pays without limit.
    """
    rewards, policy = expected_rewards(mdp), uniform_policy(mdp)
    values, delta, improvement = policy_values(mdp, policy).values, np.inf, 0
    while improvement < max_improvements:
        if np.isnan(values).any():
            raise ValueError("at discount 1 a policy that goes on for ever has no value; use a discount below 1")
        q = backup(mdp, rewards, values, mdp.discount)
        better = q.max(-1) > values + TIE_TOLERANCE * np.maximum(1.0, np.abs(values))
        if not better.any():
            break
        policy[better] = np.eye(mdp.n_actions)[q[better].argmax(-1)]
        new = policy_values(mdp, policy).values
        delta, values, improvement = float(np.abs(new - values).max()), new, improvement + 1
    return _plan(mdp, values, improvement, delta)


def tied_actions(q: Floats) -> Bools:
    """[S, A]: the actions whose q [S, A] equals the best up to a relative 1e-9; == would miss ties lost to rounding."""
    best = q.max(-1, keepdims=True)
    return q >= best - TIE_TOLERANCE * np.maximum(1.0, np.abs(best))


def soonest_end(mdp: TabularMDP, allowed: Bools) -> Floats:
    """A deterministic policy [S, A] of `allowed` actions [S, A] that ends in the shortest expected time.

    Where no allowed way ends for certain, it takes the first allowed action. Needed at discount 1, where an action
    that ties for the best may be to bump into a wall for ever.
    """
    certain, safe = _certain_end(mdp, allowed)
    times, change = np.zeros(mdp.n_states), np.inf
    rewards = np.where(safe, 1.0, np.inf)
    while change > TIE_TOLERANCE:
        q = backup(mdp, rewards, times, 1.0)
        new = np.where(certain, q.min(-1), 0.0)
        change, times = float(np.abs(new - times).max()), new
    chosen = np.where(certain & ~mdp.terminal, q.argmin(-1), allowed.argmax(-1))
    return np.eye(mdp.n_actions)[chosen]


def _certain_end(mdp: TabularMDP, allowed: Bools) -> tuple[Bools, Bools]:
    """([S] where allowed actions can end with probability 1, [S, A] the actions that stay among such states)."""
    possible = mdp.probabilities > 0
    certain = np.ones(mdp.n_states, dtype=bool)
    while True:
        safe = allowed & (certain[mdp.next_states] | ~possible).all(-1)
        ending = mdp.terminal.copy()
        growing = True
        while growing:
            further = ending | (safe & (ending[mdp.next_states] & possible).any(-1)).any(-1)
            growing, ending = bool((further != ending).any()), further
        if (ending == certain).all():
            return certain, safe
        certain = ending


def _plan(mdp: TabularMDP, values: Floats, sweeps: int, delta: float) -> Plan:
    q = backup(mdp, expected_rewards(mdp), values, mdp.discount)
    optimal = tied_actions(q)
    bound = np.inf if mdp.discount == 1.0 else mdp.discount / (1.0 - mdp.discount) * delta
    return Plan(values, q, optimal, soonest_end(mdp, optimal), sweeps, delta, bound)
