"""Moves: a very large gridworld in a few bytes a state, where arrays of every outcome would take hundreds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.planning.mdp import Bools, Floats, Ints

States = npt.NDArray[np.int32]
Codes = npt.NDArray[np.unsignedinteger]
CHUNK = 65_536


@dataclass(frozen=True)
class Moves:
    """S states and B ways a move can turn out (each action under each gust), of which an action has K.

    ways      [S, B] uint8 or wider, what each way comes to, as a place in `offsets` and `amounts`
    offsets   [W] int64, how many states further it leads
    amounts   [W] float64, what it pays
    outcomes  [A, K] int64, the ways that each action can turn out
    chances   [K] float64, with what probability, summing to 1
    terminal  [S] bool, where nothing happens any more; `goals` [S] bool, those worth heading for
    starts    int64, the states an episode begins in, each as likely
    discount  gamma
    """

    ways: Codes
    offsets: Ints
    amounts: Floats
    outcomes: Ints
    chances: Floats
    terminal: Bools
    goals: Bools
    starts: Ints
    discount: float

    @property
    def n_states(self) -> int:
        return self.ways.shape[0]

    @property
    def n_actions(self) -> int:
        return self.outcomes.shape[0]

    @property
    def n_ways(self) -> int:
        return self.ways.shape[1]

    def entered(self, states: Ints) -> Ints:
        """[n, B]: where each way leads from these `states` [n]."""
        return states[:, None] + self.offsets[self.ways[states]]


Column = tuple[States, Codes]


def coded(columns: Callable[[], Iterable[Column]], amounts: Floats) -> tuple[Codes, Ints, Floats]:
    """(ways, offsets, amounts) of Moves: on a map, few moves are different.

    columns() gives one after the other, each time anew, the states [S] that a way enters and what that pays, as places
    [S] in `amounts` [*].
    """

    def pairs() -> Iterator[tuple[int, int, Ints]]:
        for way, (entered, paid) in enumerate(columns()):
            for first in range(0, len(entered), CHUNK):
                here = slice(first, first + CHUNK)
                further = entered[here] - np.arange(first, min(first + CHUNK, len(entered)))
                yield way, first, further * len(amounts) + paid[here]

    n_ways = n_states = 0
    found = []
    for way, first, chunk in pairs():
        n_ways, n_states = way + 1, first + len(chunk)
        found.append(np.unique(chunk))
    known = np.unique(np.concatenate(found))
    ways = np.empty((n_states, n_ways), dtype=np.min_scalar_type(len(known)))
    for way, first, chunk in pairs():
        ways[first : first + len(chunk), way] = np.searchsorted(known, chunk)
    offsets, places = np.divmod(known, len(amounts))
    return ways, offsets, amounts[places]


def look_ahead(moves: Moves, values: Floats, first: int, last: int) -> Floats:
    """Q [last - first, A] of the states first..last-1 from `values` [S], 0 in terminal states."""
    here = slice(first, last)
    states = np.arange(first, min(last, moves.n_states))
    worth = moves.amounts[moves.ways[here]] + moves.discount * values[moves.entered(states)]
    q = moves.chances[0] * worth[:, moves.outcomes[:, 0]]
    for k in range(1, len(moves.chances)):
        q += moves.chances[k] * worth[:, moves.outcomes[:, k]]
    q[moves.terminal[here]] = 0.0
    return q


def swept(moves: Moves, values: Floats) -> Floats:
    """T V [S]: one synchronous sweep of value iteration (Sutton & Barto, 2018, equation 4.10), in plain numpy."""
    pieces = [look_ahead(moves, values, first, first + CHUNK).max(-1) for first in range(0, moves.n_states, CHUNK)]
    return np.concatenate(pieces)
