"""Pictures of a gridworld: text with the agent in it, and pixels drawn with numpy alone."""

import numpy as np
import numpy.typing as npt

from engine.gridworlds.maps import FREE, GOAL, PIT, START, WALL, GridMap

CELL_PIXELS = 32
AGENT = "@"
GRID_LINE = (203, 208, 222)
AGENT_COLOUR = (59, 91, 219)
COLOURS = {
    FREE: (247, 248, 252),
    START: (223, 228, 250),
    GOAL: (43, 138, 106),
    PIT: (201, 90, 61),
    WALL: (44, 51, 66),
}

Pixels = npt.NDArray[np.uint8]


def as_text(grid: GridMap, state: int) -> str:
    """The map's rows with the agent as @; without it, once it has left the map behind a goal."""
    rows = [list(row) for row in grid.cells]
    if state < grid.size:
        rows[state // grid.cols][state % grid.cols] = AGENT
    return "\n".join("".join(row) for row in rows) + "\n"


def as_pixels(grid: GridMap, state: int) -> Pixels:
    """[rows * 32, columns * 32, 3] uint8: a square per cell, the agent as a disc."""
    cells = np.array([[COLOURS[cell] for cell in row] for row in grid.cells], dtype=np.uint8)
    pixels = cells.repeat(CELL_PIXELS, axis=0).repeat(CELL_PIXELS, axis=1)
    pixels[::CELL_PIXELS] = GRID_LINE
    pixels[:, ::CELL_PIXELS] = GRID_LINE
    if state >= grid.size:
        return pixels
    top, left = (state // grid.cols) * CELL_PIXELS, (state % grid.cols) * CELL_PIXELS
    offsets = np.arange(CELL_PIXELS) - (CELL_PIXELS - 1) / 2
    disc = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= (0.3 * CELL_PIXELS) ** 2
    pixels[top : top + CELL_PIXELS, left : left + CELL_PIXELS][disc] = AGENT_COLOUR
    return pixels
