"""Whether a map can be played, and if not, what is wrong where."""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import generate_binary_structure, label

from engine.gridworlds.dynamics import cells_of, ends, entered_cells
from engine.gridworlds.maps import (
    CELLS,
    FREE,
    GOAL,
    MAX_SIDE,
    MAX_WIND,
    MIN_SIDE,
    PIT,
    START,
    WALL,
    Cell,
    GridMap,
    MapError,
    legend,
)
from engine.planning.mdp import Bools

# Where in a map's text things stand: "grid", "wind", ("reward", cell), ("teleport", cell) -> line.
Lines = Mapping[object, int]


def check(grid: GridMap, lines: Lines | None = None, max_side: int = MAX_SIDE) -> None:
    """Raise MapError unless the map can be played; `lines` says where its parts stand in its text."""
    lines = {"grid": 1} if lines is None else lines
    first = lines.get("grid", 1)
    _check_size(grid, first, max_side)
    _check_cells(grid, first)
    _check_extras(grid, lines)
    if grid.episodes == "ending" and not grid.positions(GOAL):
        raise MapError("there is no goal; put at least one G, or write `episodes = continuing`", first, 1)
    starts = grid.start_positions()
    if not starts:
        raise MapError("there is no start; put at least one S, or write `starts = anywhere` above the grid", first, 1)
    if grid.pits == "restart" and len(starts) > 1:
        raise MapError(f"`pits = restart` needs one start to go back to; the map has {len(starts)}", first, 1)
    if grid.episodes == "ending":
        solvable = leads_to_goal(grid)
        for r, c in starts:
            if not solvable[r * grid.cols + c]:
                raise MapError("no goal can be reached from this start", first + r, c + 1)


def leads_to_goal(grid: GridMap) -> Bools:
    """[cells]: from where some moves, with luck in slips and gusts, enter a goal without ending in a pit."""
    if not (grid.wind or grid.teleports or grid.pits == "restart"):
        return _connected_to_goal(grid)
    gusts = (0, 1, -1) if grid.gusts > 0 else (0,)
    entered = np.concatenate([entered_cells(grid, gust) for gust in gusts], axis=1)
    walking = np.array([cell in (FREE, START) for row in grid.cells for cell in row])
    if grid.pits == "restart":
        walking = np.array([cell != "#" for row in grid.cells for cell in row]) & ~ends(grid)
    sources = np.repeat(np.flatnonzero(walking), entered.shape[1])
    targets = entered[walking].ravel()
    order = np.argsort(targets, kind="stable")
    sources, counts = sources[order], np.bincount(targets, minlength=grid.size)
    beginnings = np.concatenate([[0], counts.cumsum()])
    found = np.array([cell == GOAL for row in grid.cells for cell in row])
    border = np.flatnonzero(found)
    while border.size:
        # All edges into the border: for each of its cells, the slice of `sources` that belongs to it.
        lengths = counts[border]
        offsets = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
        before = sources[np.repeat(beginnings[border], lengths) + offsets]
        border = np.unique(before[~found[before]])
        found[border] = True
    return found


def _connected_to_goal(grid: GridMap) -> Bools:
    """[cells]: the same where every move can be taken back: goals, and what is connected to one without a pit."""
    open_ = ~(cells_of(grid, WALL) | cells_of(grid, PIT))
    goals = cells_of(grid, GOAL)
    around = generate_binary_structure(2, 1 if grid.moves == "straight" else 2)
    labels = label(open_.reshape(grid.rows, grid.cols), around)[0].ravel()
    return open_ & np.isin(labels, np.unique(labels[goals]))


def _check_size(grid: GridMap, first: int, max_side: int) -> None:
    if not grid.cells:
        raise MapError("there is no grid; write at least two rows of cells", first, 1)
    allowed = f"allowed are {MIN_SIDE} to {max_side}"
    if grid.rows < MIN_SIDE:
        raise MapError(f"the grid is too small: {_count(grid.rows, 'row')}; {allowed}", first, 1)
    if grid.rows > max_side:
        raise MapError(f"the grid is too large: {_count(grid.rows, 'row')}; {allowed}", first + max_side, 1)
    if grid.cols < MIN_SIDE:
        raise MapError(f"the grid is too small: {_count(grid.cols, 'column')}; {allowed}", first, 1)
    if grid.cols > max_side:
        raise MapError(f"the grid is too large: {_count(grid.cols, 'column')}; {allowed}", first, max_side + 1)


def _check_cells(grid: GridMap, first: int) -> None:
    known = set(CELLS)
    for r, row in enumerate(grid.cells):
        if len(row) != grid.cols:
            raise MapError(
                f"this row has {len(row)} cells, the first row has {grid.cols}; all rows must be equally long",
                first + r,
                min(len(row), grid.cols) + 1,
            )
        if not known.issuperset(row):
            c = next(c for c, cell in enumerate(row) if cell not in known)
            raise MapError(f"{row[c]!r} is no cell; allowed are {legend()}", first + r, c + 1)


def _check_extras(grid: GridMap, lines: Lines) -> None:
    """Wind, rewards and teleports fit the grid."""
    if grid.wind and len(grid.wind) != grid.cols:
        raise MapError(
            f"wind has {_count(len(grid.wind), 'number')}; it must be none or one for each of the {grid.cols} columns",
            lines.get("wind"),
            None if "wind" not in lines else 1,
        )
    if any(abs(strength) > MAX_WIND for strength in grid.wind):
        raise MapError(f"wind must be between {-MAX_WIND} and {MAX_WIND}", lines.get("wind"))
    for cell, _ in grid.rewards:
        if not grid.open(*cell):
            raise MapError(
                f"{_place(cell)} is a wall or outside; it cannot have a reward", *_line(lines, "reward", cell)
            )
    for source, target, _ in grid.teleports:
        line = _line(lines, "teleport", source)
        if not grid.open(*source) or grid.cells[source[0]][source[1]] not in (FREE, START):
            raise MapError(f"{_place(source)} is no free cell; a teleport must begin in one", *line)
        if not grid.open(*target):
            raise MapError(f"{_place(target)} is a wall or outside; a teleport cannot lead there", *line)


def _line(lines: Lines, kind: str, cell: Cell) -> tuple[int | None, int | None]:
    line = lines.get((kind, cell))
    return (None, None) if line is None else (line, 1)


def _place(cell: Cell) -> str:
    return f"the cell at row {cell[0] + 1}, column {cell[1] + 1}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
