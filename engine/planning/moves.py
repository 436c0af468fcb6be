"""Moves: a very large gridworld in 30 bytes a state, where arrays of every outcome would take hundreds."""

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

    entered   [S, B] int32, the state each way leads to
    paid      [S, B] uint8 or wider, what it pays, as a place in `amounts`
    amounts   [*] float64
    outcomes  [A, K] int64, the ways that each action can turn out
    chances   [K] float64, with what probability, summing to 1
    terminal  [S] bool, where nothing happens any more; `goals` [S] bool, those worth heading for
    starts    int64, the states an episode begins in, each as likely
    discount  gamma
    """

    entered: States
    paid: Codes
    amounts: Floats
    outcomes: Ints
    chances: Floats
    terminal: Bools
    goals: Bools
    starts: Ints
    discount: float

    @property
    def n_states(self) -> int:
        return self.entered.shape[0]

    @property
    def n_actions(self) -> int:
        return self.outcomes.shape[0]


def look_ahead(moves: Moves, values: Floats, first: int, last: int) -> Floats:
    """Q [last - first, A] of the states first..last-1 from `values` [S], 0 in terminal states."""
    here = slice(first, last)
    worth = moves.amounts[moves.paid[here]] + moves.discount * values[moves.entered[here]]
    q = moves.chances[0] * worth[:, moves.outcomes[:, 0]]
    for k in range(1, len(moves.chances)):
        q += moves.chances[k] * worth[:, moves.outcomes[:, k]]
    q[moves.terminal[here]] = 0.0
    return q


def swept(moves: Moves, values: Floats) -> Floats:
    """T V [S]: one synchronous sweep of value iteration (Sutton & Barto, 2018, equation 4.10), in plain numpy."""
    pieces = [look_ahead(moves, values, first, first + CHUNK).max(-1) for first in range(0, moves.n_states, CHUNK)]
    return np.concatenate(pieces)
