"""The solvers as sequences of sweeps: each yields what it has after every sweep and goes on for as long as it is asked.

All start from V = 0, or from `begin` [S] where that is given, and keep `rewards` [S, A] apart from the MDP: -inf there
forbids an action. Backups count state-action pairs looked ahead from, so that solvers of different kinds can be
compared.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.planning.bounds import rounding
from engine.planning.evaluation import policy_values
from engine.planning.mdp import Floats, TabularMDP, backup

IMPROVEMENT = 1e-11
EVALUATIONS = 10


@dataclass(frozen=True)
class Sweep:
    """values [S] after `number` sweeps; delta, the largest change of the last; backups, made since the beginning;
    policy [S, A], the one that policy iteration has evaluated."""

    number: int
    values: Floats
    delta: float
    backups: int
    policy: Floats | None = None


Sweeps = Iterator[Sweep]


def policy_evaluation(mdp: TabularMDP, rewards: Floats, policy: Floats) -> Sweeps:
    """Iterative policy evaluation, synchronous: V_{k+1}(s) = sum_a pi(a | s) Q_k(s, a).

    Sutton & Barto (2018), section 4.1.
    """
    rewards = np.where(policy > 0, rewards, 0.0)
    values, each, number = np.zeros(mdp.n_states), _taken(mdp, policy), 0
    while True:
        new = (policy * backup(mdp, rewards, values, mdp.discount)).sum(-1)
        number, delta, values = number + 1, _largest(new - values), new
        yield Sweep(number, values, delta, number * each)


def value_iteration(mdp: TabularMDP, rewards: Floats, begin: Floats | None = None) -> Sweeps:
    """Synchronous value iteration: V_{k+1}(s) = max_a Q_k(s, a). Sutton & Barto (2018), section 4.4."""
    values, each, number = _beginning(mdp, begin), _all(mdp), 0
    while True:
        new = backup(mdp, rewards, values, mdp.discount).max(-1)
        number, delta, values = number + 1, _largest(new - values), new
        yield Sweep(number, values, delta, number * each)


def policy_evaluation_in_place(mdp: TabularMDP, rewards: Floats, policy: Floats) -> Sweeps:
    """As policy_evaluation, each state using the newest values of the others, in reading order (section 4.1)."""
    rows = _rows(mdp, rewards)
    weights = [[(action, p) for action, p in enumerate(chances) if p > 0] for chances in policy.tolist()]
    each = _taken(mdp, policy)

    def renew(state: int, values: list[float]) -> float:
        return sum(p * _look(rows[state][action], values, mdp.discount) for action, p in weights[state])

    return _in_place(mdp, renew, each)


def value_iteration_in_place(mdp: TabularMDP, rewards: Floats, begin: Floats | None = None) -> Sweeps:
    """As value_iteration, each state using the newest values of the others, in reading order (section 4.5)."""
    rows = _rows(mdp, rewards)

    def renew(state: int, values: list[float]) -> float:
        return max(_look(row, values, mdp.discount) for row in rows[state])

    return _in_place(mdp, renew, _all(mdp), begin)


def modified_policy_iteration(mdp: TabularMDP, rewards: Floats, begin: Floats | None = None) -> Sweeps:
    """Each sweep improves the policy by one backup and then evaluates it by EVALUATIONS more (Puterman & Shin, 1978).

    delta is the change by the improving backup, max |T V - V|; the values are those after the evaluation.
    """
    values, number, backups = _beginning(mdp, begin), 0, 0
    states = np.arange(mdp.n_states)
    while True:
        q = backup(mdp, rewards, values, mdp.discount)
        chosen = q.argmax(-1)
        new = q.max(-1)
        delta = _largest(new - values)
        for _ in range(EVALUATIONS):
            new = _follow(mdp, rewards, chosen, states, new)
        number, values = number + 1, new
        backups += _all(mdp) + EVALUATIONS * int((~mdp.terminal).sum())
        yield Sweep(number, values, delta, backups)


def policy_iteration(mdp: TabularMDP, rewards: Floats, policy: Floats) -> Sweeps:
    """Each sweep evaluates the policy exactly and improves it, from `policy` [S, A] (section 4.3).

    A state's action changes only where another is better by more than a rounding error: a greedy choice among ties
    could make a policy that ends into one that never does. The evaluation solves a linear system and is not counted
    in backups.
    """
    values, number = np.zeros(mdp.n_states), 0
    while True:
        new = policy_values(mdp, policy).values
        number, delta, values = number + 1, _largest(new - values), new
        yield Sweep(number, values, delta, number * _all(mdp), policy)
        q = backup(mdp, rewards, values, mdp.discount)
        better = q.max(-1) > values + np.maximum(_least_gain(mdp, rewards, values), IMPROVEMENT * np.abs(values))
        policy = policy.copy()
        policy[better] = np.eye(mdp.n_actions)[q[better].argmax(-1)]


def _least_gain(mdp: TabularMDP, rewards: Floats, values: Floats) -> float:
    """What rounding alone may make an action look better by: where the discount is low, values may be very small."""
    if mdp.discount == 1.0:
        return IMPROVEMENT
    return min(IMPROVEMENT, 2 * rounding(rewards, values) / (1.0 - mdp.discount))


def prioritised_sweeping(mdp: TabularMDP, rewards: Floats, begin: Floats | None = None) -> Sweeps:
    """The state whose value is furthest from its backup first (Moore & Atkeson, 1993; Sutton & Barto, section 8.4).

    A sweep is as many backups as there are states, or fewer where nothing is left to do; delta is the largest change
    of the sweep.
    """
    rows, before = _rows(mdp, rewards), _predecessors(mdp)
    live = np.flatnonzero(~mdp.terminal).tolist()
    values = _beginning(mdp, begin).tolist()

    def error(state: int) -> float:
        return abs(max(_look(row, values, mdp.discount) for row in rows[state]) - values[state])

    waiting = [(-error(state), state) for state in live]
    priorities = {state: -urgency for urgency, state in waiting}
    heapq.heapify(waiting)
    number, backups = 0, len(live) * mdp.n_actions
    while True:
        delta, done = 0.0, 0
        while waiting and done < len(live):
            urgency, state = heapq.heappop(waiting)
            if -urgency != priorities[state] or urgency == 0.0:
                continue
            delta, done = max(delta, -urgency), done + 1
            values[state] = max(_look(row, values, mdp.discount) for row in rows[state])
            for other in before[state]:
                backups += mdp.n_actions
                priorities[other] = error(other)
                heapq.heappush(waiting, (-priorities[other], other))
        number, backups = number + 1, backups + done * mdp.n_actions
        yield Sweep(number, np.array(values), delta, backups)


def _in_place(
    mdp: TabularMDP, renew: Callable[[int, list[float]], float], each: int, begin: Floats | None = None
) -> Sweeps:
    live = np.flatnonzero(~mdp.terminal).tolist()
    values, number = _beginning(mdp, begin).tolist(), 0
    while True:
        delta = 0.0
        for state in live:
            new = renew(state, values)
            delta = max(delta, abs(new - values[state]))
            values[state] = new
        number += 1
        yield Sweep(number, np.array(values), delta, number * each)


Row = tuple[float, list[tuple[float, int]]]


def _rows(mdp: TabularMDP, rewards: Floats) -> list[list[Row]]:
    """[S][A]: (reward, [(probability, next state)]) as plain numbers, for one state at a time; allowed actions only."""
    chances, following, paid = mdp.probabilities.tolist(), mdp.next_states.tolist(), rewards.tolist()
    return [
        [
            (r, [(p, s) for p, s in zip(ps, ss, strict=True) if p > 0])
            for r, ps, ss in zip(paid[state], chances[state], following[state], strict=True)
        ]
        for state in range(mdp.n_states)
    ]


def _look(row: Row, values: list[float], discount: float) -> float:
    reward, outcomes = row
    return discount * sum([p * values[s] for p, s in outcomes]) + reward


def _predecessors(mdp: TabularMDP) -> list[list[int]]:
    """[S]: from where each state can be entered; nothing of terminal states."""
    before: list[set[int]] = [set() for _ in range(mdp.n_states)]
    possible = (mdp.probabilities > 0) & ~mdp.terminal[:, None, None]
    sources = np.broadcast_to(np.arange(mdp.n_states)[:, None, None], possible.shape)
    for source, target in zip(sources[possible].tolist(), mdp.next_states[possible].tolist(), strict=True):
        before[target].add(source)
    return [sorted(states) for states in before]


def _follow(mdp: TabularMDP, rewards: Floats, chosen: np.ndarray, states: np.ndarray, values: Floats) -> Floats:
    """One evaluation backup of a deterministic policy [S]."""
    following, chances = mdp.next_states[states, chosen], mdp.probabilities[states, chosen]
    new = mdp.discount * (chances * values[following]).sum(-1) + rewards[states, chosen]
    return np.where(mdp.terminal, 0.0, new)


def _beginning(mdp: TabularMDP, begin: Floats | None) -> Floats:
    return np.zeros(mdp.n_states) if begin is None else begin


def _largest(change: Floats) -> float:
    """The largest change that is a number; where a value is not defined there is none."""
    return float(np.nanmax(np.abs(change), initial=0.0))


def _all(mdp: TabularMDP) -> int:
    return int((~mdp.terminal).sum()) * mdp.n_actions


def _taken(mdp: TabularMDP, policy: Floats) -> int:
    return int((policy[~mdp.terminal] > 0).sum())
