"""A solver's sweeps on one map, made as far as somebody has asked and all kept, so that they can be scrubbed."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from engine.gridworlds.dynamics import tabular
from engine.gridworlds.maps import GridMap
from engine.gridworlds.presets import read_map
from engine.planning.evaluation import may_never_end, policy_values, transition_matrix
from engine.planning.mdp import Bools, Floats, TabularMDP, backup, expected_rewards, uniform_policy
from engine.planning.optimum import Domain, Optimum, optimum
from engine.planning.solving import Problem, best_values, sweeps_of, values_of
from engine.planning.sweeps import Sweeps, policy_iteration

TOLERANCE = 1e-6
MAX_SWEEPS, MAX_KEPT = 20_000, 2_000_000  # sweeps, and numbers that one course may keep
UNBOUNDED_SWEEPS = 1_000  # where no error is proven there is no end to wait for
KNOWN_MAPS, KNOWN_COURSES = 16, 6


@dataclass(frozen=True)
class Solved:
    """A map, its process and its exact optimum."""

    grid: GridMap
    mdp: TabularMDP
    best: Optimum


@dataclass(frozen=True)
class Answer:
    """What the sweeps lead to: values [S], NaN where there is no finite one, and q [S, A] with the best actions by it,
    greedy [S, A]; policy [S, A], the one evaluated or a best one; improper [S], where that may never end; lost [S],
    where no finite value exists."""

    values: Floats
    q: Floats
    greedy: Bools
    policy: Floats
    improper: Bools
    lost: Bools


@lru_cache(maxsize=KNOWN_MAPS)
def solved(text: str) -> Solved:
    """The map of that name or text with its optimum. Raises MapError."""
    grid = read_map(text)
    mdp = tabular(grid)
    return Solved(grid, mdp, optimum(mdp))


class Course:
    """Row k of every array is after k sweeps from V = 0. Several threads may ask: growing happens one at a time."""

    def __init__(self, known: Solved, method: str, in_place: bool, policy: Floats | None = None):
        self.method, self.mdp = method, known.mdp
        self._growing = threading.Lock()
        followed = uniform_policy(known.mdp) if policy is None else policy
        evaluating = method == "policy-evaluation"
        found = values_of(known.mdp, followed) if evaluating else best_values(known.best)
        self.answer = _answer(known, found, followed if evaluating else known.best.policy)
        self._found = found
        self.problem = found if method == "policy-iteration" else _opened(found, known.mdp)  # what is swept
        self._sweeps = _begun(self.problem, method, in_place)
        zeros = np.zeros(known.mdp.n_states)
        self.values: list[Floats] = [zeros]
        self.deltas, self.bounds, self.backups = [np.nan], [self._error(zeros)], [0]
        self.limit = max(1, min(MAX_SWEEPS, MAX_KEPT // known.mdp.n_states))
        self.ended: str | None = None

    @property
    def length(self) -> int:
        """How many sweeps have been made."""
        return len(self.values) - 1

    def grow(self, number: int, seconds: float = np.inf) -> None:
        """Make sweeps up to `number`, or until the answer is reached, the limit is, or the time is over."""
        deadline = time.monotonic() + seconds
        with self._growing:
            while self.length < number and self.ended is None and time.monotonic() < deadline:
                sweep = next(self._sweeps)
                self.deltas.append(sweep.delta)
                self.bounds.append(self._error(sweep.values))
                self.backups.append(sweep.backups)
                self.values.append(sweep.values)
                self.ended = self._end()

    def looked_ahead(self, number: int) -> tuple[Floats, Bools]:
        """(q [S, A] one step ahead of the values after `number` sweeps, the actions that tie for the best there)."""
        q = backup(self.mdp, self.problem.domain.rewards, self.values[number], self.mdp.discount)
        bound = None if np.isnan(self.bounds[number]) else self.bounds[number]
        return q, self.problem.greedy(q, self.values[number], bound, number)

    def _error(self, values: Floats) -> float:
        """On the cells that have a finite value; the sweeps go over the others too."""
        error = self._found.error(values)
        return np.nan if error is None else error

    def _end(self) -> str | None:
        """Why no further sweep is needed: "converged", "unbounded" or "limit"; None while one is."""
        bound, delta, values = self.bounds[-1], self.deltas[-1], self.values[-1]
        if bound <= TOLERANCE or delta <= 4 * np.finfo(float).eps * np.abs(values).max(initial=0.0):
            return "converged"
        if np.isnan(bound) and self.length >= UNBOUNDED_SWEEPS:
            return "unbounded"
        return "limit" if self.length >= self.limit else None


@lru_cache(maxsize=KNOWN_COURSES)
def course(text: str, method: str, in_place: bool, policy: tuple[float, ...] | None = None) -> Course:
    """The course that everybody who asks for the same shares. `policy` is [S, A] written row after row."""
    known = solved(text)
    table = None if policy is None else np.array(policy).reshape(known.mdp.n_states, known.mdp.n_actions)
    return Course(known, method, in_place, table)


def thinned(numbers: int, most: int) -> Sequence[int]:
    """At most about `most` of the sweeps 0..numbers, the first ones all, the last one always."""
    if numbers < most:
        return range(numbers + 1)
    spread = np.geomspace(1, numbers, most).round().astype(int)
    return sorted({0, *spread.tolist()})


def _begun(problem: Problem, method: str, in_place: bool) -> Sweeps:
    """The engine's sweeps; policy iteration begins with the random policy wherever that one has values."""
    mdp = problem.domain.mdp
    if method == "policy-iteration" and np.isfinite(problem.domain.rewards).all():
        random = uniform_policy(mdp)
        if not np.isnan(policy_values(mdp, random).values).any():
            return policy_iteration(mdp, problem.domain.rewards, random)
    return sweeps_of(problem, method, in_place)


def _opened(problem: Problem, mdp: TabularMDP) -> Problem:
    """The same problem swept over every state: after k sweeps each has a value, that of k moves."""
    whole = Domain(mdp, expected_rewards(mdp), problem.domain.forever, problem.domain.ending)
    return replace(problem, domain=whole)


def _answer(known: Solved, problem: Problem, policy: Floats) -> Answer:
    mdp, inner = known.mdp, problem.domain.mdp
    values = known.best.values if problem.policy is None else policy_values(mdp, policy).values
    lost = (inner.terminal & ~mdp.terminal) | np.isnan(values)
    filled = np.where(lost, 0.0, values)
    q = backup(inner, problem.domain.rewards, filled, mdp.discount)
    improper = may_never_end(mdp, transition_matrix(mdp, policy)) | lost
    greedy = problem.greedy(q, filled, problem.error(filled), 1)
    return Answer(np.where(lost, np.nan, values), q, greedy, policy, improper, lost)
