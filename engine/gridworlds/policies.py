"""A policy for a map as text: one row of cells per line, read with the line and column of what is wrong in it.

    E   E    E  G
    N   #    W  #
    NW  N:0.8,E:0.2  W  S

Cells are separated by blanks. A cell holds the letters of its actions, each as likely: N, NW, or apart, N,W; or each
with its probability, N:0.8,E:0.2. Where nothing is decided (walls, goals) anything may stand, as `.` or `#`. Maps with
king's moves need the commas, since there NW is one move. JSON is read too: rows of such texts or of probabilities in
the order of the actions, null where nothing is decided, or an object with such rows under "policy", as `plan --json`
prints them.
"""

import json
import math
from typing import Any

import numpy as np

from engine.gridworlds.maps import GridMap
from engine.planning.mdp import Bools, Floats

NOTHING = ("", ".", "#", "-")
SUM_TOLERANCE = 1e-6
MAX_CHARACTERS = 20_000_000


class PolicyError(ValueError):
    """A policy that cannot be followed; the sentence names the place."""


def parse_policy(text: str, grid: GridMap, decided: Bools) -> Floats:
    """[cells, A]: the policy that `text` describes, uniform where `decided` [cells] says that nothing is."""
    if len(text) > MAX_CHARACTERS:
        raise PolicyError(f"The policy has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed")
    rows = _json_rows(text, grid) if text.lstrip()[:1] in ("[", "{") else _text_rows(text, grid)
    policy = np.full((grid.size, len(grid.actions)), 1.0 / len(grid.actions))
    for state, (place, cell) in enumerate(entry for row in rows for entry in row):
        if decided[state]:
            policy[state] = _chances(cell, grid.actions, place)
    return policy


def as_words(chosen: Bools, actions: tuple[str, ...]) -> str:
    """The actions of one cell as text: NW, or N,NW where moves have names of two letters."""
    names = [name for name, taken in zip(actions, chosen, strict=True) if taken]
    return ("," if any(len(name) > 1 for name in actions) else "").join(names)


Rows = list[list[tuple[str, Any]]]


def _text_rows(text: str, grid: GridMap) -> Rows:
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        cells, column = [], 0
        for word in line.split():
            column = line.index(word, column)
            cells.append((f"line {number}, column {column + 1}", word))
            column += len(word)
        if not cells:
            continue
        if len(rows) == grid.rows:
            raise PolicyError(f"The policy, line {number}, column 1: one row too many; the map has {grid.rows} rows")
        if len(cells) != grid.cols:
            place = cells[grid.cols][0] if len(cells) > grid.cols else f"line {number}, column {len(line.rstrip()) + 1}"
            raise PolicyError(
                f"The policy, {place}: this row has {len(cells)} cells, the map has {grid.cols} columns; "
                "separate cells by blanks"
            )
        rows.append(cells)
    if len(rows) != grid.rows:
        last = text.count("\n") + 1
        raise PolicyError(f"The policy, line {last}, column 1: it has {len(rows)} rows, the map has {grid.rows}")
    return rows


def _json_rows(text: str, grid: GridMap) -> Rows:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise PolicyError(f"The policy, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):
        raise PolicyError("The policy, line 1, column 1: this JSON cannot be read") from None
    if isinstance(found, dict):
        if "policy" not in found:
            raise PolicyError('The policy, line 1, column 1: the object has no "policy"; it must hold the rows')
        found = found["policy"]
    if not isinstance(found, list) or len(found) != grid.rows:
        raise PolicyError(f"The policy, line 1, column 1: it must be a list of {grid.rows} rows, as the map has")
    for number, row in enumerate(found, start=1):
        if not isinstance(row, list) or len(row) != grid.cols:
            raise PolicyError(
                f"The policy, row {number}, column 1: it must be a list of {grid.cols} cells, as the map has columns"
            )
    return [
        [(f"row {r}, column {c}", "" if cell is None else cell) for c, cell in enumerate(row, start=1)]
        for r, row in enumerate(found, start=1)
    ]


def _chances(cell: Any, actions: tuple[str, ...], place: str) -> list[float]:
    """The probabilities [A] of one cell."""
    if isinstance(cell, list) and len(cell) == len(actions) and all(_is_number(part) for part in cell):
        return _normalised([float(part) for part in cell], str(cell), place)
    if isinstance(cell, str) and cell not in NOTHING:
        return _normalised(_spelt(cell, actions, place), repr(cell)[:60], place)
    what = "no action for a cell where one is needed" if cell in NOTHING else f"{str(cell)[:60]} is no policy of a cell"
    raise PolicyError(f"The policy, {place}: {what}; write {_allowed(actions)}")


def _spelt(cell: str, actions: tuple[str, ...], place: str) -> list[float]:
    """Weights [A] of `NW`, `N,W` or `N:0.8,W:0.2`."""
    apart = any(len(name) > 1 for name in actions)
    words = cell.split(",") if apart or "," in cell or ":" in cell else list(cell)
    weights = dict.fromkeys(actions, 0.0)
    weighted = ":" in cell
    for word in words:
        name, _, number = word.partition(":")
        if name not in weights or (weighted and not number):
            raise PolicyError(
                f"The policy, {place}: {word[:60]!r} in {cell[:60]!r} is no action; write {_allowed(actions)}"
            )
        if weights[name]:
            raise PolicyError(f"The policy, {place}: {cell[:60]!r} has {name} twice; write it once")
        weights[name] = _read_number(number, cell, place) if weighted else 1.0 / len(words)
    return list(weights.values())


def _read_number(text: str, cell: str, place: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise PolicyError(f"The policy, {place}: {text[:60]!r} in {cell[:60]!r} must be a probability between 0 and 1")
    return value


def _normalised(weights: list[float], cell: str, place: str) -> list[float]:
    total = sum(weights)
    if not all(0.0 <= weight <= 1.0 for weight in weights) or abs(total - 1.0) > SUM_TOLERANCE:
        raise PolicyError(
            f"The policy, {place}: the probabilities of {cell} add up to {total:g}; they must be between 0 and 1 "
            "and add up to 1"
        )
    return [weight / total for weight in weights]


def _allowed(actions: tuple[str, ...]) -> str:
    apart = any(len(name) > 1 for name in actions)
    both = ",".join(actions[:2]) if apart else "".join(actions[:2])
    return f"letters of {', '.join(actions)}, as {both} or {actions[0]}:0.8,{actions[1]}:0.2"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
