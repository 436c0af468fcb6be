"""What a map means: its Markov decision process, its observations, and Gymnasium's `P` of it.

States are cells in reading order, row * columns + column, walls included (nothing leads into one).
"""

import numpy as np

from engine.gridworlds.maps import ACTIONS, GOAL, PIT, STEPS, GridMap
from engine.planning.mdp import Bools, Floats, Ints, TabularMDP

N_WALL_CODES = 2 ** len(ACTIONS)
Outcome = tuple[float, int, float, bool]


def tabular(grid: GridMap) -> TabularMDP:
    """The map as arrays. An action's outcomes: as meant, slipped to its left, slipped to its right."""
    intended = moves(grid)
    turns, chances = [0], [1.0]
    if grid.slip > 0:
        turns, chances = [0, -1, 1], [1.0 - grid.slip, grid.slip / 2, grid.slip / 2]
    entered = np.stack([np.roll(intended, -turn, axis=1) for turn in turns], axis=-1)
    rewards = cell_rewards(grid)[entered]
    terminal = _cells(grid, GOAL) | (_cells(grid, PIT) & (grid.pits == "end"))
    start = np.zeros(grid.rows * grid.cols)
    start[[r * grid.cols + c for r, c in grid.start_positions()]] = 1.0 / len(grid.start_positions())
    landed = entered
    if grid.pits == "restart":
        landed = np.where(_cells(grid, PIT)[entered], int(start.argmax()), entered)
    blocked = ~_open(grid)
    return TabularMDP(
        next_states=landed,
        probabilities=np.broadcast_to(np.array(chances), landed.shape),
        rewards=rewards,
        terminal=terminal | blocked,
        start=start,
        discount=grid.discount,
    )


def moves(grid: GridMap) -> Ints:
    """[S, 4]: the cell each action enters when nothing slips; into a wall or the edge, the same cell."""
    states = np.arange(grid.rows * grid.cols).reshape(grid.rows, grid.cols)
    open_ = _open(grid).reshape(grid.rows, grid.cols)
    entered = np.empty((states.size, len(STEPS)), dtype=np.int64)
    for action, (down, right) in enumerate(STEPS):
        rows = np.clip(np.arange(grid.rows) + down, 0, grid.rows - 1)
        cols = np.clip(np.arange(grid.cols) + right, 0, grid.cols - 1)
        beyond = states[np.ix_(rows, cols)]
        entered[:, action] = np.where(open_[np.ix_(rows, cols)], beyond, states).ravel()
    return entered


def cell_rewards(grid: GridMap) -> Floats:
    """[S]: what entering each cell pays."""
    paid = np.full(grid.rows * grid.cols, float(grid.step_reward))
    paid[_cells(grid, GOAL)] = grid.goal_reward
    paid[_cells(grid, PIT)] = grid.pit_reward
    for (row, column), reward in grid.rewards:
        paid[row * grid.cols + column] = reward
    return paid


def wall_codes(grid: GridMap) -> Ints:
    """[S] in 0..15: which sides of each cell are blocked, north 1 + east 2 + south 4 + west 8."""
    blocked = moves(grid) == np.arange(grid.rows * grid.cols)[:, None]
    return (blocked * 2 ** np.arange(len(ACTIONS))).sum(-1)


def observation_codes(grid: GridMap, observation: str) -> tuple[Ints, int]:
    """What the agent sees in each state, [S], and how many different things there are to see.

    "cell": the state itself. "walls": its wall code. "map": whichever of the two the map asks for.
    """
    match grid.observation if observation == "map" else observation:
        case "cell":
            return np.arange(grid.rows * grid.cols), grid.rows * grid.cols
        case "walls":
            return wall_codes(grid), N_WALL_CODES
    raise ValueError(f"observation is {observation!r}; it must be one of map, cell, walls")


def gymnasium_p(mdp: TabularMDP) -> dict[int, dict[int, list[Outcome]]]:
    """P[state][action] = [(probability, next state, reward, terminated)], as Gymnasium's toy-text environments have it.

    Equal outcomes are merged, so bumping into a corner is one entry; terminal states stay where they are for nothing.
    """
    table: dict[int, dict[int, list[Outcome]]] = {}
    for state in range(mdp.n_states):
        table[state] = {}
        for action in range(mdp.n_actions):
            if mdp.terminal[state]:
                table[state][action] = [(1.0, state, 0.0, True)]
                continue
            merged: dict[tuple[int, float], float] = {}
            outcomes = zip(mdp.next_states[state, action], mdp.rewards[state, action], strict=True)
            for (next_state, reward), chance in zip(outcomes, mdp.probabilities[state, action], strict=True):
                key = (int(next_state), float(reward))
                merged[key] = merged.get(key, 0.0) + float(chance)
            table[state][action] = [(p, s, r, bool(mdp.terminal[s])) for (s, r), p in merged.items()]
    return table


def _cells(grid: GridMap, kind: str) -> Bools:
    return np.array([cell == kind for row in grid.cells for cell in row])


def _open(grid: GridMap) -> Bools:
    return np.array([grid.open(r, c) for r in range(grid.rows) for c in range(grid.cols)])
