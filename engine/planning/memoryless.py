"""The best an agent can do that sees only part of the state and remembers nothing, without a limit on time.

Three answers side by side: with certainty (one action for each thing seen), with dice, and with full sight.
"""

import heapq
import math
import time
from dataclasses import dataclass, replace

import numpy as np

from engine.planning.bounds import undiscounted_evaluation
from engine.planning.evaluation import occupancy, policy_values
from engine.planning.gradient import ExactGradient, ascend
from engine.planning.mdp import Floats, Ints, TabularMDP, backup, expected_rewards, start_value, uniform_policy
from engine.planning.optimum import optimum

SEARCHED = 400
SOFTENED = 0.2


@dataclass(frozen=True)
class Memoryless:
    """deterministic and stochastic [S, A] with their returns from mdp.start, -inf where that is what they come to;
    proven: whether no deterministic policy can be better; observed_return: what full sight would bring."""

    deterministic: Floats
    deterministic_return: float
    proven: bool
    stochastic: Floats
    stochastic_return: float
    observed_return: float


def best_of_each_kind(mdp: TabularMDP, seen: Ints, deadline: float = math.inf) -> Memoryless:
    """The best policies that act alike where `seen` [S] is alike. Raises TimeoutError once time.monotonic() is past
    `deadline`.

    The deterministic one by branch and bound; the stochastic one by exact gradient ascent from the uniform policy and
    from a softened deterministic one, so it is a local optimum at least.
    """

    def gradient(policy: Floats) -> ExactGradient:
        _in_time(deadline)
        return unlimited_gradient(mdp, policy)

    certain, certain_return, proven = best_deterministic(mdp, seen, deadline)
    begins = [uniform_policy(mdp), (1.0 - SOFTENED) * certain + SOFTENED * uniform_policy(mdp)]
    found = [ascend(gradient, seen, begin) for begin in begins]
    found.append((certain, certain_return))
    dice, dice_return = max(found, key=lambda pair: pair[1])
    return Memoryless(certain, certain_return, proven, dice, dice_return, _weighted(mdp, optimum(mdp).values))


def best_deterministic(mdp: TabularMDP, seen: Ints, deadline: float = math.inf) -> tuple[Floats, float, bool]:
    """([S, A] one action for each thing seen, its return, whether none is better).

    Best first over partial choices (Littman, 1994, Memoryless policies): what full sight would bring in all that is
    not chosen yet bounds what can still be reached. Gives up the proof after SEARCHED such bounds.
    """
    live = np.flatnonzero(~mdp.terminal)
    codes = sorted(set(seen[live].tolist()), key=lambda code: -int((seen[live] == code).sum()))
    best, best_return = _chosen(mdp, seen, {}), -np.inf
    waiting: list[tuple[float, int, dict[int, int]]] = [(-np.inf, 0, {})]
    made = 0
    while waiting:
        bound, _, choice = heapq.heappop(waiting)
        if -bound <= best_return:
            return best, best_return, True
        if len(choice) == len(codes):
            continue
        if made >= SEARCHED:
            return best, best_return, False
        for action in range(mdp.n_actions):
            _in_time(deadline)
            further = {**choice, codes[len(choice)]: action}
            plan = optimum(_restricted(mdp, seen, further))
            made += 1
            reachable = _weighted(mdp, plan.values)
            guess = _agreeing(mdp, seen, further, plan.policy)
            worth = memoryless_return(mdp, guess)
            if worth > best_return:
                best, best_return = guess, worth
            if reachable > best_return + 1e-12 * max(1.0, abs(best_return)):
                heapq.heappush(waiting, (-reachable, made, further))
    return best, best_return, True


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("the search for policies without memory took too long")


def memoryless_return(mdp: TabularMDP, policy: Floats) -> float:
    """What a policy [S, A] earns from mdp.start, -inf where it goes on for ever and is paid or charged for it."""
    values = policy_values(mdp, policy).values
    return _weighted(mdp, values) if _trusted(mdp, policy, values) else -np.inf


def unlimited_gradient(mdp: TabularMDP, policy: Floats) -> ExactGradient:
    """dJ/dtheta(s, a) = d(s) pi(a | s) (Q(s, a) - V(s)) of a tabular softmax (Sutton et al., 2000), d the visits.

    return_ is -inf for a policy without a value, or one that lasts too long for double precision to tell it; then there
    is no gradient.
    """
    values = policy_values(mdp, policy).values
    total = _weighted(mdp, values)
    if not np.isfinite(total) or not _trusted(mdp, policy, values):
        return ExactGradient(-np.inf, np.zeros_like(policy), np.zeros(mdp.n_states))
    advantages = (
        backup(mdp, expected_rewards(mdp), np.nan_to_num(values), mdp.discount) - np.nan_to_num(values)[:, None]
    )
    try:
        visits = occupancy(mdp, policy) * ~mdp.terminal
    except ValueError:  # it may rest for ever where nothing is paid
        return ExactGradient(total, np.zeros_like(policy), np.zeros(mdp.n_states))
    return ExactGradient(total, visits[:, None] * policy * advantages, visits)


def _trusted(mdp: TabularMDP, policy: Floats, values: Floats) -> bool:
    """Whether the linear system gave the values [S] to at least six digits."""
    if mdp.discount < 1.0 or np.isnan(values).any():
        return True
    error = undiscounted_evaluation(mdp, expected_rewards(mdp), policy, values)
    return error is not None and error <= 1e-6 * max(1.0, float(np.abs(values).max()))


def _restricted(mdp: TabularMDP, seen: Ints, choice: dict[int, int]) -> TabularMDP:
    """The MDP in which every action does what was chosen, where something was."""
    states = np.arange(mdp.n_states)
    actions = np.tile(np.arange(mdp.n_actions), (mdp.n_states, 1))
    for code, action in choice.items():
        actions[seen == code] = action
    pick = (states[:, None], actions)
    return replace(
        mdp,
        next_states=mdp.next_states[pick],
        probabilities=mdp.probabilities[pick],
        rewards=mdp.rewards[pick],
    )


def _agreeing(mdp: TabularMDP, seen: Ints, choice: dict[int, int], policy: Floats) -> Floats:
    """The policy that keeps to the choice and takes the commonest action of `policy` wherever else it looks alike."""
    counts = np.zeros((int(seen.max()) + 1, mdp.n_actions))
    np.add.at(counts, seen[~mdp.terminal], policy[~mdp.terminal])
    return _chosen(mdp, seen, {code: int(row.argmax()) for code, row in enumerate(counts)} | choice)


def _chosen(mdp: TabularMDP, seen: Ints, choice: dict[int, int]) -> Floats:
    actions = np.array([choice.get(int(code), 0) for code in seen])
    return np.eye(mdp.n_actions)[actions]


def _weighted(mdp: TabularMDP, values: Floats) -> float:
    """The mean over where episodes begin, -inf where there is no value."""
    total = start_value(mdp, values)
    return total if np.isfinite(total) else -np.inf
