"""The gridworld lab's routes: a map's exact answer with the first sweeps, further sweeps, the best without memory.

They take POST with {"map": a name or text, "method": one of METHODS, "in_place": bool, "policy": rows of probabilities
or null for the random one, "q": whether sweeps come with Q}; /api/plan also "cell", and /api/plan/sweeps "from" and
"finish"; /api/plan/memoryless needs no more than a map. One that cannot be read is answered with its sentence, line and
column.
"""

import math
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from engine.gridworlds.dynamics import wall_codes
from engine.gridworlds.maps import CELLS, GridMap, MapError
from engine.gridworlds.text import MAX_CHARACTERS, SETTINGS, print_map
from engine.planning.horizon import optimal_return
from engine.planning.mdp import Bools, Floats, start_value
from engine.planning.solving import IN_PLACE, METHODS
from engine.settings import shown
from pages.parts.lab_course import MAX_SWEEPS, Course, Solved, course, solved, thinned
from pages.parts.lab_memoryless import memoryless
from pages.routes.answers import Refused, answer

WINDOW_NUMBERS = 12_000  # of as many sweeps as this makes the values go out at once
CURVE_POINTS = 300
GROWING_SECONDS = 0.4
FIELDS = ("map", "method", "in_place", "policy", "q", "cell", "from", "finish")


def plan(request: Request, body: Any) -> Response:
    """The map as it was read, the exact answer, and the first sweeps; with "cell" what its moves lead to."""
    wanted = _fields(body)
    try:
        known = solved(wanted["map"])
    except MapError as error:
        return _unreadable(error)
    going = _course(wanted, known)
    told = {
        "map": described(known.grid),
        "answer": told_answer(known, going),
        "sweeps": window(known, going, 0, wanted["q"]),
        "remarks": remarks(known, going),
    }
    cell = wanted.get("cell")
    if cell is not None:
        if not isinstance(cell, int) or isinstance(cell, bool) or not 0 <= cell < known.grid.size:
            raise Refused(422, f"cell is {shown(cell)}; it must be a whole number between 0 and {known.grid.size - 1}")
        told["moves"] = moves(known, going, cell)
    return answer(told)


def sweeps(request: Request, body: Any) -> Response:
    """The sweeps from number "from" on, as many as fit; with "finish" also the curves of all that were made."""
    wanted = _fields(body)
    first = wanted.get("from", 0)
    if not isinstance(first, int) or isinstance(first, bool) or not 0 <= first <= MAX_SWEEPS:
        raise Refused(422, f"from is {shown(first)}; it must be a whole number between 0 and {MAX_SWEEPS}")
    try:
        known = solved(wanted["map"])
    except MapError as error:
        return _unreadable(error)
    going = _course(wanted, known)
    if wanted["finish"]:
        going.grow(MAX_SWEEPS, GROWING_SECONDS)
    told: dict[str, Any] = {"sweeps": window(known, going, first, wanted["q"])}
    if wanted["finish"]:
        told["curve"] = curve(going)
        told["limited"] = limited(known)
    return answer(told)


def blindfold(request: Request, body: Any) -> Response:
    """The best that can be done seeing only walls: asked for again and again until it is found."""
    wanted = _fields(body)
    try:
        return answer(memoryless(wanted["map"]))
    except MapError as error:
        return _unreadable(error)


def described(grid: GridMap) -> dict[str, Any]:
    """A map as the screen needs it; `text` has every setting written out."""
    return {
        "text": print_map(grid),
        "rows": grid.rows,
        "cols": grid.cols,
        "cells": [[CELLS[cell] for cell in row] for row in grid.cells],
        "actions": list(grid.actions),
        "settings": {name: getattr(grid, name) for name in SETTINGS},
        "seen": wall_codes(grid)[: grid.size].tolist(),
        "rewards": [[row, column, reward] for (row, column), reward in grid.rewards],
        "teleports": [[*source, *target, reward] for source, target, reward in grid.teleports],
    }


