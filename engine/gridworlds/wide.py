"""A very large map's plan: solved compactly and written row by row, so that memory holds numbers, not their text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
import orjson

from engine.gridworlds.compact import compact
from engine.gridworlds.dynamics import cells_of, deciding
from engine.gridworlds.maps import WALL, GridMap
from engine.gridworlds.policies import as_words
from engine.plain import plain_json
from engine.planning import kernels
from engine.planning.mdp import Bools, Floats
from engine.planning.moves import CHUNK, Codes, Moves, States, look_ahead
from engine.planning.optimum import tied_actions
from engine.planning.ordered import Settled, ordered, rounding, settle, synchronous

TIGHT = 1e-8  # ties are told apart by values that are as good as this, whatever was asked for


@dataclass(frozen=True)
class WidePlan:
    """What was settled on, and the optimum, which may be the same; tied [S], the sets of best actions by the former
    (bit 0 for the first action), optimal [S] by the latter; policy [S], one of tied each, which ends soonest; ends [S],
    whether it does for certain."""

    moves: Moves
    settled: Settled
    best: Settled
    tied: Codes
    optimal: Codes
    policy: States
    ends: Bools


def wide_plan(grid: GridMap, tolerance: float, n_sweeps: int | None = None) -> WidePlan:
    """The best values to a proven error of `tolerance`, or those after so many synchronous sweeps from V = 0."""
    moves = compact(grid)
    best = settle(moves, min(tolerance, TIGHT))
    optimal = _tied(moves, best, min(best.error, TIGHT))
    settled = best if n_sweeps is None else synchronous(moves, n_sweeps)
    tied = optimal if n_sweeps is None else _tied(moves, settled, rounding(moves) * max(1, n_sweeps))
    leading = (moves.ways, moves.offsets, moves.outcomes, moves.chances)
    policy, ends = kernels.heading(ordered(moves).order, *leading, moves.terminal, tied)
    return WidePlan(moves, settled, best, tied, optimal, policy, ends)


def figures(plan: WidePlan) -> dict[str, Any]:
    """What is to be said in numbers about a plan, but for those of each cell."""
    settled, never = plan.settled, int((~plan.ends).sum())
    return {
        "sweeps": settled.sweeps,
        "backups": settled.backups,
        "delta": settled.delta,
        "error_bound": settled.error,
        "improper": never > 0,
        "notes": [f"improper policy: from {never} of the cells the best policy may never end"] if never else [],
        "return": float(plan.best.values[plan.moves.starts].mean()),
    }


def write_json(grid: GridMap, plan: WidePlan, head: dict[str, Any], file: TextIO) -> None:
    """The object of plans.plan_object, a row of cells at a time."""
    names = grid.actions
    sets = np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1 == 1
    words = [plain_json(as_words(chosen, names)) for chosen in sets]
    taken = [plain_json(row) for row in np.eye(len(names)).tolist()]
    nothing = _as_json(np.full(len(names), np.nan))
    open_, choosing = ~cells_of(grid, WALL), deciding(grid)
    values = plan.settled.values + 0.0
    greedy, optimal = (np.where(choosing, best[: grid.size], 0) for best in (plan.tied, plan.optimal))
    policy = np.where(choosing, plan.policy[: grid.size], len(names))

    def value_row(row: slice) -> str:
        return _as_json(np.where(open_[row], values[row], np.nan))

    def q_row(row: slice) -> str:
        q = look_ahead(plan.moves, plan.settled.values, row.start, row.stop) + 0.0
        q[~open_[row]] = np.nan
        return _as_json(q).replace(nothing, "null")

    def greedy_row(row: slice) -> str:
        return f"[{','.join([words[tied] for tied in greedy[row].tolist()])}]"

    def optimal_row(row: slice) -> str:
        return f"[{','.join([words[tied] for tied in optimal[row].tolist()])}]"

    def policy_row(row: slice) -> str:
        return f"[{','.join([([*taken, 'null'])[action] for action in policy[row].tolist()])}]"

    def never_row(row: slice) -> str:
        return _as_json(~plan.ends[row])

    rows: dict[str, Callable[[slice], str]] = {
        "V": value_row,
        "Q": q_row,
        "greedy_actions": greedy_row,
        "optimal_actions": optimal_row,
        "policy": policy_row,
        "improper_cells": never_row,
    }
    file.write(plain_json(head)[:-1])
    for name, written in rows.items():
        file.write(f',"{name}":[')
        for row in _rows(grid):
            file.write(("," if row.start else "") + written(row))
        file.write("]")
    file.write("}\n")


def _rows(grid: GridMap) -> Iterator[slice]:
    return (slice(first, first + grid.cols) for first in range(0, grid.size, grid.cols))


def _as_json(array: Floats | Bools) -> str:
    """As JSON, null for NaN; orjson writes a million numbers ten times as fast as json."""
    return orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _tied(moves: Moves, settled: Settled, error: float) -> Codes:
    tied = np.empty(moves.n_states, dtype=np.uint16)
    bits = 1 << np.arange(moves.n_actions)
    for first in range(0, moves.n_states, CHUNK):
        q = look_ahead(moves, settled.values, first, first + CHUNK)
        tied[first : first + CHUNK] = tied_actions(q, error) @ bits
    return tied
