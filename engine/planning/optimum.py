"""The exact optimum: every best action, a policy that takes them and ends, and where there is no finite best value."""

from dataclasses import dataclass, replace

import numpy as np

from engine.planning import bounds
from engine.planning.evaluation import solve, transition_matrix
from engine.planning.mdp import Bools, Floats, TabularMDP, backup, expected_rewards, uniform_policy
from engine.planning.structure import Endless, certain_end, endless, nearer
from engine.planning.sweeps import policy_iteration

TIE_TOLERANCE = 1e-9
BLURRED = 1e-6
MAX_IMPROVEMENTS = 1_000


@dataclass(frozen=True)
class Domain:
    """Where there is something to solve: `mdp` ends in states without a finite best value, and `rewards` [S, A] are
    -inf for actions that may lead there. At discount 1 `forever` says why, and `ending` [S, A] is a policy that ends
    or comes to rest for certain; with a discount every state has a value and both are None."""

    mdp: TabularMDP
    rewards: Floats
    forever: Endless | None = None
    ending: Floats | None = None


@dataclass(frozen=True)
class Optimum:
    """values [S], NaN where there is no finite best value; q [S, A], -inf for actions that may lead there; optimal
    [S, A], all actions that tie for the best; policy [S, A], one that takes such actions and ends soonest; error, a
    proven bound on the largest error, None where discount 1 left none to be proven."""

    values: Floats
    q: Floats
    optimal: Bools
    policy: Floats
    error: float | None
    domain: Domain


def domain(mdp: TabularMDP) -> Domain:
    """Which states have a best value, decided before any sweep."""
    rewards = expected_rewards(mdp)
    if mdp.discount < 1.0:
        return Domain(mdp, rewards)
    forever = endless(mdp)
    lost = ~mdp.terminal & ~forever.valued
    losing = np.asarray((lost[mdp.next_states] & (mdp.probabilities > 0)).any(-1))
    inner = replace(mdp, terminal=mdp.terminal | lost)
    rewards = np.where(losing & ~inner.terminal[:, None], -np.inf, rewards)
    resting = forever.resting.any(-1)
    ending = soonest_end(inner, ~losing, inner.terminal | resting)
    ending[resting] = np.eye(mdp.n_actions)[forever.resting[resting].argmax(-1)]
    return Domain(inner, rewards, forever, ending)


def optimum(mdp: TabularMDP) -> Optimum:
    """Policy iteration from a policy that has a value, until nothing improves (Sutton & Barto, 2018, section 4.3)."""
    inside = domain(mdp)
    beginning = uniform_policy(mdp) if inside.ending is None else inside.ending
    for sweep in policy_iteration(inside.mdp, inside.rewards, beginning):
        if (sweep.delta == 0.0 and sweep.number > 1) or sweep.number >= MAX_IMPROVEMENTS:
            break
    assert sweep.policy is not None
    values = sweep.values
    q = backup(inside.mdp, inside.rewards, values, mdp.discount)
    if inside.forever is None or inside.ending is None:
        error: float | None = bounds.discounted(inside.mdp, inside.rewards, values)
    else:
        error = bounds.undiscounted_optimum(
            inside.mdp, inside.rewards, values, sweep.policy, inside.ending, inside.forever
        )
    optimal = (
        tied_actions(q, error if error is not None and error < TIE_TOLERANCE else None) & ~inside.mdp.terminal[:, None]
    )
    lost = inside.mdp.terminal & ~mdp.terminal
    policy = soonest_end(mdp, np.where(lost[:, None], True, optimal), mdp.terminal)
    return Optimum(np.where(lost, np.nan, values), q, optimal, policy, error, inside)


def tied_actions(q: Floats, error: float | None = None) -> Bools:
    """[S, A]: the actions whose q [S, A] equals the best up to a relative 1e-9, or as nearly as `error` on the values
    lets it be told; where that is None, up to 1e-9.

    == would miss ties lost to rounding. Actions whose q is -inf are none.
    """
    best = q.max(-1, keepdims=True)
    least = TIE_TOLERANCE if error is None else 2 * error
    return (q >= best - np.maximum(least, TIE_TOLERANCE * np.abs(best))) & np.isfinite(q)


def greedy_actions(q: Floats, error: float | None, rounding: float, exact_q: Floats) -> Bools:
    """[S, A]: the actions that tie for the best by q [S, A], looked ahead from values with a proven `error`.

    Those that tie in truth, by `exact_q` [S, A], do so as well where no more than that error stands between them.
    """
    shown = tied_actions(q, rounding)
    if error is None or error > BLURRED:
        return shown
    near = tied_actions(q, error) & tied_actions(exact_q)
    return shown | (near & (shown & near).any(-1, keepdims=True))


def soonest_end(mdp: TabularMDP, allowed: Bools, targets: Bools) -> Floats:
    """A deterministic policy [S, A] of `allowed` actions [S, A] that reaches a target in the shortest expected time.

    Where no allowed way gets there for certain, it takes the first allowed action. Needed at discount 1, where an
    action that ties for the best may be to bump into a wall for ever.
    """
    certain, safe = certain_end(mdp, allowed & ~mdp.terminal[:, None], targets)
    inside = np.flatnonzero(certain & ~targets)
    chosen = np.where(certain & ~targets, nearer(mdp, safe, targets), allowed.argmax(-1))
    for _ in range(MAX_IMPROVEMENTS):
        policy = np.eye(mdp.n_actions)[chosen]
        times = np.zeros(mdp.n_states)
        times[inside] = solve(transition_matrix(mdp, policy), inside, 1.0, np.ones(len(inside)))
        q = backup(mdp, np.where(safe, 1.0, np.inf), times, 1.0)
        shorter = certain & ~targets & (q.min(-1) < times - TIE_TOLERANCE * np.maximum(1.0, times))
        if not shorter.any():
            break
        chosen = np.where(shorter, q.argmin(-1), chosen)
    return policy
