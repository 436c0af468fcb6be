"""GridMap: one gridworld as plain values, and the checks that make it playable."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

MIN_SIDE, MAX_SIDE = 2, 50
FREE, WALL, START, GOAL, PIT = ".", "#", "S", "G", "P"
CELLS = {FREE: "free", WALL: "wall", START: "start", GOAL: "goal", PIT: "pit"}

# The order of actions everywhere: north, east, south, west, as (row, column) steps.
ACTIONS = ("N", "E", "S", "W")
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))


class MapError(ValueError):
    """A map that cannot be played. `line` and `column` count from 1 in the map's text, where they apply."""

    def __init__(self, problem: str, line: int | None = None, column: int | None = None):
        place = "" if line is None else f", line {line}" + ("" if column is None else f", column {column}")
        super().__init__(f"The map{place}: {problem}")
        self.problem, self.line, self.column = problem, line, column


@dataclass(frozen=True)
class GridMap:
    """A gridworld. Rows and columns count from 0 here (from 1 in the text a person reads).

    cells         one text per row, of `.` free, `#` wall, `S` start, `G` goal, `P` pit
    slip          probability that a move goes sideways, half of it to each side
    step_reward   paid on every move, unless the entered cell pays its own reward instead
    goal_reward, pit_reward   paid instead on entering a goal or a pit
    pits          "end": a pit ends the episode; "restart": it sends the agent back to the start
    starts        "marked": episodes start at an S, each as likely; "anywhere": in any open cell
    discount      for planning without a time limit
    time_limit    moves after which an episode is cut off
    observation   "cell": the agent sees where it is; "walls": only which of its four sides are blocked
    rewards       ((row, column), reward) for cells with a reward of their own, in reading order
    """

    cells: tuple[str, ...]
    slip: float = 0.0
    step_reward: float = -1.0
    goal_reward: float = -1.0
    pit_reward: float = -1.0
    pits: Literal["end", "restart"] = "end"
    starts: Literal["marked", "anywhere"] = "marked"
    discount: float = 1.0
    time_limit: int = 100
    observation: Literal["cell", "walls"] = "cell"
    rewards: tuple[tuple[tuple[int, int], float], ...] = ()

    @property
    def rows(self) -> int:
        return len(self.cells)

    @property
    def cols(self) -> int:
        return len(self.cells[0])

    @property
    def actions(self) -> tuple[str, ...]:
        """The names of the actions, in the order of every array and list."""
        return ACTIONS

    def positions(self, kind: str) -> list[tuple[int, int]]:
        """Where cells of one kind are, in reading order."""
        return [(r, c) for r, row in enumerate(self.cells) for c, cell in enumerate(row) if cell == kind]

    def start_positions(self) -> list[tuple[int, int]]:
        """Where an episode may begin, each with the same probability."""
        if self.starts == "anywhere":
            return sorted(self.positions(START) + self.positions(FREE))
        return self.positions(START)

    def open(self, row: int, column: int) -> bool:
        """Whether the agent may be there: inside the grid and no wall."""
        return 0 <= row < self.rows and 0 <= column < self.cols and self.cells[row][column] != WALL


def check(grid: GridMap, first_line: int = 1) -> None:
    """Raise MapError unless the map can be played; its top row is line `first_line` of its text."""
    _check_size(grid, first_line)
    for r, row in enumerate(grid.cells):
        if len(row) != grid.cols:
            raise MapError(
                f"this row has {len(row)} cells, the first row has {grid.cols}; all rows must be equally long",
                first_line + r,
                min(len(row), grid.cols) + 1,
            )
        for c, cell in enumerate(row):
            if cell not in CELLS:
                raise MapError(f"{cell!r} is no cell; allowed are {legend()}", first_line + r, c + 1)
    if not grid.positions(GOAL):
        raise MapError("there is no goal; put at least one G")
    starts = grid.start_positions()
    if not starts:
        raise MapError("there is no start; put at least one S, or write `starts = anywhere` above the grid")
    if grid.pits == "restart" and len(starts) > 1:
        raise MapError(f"`pits = restart` needs one start to go back to; the map has {len(starts)}")
    solvable = _leads_to_goal(grid)
    for r, c in starts:
        if (r, c) not in solvable:
            raise MapError("no goal can be reached from this start", first_line + r, c + 1)
    for (r, c), _ in grid.rewards:
        if not grid.open(r, c):
            raise MapError(f"the cell at row {r + 1}, column {c + 1} is a wall or outside; it cannot have a reward")


def legend() -> str:
    """The cells a map may hold, in words."""
    return ", ".join(f"{character} ({kind})" for character, kind in CELLS.items())


def _check_size(grid: GridMap, first_line: int) -> None:
    if not grid.cells:
        raise MapError("there is no grid; write at least two rows of cells")
    allowed = f"allowed are {MIN_SIDE} to {MAX_SIDE}"
    if not MIN_SIDE <= grid.rows <= MAX_SIDE:
        size = "small" if grid.rows < MIN_SIDE else "large"
        raise MapError(f"the grid is too {size}: {_count(grid.rows, 'row')}; {allowed}", first_line)
    if not MIN_SIDE <= grid.cols <= MAX_SIDE:
        size = "small" if grid.cols < MIN_SIDE else "large"
        raise MapError(f"the grid is too {size}: {_count(grid.cols, 'column')}; {allowed}", first_line)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _leads_to_goal(grid: GridMap) -> set[tuple[int, int]]:
    """Cells from which some path enters a goal without leaving through a pit."""
    found = set(grid.positions(GOAL))
    border = deque(found)
    while border:
        row, column = border.popleft()
        for down, right in STEPS:
            cell = (row + down, column + right)
            if cell not in found and grid.open(*cell) and grid.cells[cell[0]][cell[1]] in (FREE, START):
                found.add(cell)
                border.append(cell)
    return found
