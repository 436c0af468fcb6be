"""A very large map as Moves: the same meaning as dynamics.tabular, in a fraction of the memory."""

from collections.abc import Iterator

import numpy as np

from engine.gridworlds.dynamics import cell_rewards, cells_of, ends, entered_by, moved, slips
from engine.gridworlds.maps import FREE, GOAL, PIT, START, WALL, GridMap
from engine.planning.mdp import Floats
from engine.planning.moves import CHUNK, Codes, Column, Moves, coded


def compact(grid: GridMap) -> Moves:
    """The map's moves: each action under each gust, then what slips make of it."""
    turns, gusts = slips(grid), _gusts(grid)
    n_actions = len(grid.actions)
    outcomes = np.array([[turned[a] + n_actions * g for turned, _ in turns for g in range(len(gusts))]
                         for a in range(n_actions)])  # fmt: skip
    chances = np.array([a * b for _, a in turns for _, b in gusts])
    starting = cells_of(grid, START) if grid.starts == "marked" else cells_of(grid, START) | cells_of(grid, FREE)
    starts = np.flatnonzero(starting)
    codes, amounts = _payments(grid)

    def columns() -> Iterator[Column]:
        for gust, _ in gusts:
            for action in grid.actions:
                yield _column(grid, action, gust, codes, amounts, int(starts[0]))

    coding = coded(columns, amounts)
    walls, goals = cells_of(grid, WALL), cells_of(grid, GOAL)
    terminal = ends(grid) | walls
    if grid.paid == "leaving":
        terminal, goals = np.append(walls, True), np.append(np.zeros(grid.size, dtype=np.bool_), True)
    return Moves(*coding, outcomes, chances, terminal, goals, starts, grid.discount)


def _gusts(grid: GridMap) -> list[tuple[int, float]]:
    """(how many cells the wind is stronger, with what probability)."""
    if grid.gusts == 0 or not any(grid.wind):
        return [(0, 1.0)]
    return [(0, 1.0 - grid.gusts), (1, grid.gusts / 2), (-1, grid.gusts / 2)]


def _column(grid: GridMap, action: str, gust: int, codes: Codes, amounts: Floats, start: int) -> Column:
    """([S] where an action leads under a gust, [S] what that pays, as places in `amounts`); `codes` [cells] are those
    of what each cell pays, and `start` is where an episode begins again."""
    entered = entered_by(grid, action, gust)
    paid = codes[entered] if grid.paid == "entering" else codes.copy()
    if grid.bump_reward is not None:
        paid[moved(grid, action) == np.arange(grid.size)] = np.searchsorted(amounts, grid.bump_reward)
    for source, _, reward in grid.teleports:
        paid[source[0] * grid.cols + source[1]] = np.searchsorted(amounts, reward)
    pits = cells_of(grid, PIT) if grid.pits == "restart" else np.zeros(grid.size, dtype=np.bool_)
    if grid.paid == "entering":
        entered[pits[entered]] = start
        return entered, paid
    entered[ends(grid)] = grid.size
    entered[pits] = start
    left = ends(grid) | pits
    paid[left] = codes[left]
    return np.append(entered, np.int32(grid.size)), np.append(paid, codes[0])


def _payments(grid: GridMap) -> tuple[Codes, Floats]:
    """([cells] what each pays, as a place in the amounts; [*] all amounts that a move may pay)."""
    own = [reward for _, reward in grid.rewards] + [reward for _, _, reward in grid.teleports]
    bump = [] if grid.bump_reward is None else [grid.bump_reward]
    amounts = np.unique(np.array([grid.step_reward, grid.goal_reward, grid.pit_reward, *own, *bump], dtype=float))
    rewards = cell_rewards(grid)
    codes = np.empty(grid.size, dtype=np.min_scalar_type(len(amounts)))
    for first in range(0, grid.size, CHUNK):
        codes[first : first + CHUNK] = np.searchsorted(amounts, rewards[first : first + CHUNK])
    return codes, amounts