def told_answer(known: Solved, going: Course) -> dict[str, Any]:
    """Values, q, and as bits per cell the greedy and the optimal actions (1 for the first action, 2, 4, ...)."""
    found, cells = going.answer, known.grid.size
    return {
        "values": found.values[:cells].tolist(),
        "q": _finite(found.q)[:cells],
        "greedy": _bits(found.greedy)[:cells],
        "optimal": _bits(known.best.optimal)[:cells],
        "best": known.best.values[:cells].tolist(),
        "improper_cells": np.flatnonzero(found.improper & _open(known)).tolist(),
        "ends": known.mdp.terminal[:cells].tolist(),
        "start": start_value(known.mdp, found.values),
        "best_start": start_value(known.mdp, known.best.values),
    }


def window(known: Solved, going: Course, first: int, with_q: bool) -> dict[str, Any]:
    """Sweeps from `first` on: values [n][S], greedy bits [n][S], perhaps q [n][S][A], and what is known of each."""
    cells = known.grid.size
    each = cells * (2 + going.mdp.n_actions * with_q)
    last = first + max(1, min(400, WINDOW_NUMBERS // each)) - 1
    going.grow(last)
    last = min(last, going.length)
    there = range(min(first, going.length), last + 1)
    ahead = [going.looked_ahead(number) for number in there]
    return {
        "from": there.start,
        "values": [going.values[number][:cells].tolist() for number in there],
        "q": [_finite(q)[:cells] for q, _ in ahead] if with_q else None,
        "greedy": [_bits(chosen)[:cells] for _, chosen in ahead],
        "delta": [going.deltas[number] for number in there],
        "bound": [going.bounds[number] for number in there],
        "backups": [going.backups[number] for number in there],
        "made": going.length,
        "ended": going.ended,
    }


def curve(going: Course) -> dict[str, Any]:
    """delta, bound and backups over the sweeps that were made, thinned where they are many."""
    at = list(thinned(going.length, CURVE_POINTS))
    return {
        "sweeps": at,
        "delta": [going.deltas[number] for number in at],
        "bound": [going.bounds[number] for number in at],
        "backups": [going.backups[number] for number in at],
    }


def moves(known: Solved, going: Course, cell: int) -> dict[str, Any]:
    """What actions may lead to from a cell, [probability, reward, next cell or null for the end], and its chance."""
    mdp, told = known.mdp, []
    for action, name in enumerate(known.grid.actions):
        merged: dict[tuple[int, float], float] = {}
        outcomes = zip(mdp.next_states[cell, action], mdp.rewards[cell, action], strict=True)
        for (state, reward), chance in zip(outcomes, mdp.probabilities[cell, action], strict=True):
            if chance > 0:
                merged[int(state), float(reward)] = merged.get((int(state), float(reward)), 0.0) + float(chance)
        # Where rewards are paid on leaving, the place behind a goal is no cell either.
        outcomes_told = [[p, r, None if mdp.terminal[s] else s] for (s, r), p in merged.items()]
        told.append({"action": name, "chance": float(going.answer.policy[cell, action]), "outcomes": outcomes_told})
    return {"cell": cell, "ends": bool(mdp.terminal[cell]), "actions": told}


def remarks(known: Solved, going: Course) -> list[str]:
    """What somebody should know before believing the numbers: where there is no finite value, and why."""
    found, here = going.answer, _open(known)
    said = []
    if going.method == "policy-evaluation":
        lost, improper = int((found.lost & here).sum()), int((found.improper & here).sum())
        if lost:
            said.append(
                f"Improper policy: from {_cells(lost)} it may never end and pays on the way, so at discount 1 "
                "there is no finite value. Each sweep shows the value of so many moves."
            )
        elif improper and known.grid.discount == 1.0:
            said.append(f"Improper policy: from {_cells(improper)} it may never end, where going on pays nothing.")
        elif improper:
            said.append(f"From {_cells(improper)} the policy may never end; the discount keeps every value finite.")
    forever = known.best.domain.forever
    if forever is not None and going.method != "policy-evaluation":
        endless, doomed = int((forever.endless & here).sum()), int((forever.doomed & here).sum())
        if endless:
            said.append(f"From {_cells(endless)} reward can be collected for ever: the best value is infinite.")
        if doomed:
            said.append(f"From {_cells(doomed)} no policy ends: at discount 1 the best value is minus infinity.")
    if math.isnan(going.bounds[-1]) and not said:
        said.append("No bound on the error can be proven here, because going on for ever costs almost nothing.")
    return said


def limited(known: Solved) -> dict[str, Any]:
    """The best expected return from the start within the map's time limit, beside the one without a limit."""
    values, _ = optimal_return(known.mdp, known.grid.time_limit, known.mdp.discount)
    return {"moves": known.grid.time_limit, "best": float(known.mdp.start @ values)}


def _fields(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or not isinstance(body.get("map"), str):
        raise Refused(422, 'The body must be an object with a map, as {"map": "cliff"}')
    for name in body:
        if name not in FIELDS:
            raise Refused(422, f"{shown(name)} is not known here; known are {', '.join(FIELDS)}")
    if len(body["map"]) > MAX_CHARACTERS:
        raise Refused(422, f"map has {len(body['map']):,} characters; at most {MAX_CHARACTERS:,} are allowed")
    method, in_place = body.setdefault("method", METHODS[0]), body.setdefault("in_place", False)
    for name in ("q", "finish"):
        if not isinstance(body.setdefault(name, False), bool):
            raise Refused(422, f"{name} is {shown(body[name])}; it must be true or false")
    if method not in METHODS:
        raise Refused(422, f"method is {shown(method)}; it must be one of {', '.join(METHODS)}")
    if not isinstance(in_place, bool) or (in_place and method not in IN_PLACE):
        raise Refused(422, f"in_place is {shown(in_place)}; it may be true for {' and '.join(IN_PLACE)}, else false")
    return body


def _course(wanted: dict[str, Any], known: Solved) -> Course:
    policy = wanted.get("policy")
    if policy is None or wanted["method"] != "policy-evaluation":
        return course(wanted["map"], wanted["method"], wanted["in_place"])
    mdp = known.mdp
    table = np.full((mdp.n_states, mdp.n_actions), 1.0 / mdp.n_actions)
    rows = [cell for row in policy for cell in row] if _is_table(policy) else []
    if len(rows) != known.grid.size:
        raise Refused(422, f"policy must have {known.grid.rows} rows of {known.grid.cols} cells, as the map has")
    for state, chances in enumerate(rows):
        if chances is not None:
            table[state] = _normalised(chances, mdp.n_actions)
    return course(wanted["map"], wanted["method"], wanted["in_place"], tuple(table.ravel().tolist()))


def _is_table(policy: Any) -> bool:
    return isinstance(policy, list) and all(isinstance(row, list) for row in policy)


def _normalised(chances: Any, actions: int) -> Floats:
    """The probabilities of one cell, which rounding may have moved a little."""
    numbers = isinstance(chances, list) and all(type(p) in (int, float) and 0.0 <= p <= 1.0 for p in chances)
    if not numbers or len(chances) != actions or abs(sum(chances) - 1.0) > 0.01:
        raise Refused(422, f"policy has {shown(chances)} in a cell; it must be {actions} probabilities or null")
    return np.array(chances) / sum(chances)


def _unreadable(error: MapError) -> Response:
    return answer({"problems": [str(error)], "line": error.line, "column": error.column}, 422)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _open(known: Solved) -> Bools:
    """[S]: cells where a move is made; what lies behind the goals is none."""
    cells = np.zeros(known.mdp.n_states, dtype=bool)
    cells[: known.grid.size] = True
    return cells & ~known.mdp.terminal


def _finite(q: Floats) -> list[list[float]]:
    return np.where(np.isfinite(q), q, np.nan).round(9).tolist()


def _bits(chosen: Bools) -> list[int]:
    return (chosen @ (1 << np.arange(chosen.shape[1]))).tolist()
