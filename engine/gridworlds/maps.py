"""GridMap: one gridworld as plain values."""

import re
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

MIN_SIDE, MAX_SIDE = 2, 50
FREE, WALL, START, GOAL, PIT = ".", "#", "S", "G", "P"
CELLS = {FREE: "free", WALL: "wall", START: "start", GOAL: "goal", PIT: "pit"}
MAX_WIND = 9

# The order of actions everywhere: north, east, south, west, then with king's moves the diagonals, clockwise too.
STEPS = {
    "N": (-1, 0),
    "E": (0, 1),
    "S": (1, 0),
    "W": (0, -1),
    "NE": (-1, 1),
    "SE": (1, 1),
    "SW": (1, -1),
    "NW": (-1, -1),
}
ACTIONS = {"straight": tuple(STEPS)[:4], "king": tuple(STEPS)}

Cell = tuple[int, int]


class MapError(ValueError):
    """A map that cannot be played. `line` and `column` count from 1 in the map's text, where they apply."""

    def __init__(self, problem: str, line: int | None = None, column: int | None = None):
        place = "" if line is None else f", line {line}" + ("" if column is None else f", column {column}")
        super().__init__(f"The map{place}: {problem}")
        self.problem, self.line, self.column = problem, line, column


class Teleport(NamedTuple):
    """Every move made in `source` leads to `target` and pays `reward`."""

    source: Cell
    target: Cell
    reward: float


@dataclass(frozen=True)
class GridMap:
    """A gridworld. Rows and columns count from 0 here (from 1 in the text a person reads).

    cells         one text per row, of `.` free, `#` wall, `S` start, `G` goal, `P` pit
    moves         "straight": north, east, south, west; "king": the diagonals too
    slip          probability that a move goes sideways (at a right angle), half of it to each side
    wind          for each column, how many cells the wind carries the agent north after a move made there (negative:
                  south), as far as walls and the edge let it; () where there is none
    gusts         probability that the wind, where there is any, is one cell stronger or weaker, half each
    step_reward   paid on every move, unless the cell pays its own reward instead
    goal_reward, pit_reward   paid instead for a goal or a pit
    bump_reward   paid instead where the move itself ends at a wall or the edge; None: what the cell pays
    paid          "entering": a move pays for the cell it enters, and entering a goal ends the episode;
                  "leaving": a move pays for the cell it is made in, and a goal is left for good by one last move
    pits          "end": a pit ends the episode as a goal does; "restart": it sends the agent back to the start
    starts        "marked": episodes start at an S, each as likely; "anywhere": in any open cell
    episodes      "ending": a goal must be within reach; "continuing": the map needs none, only time ends an episode
    discount      for planning without a time limit
    time_limit    moves after which an episode is cut off
    observation   "cell": the agent sees where it is; "walls": only which of its four sides are blocked
    rewards       ((row, column), reward) for cells with a reward of their own, in reading order
    teleports     in reading order of their sources
    """

    cells: tuple[str, ...]
    moves: Literal["straight", "king"] = "straight"
    slip: float = 0.0
    wind: tuple[int, ...] = ()
    gusts: float = 0.0
    step_reward: float = -1.0
    goal_reward: float = -1.0
    pit_reward: float = -1.0
    bump_reward: float | None = None
    paid: Literal["entering", "leaving"] = "entering"
    pits: Literal["end", "restart"] = "end"
    starts: Literal["marked", "anywhere"] = "marked"
    episodes: Literal["ending", "continuing"] = "ending"
    discount: float = 1.0
    time_limit: int = 100
    observation: Literal["cell", "walls"] = "cell"
    rewards: tuple[tuple[Cell, float], ...] = ()
    teleports: tuple[Teleport, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.cells)

    @property
    def cols(self) -> int:
        return len(self.cells[0])

    @property
    def size(self) -> int:
        """How many cells there are, walls included."""
        return self.rows * self.cols

    @property
    def actions(self) -> tuple[str, ...]:
        """The names of the actions, in the order of every array and list."""
        return ACTIONS[self.moves]

    def positions(self, kind: str) -> list[Cell]:
        """Where cells of one kind are, in reading order."""
        return [(r, found.start()) for r, row in enumerate(self.cells) for found in re.finditer(re.escape(kind), row)]

    def start_positions(self) -> list[Cell]:
        """Where an episode may begin, each with the same probability."""
        if self.starts == "anywhere":
            return sorted(self.positions(START) + self.positions(FREE))
        return self.positions(START)

    def open(self, row: int, column: int) -> bool:
        """Whether the agent may be there: inside the grid and no wall."""
        return 0 <= row < self.rows and 0 <= column < self.cols and self.cells[row][column] != WALL


def legend() -> str:
    """The cells a map may hold, in words."""
    return ", ".join(f"{character} ({kind})" for character, kind in CELLS.items())


def in_rows(grid: GridMap, per_cell: list[Any]) -> list[list[Any]]:
    """One entry per cell in reading order, as the grid's rows."""
    return [per_cell[first : first + grid.cols] for first in range(0, grid.size, grid.cols)]
