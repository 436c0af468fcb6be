"""Large maps to plan on: scattered walls, none, a maze, and scattered with one cell walled in."""

import numpy as np

from engine.gridworlds.maps import GridMap

SLIP, WALLS = 0.2, 0.15


def grid(kind: str, side: int, discount: float) -> GridMap:
    rng = np.random.default_rng(0)
    if kind == "maze":
        open_ = maze(side, rng)
    else:
        open_ = rng.random((side, side)) >= (0.0 if kind == "open" else WALLS)
        open_[:5, :5] = open_[-5:, -5:] = True
    if kind == "enclosed":
        middle = side // 2
        open_[middle - 1 : middle + 2, middle - 1 : middle + 2] = False
        open_[middle, middle] = True
    cells = np.where(open_, b".", b"#")
    last = np.unravel_index(open_.size - 1 - open_.ravel()[::-1].argmax(), open_.shape)  # in less memory than a list
    cells[0, 0], cells[last] = b"S", b"G"
    return GridMap(tuple(row.tobytes().decode() for row in cells), slip=SLIP, discount=discount)


def maze(side: int, rng: np.random.Generator) -> np.ndarray:
    """Depth first from one corner, rooms on the even rows and columns."""
    rooms = (side + 1) // 2
    open_ = np.zeros((side, side), dtype=bool)
    open_[0, 0], way = True, [(0, 0)]
    while way:
        row, col = way[-1]
        near = [(row + down, col + right) for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        fresh = [(r, c) for r, c in near if 0 <= r < rooms and 0 <= c < rooms and not open_[2 * r, 2 * c]]
        if not fresh:
            way.pop()
            continue
        r, c = fresh[rng.integers(len(fresh))]
        open_[2 * r, 2 * c] = open_[row + r, col + c] = True
        way.append((r, c))
    return open_
