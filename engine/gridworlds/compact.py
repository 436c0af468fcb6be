"""A very large map as Moves: the same meaning as dynamics.tabular, in a twentieth of the memory."""

import numpy as np

from engine.gridworlds.dynamics import cell_rewards, cells_of, ends, entered_cells, moves, slips
from engine.gridworlds.maps import FREE, GOAL, PIT, START, WALL, GridMap
from engine.planning.moves import Moves


def compact(grid: GridMap) -> Moves:
    """The map's moves: each action under each gust, then what slips make of it."""
    turns = slips(grid)
    calm = grid.gusts == 0 or not any(grid.wind)
    gusts = [(0, 1.0)] if calm else [(0, 1.0 - grid.gusts), (1, grid.gusts / 2), (-1, grid.gusts / 2)]
    n_actions = len(grid.actions)
    entered = np.concatenate([entered_cells(grid, gust) for gust, _ in gusts], axis=1)
    outcomes = np.array([[turned[a] + n_actions * g for turned, _ in turns for g in range(len(gusts))]
                         for a in range(n_actions)])  # fmt: skip
    chances = np.array([a * b for _, a in turns for _, b in gusts])
    rewards = cell_rewards(grid)
    bump_reward = () if grid.bump_reward is None else (grid.bump_reward,)
    amounts = np.unique(np.concatenate([rewards, bump_reward, [reward for _, _, reward in grid.teleports]]))
    codes = np.searchsorted(amounts, rewards).astype(np.min_scalar_type(len(amounts)))
    paid = codes[entered] if grid.paid == "entering" else np.repeat(codes[:, None], entered.shape[1], axis=1)
    if grid.bump_reward is not None:
        bumps = moves(grid, grid.actions) == np.arange(grid.size)[:, None]
        paid[np.tile(bumps, len(gusts))] = np.searchsorted(amounts, grid.bump_reward)
    for source, _, reward in grid.teleports:
        paid[source[0] * grid.cols + source[1]] = np.searchsorted(amounts, reward)
    goals, pits, walls = (cells_of(grid, kind) for kind in (GOAL, PIT, WALL))
    starting = cells_of(grid, START) if grid.starts == "marked" else cells_of(grid, START) | cells_of(grid, FREE)
    starts = np.flatnonzero(starting)
    terminal = ends(grid) | walls
    if grid.pits == "restart" and grid.paid == "entering":
        entered[pits[entered]] = starts[0]
    if grid.paid == "leaving":
        entered[ends(grid)] = grid.size
        left = ends(grid)
        if grid.pits == "restart":
            entered[pits] = starts[0]
            left = left | pits
        paid[left] = codes[left, None]
        entered = np.concatenate([entered, np.full((1, entered.shape[1]), grid.size, dtype=np.int32)])
        paid = np.concatenate([paid, np.zeros((1, paid.shape[1]), dtype=codes.dtype)])
        terminal, goals = np.append(walls, True), np.append(np.zeros(grid.size, dtype=np.bool_), True)
    return Moves(entered, paid, amounts, outcomes, chances, terminal, goals, starts, grid.discount)
