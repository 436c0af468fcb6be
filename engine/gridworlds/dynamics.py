"""What a map means: its Markov decision process, its observations, and Gymnasium's `P` of it.

States are cells in reading order, row * columns + column, walls included (nothing leads into one). Where rewards are
paid on leaving, one more state follows them: the place behind goals and pits where nothing happens any more.
"""

import numpy as np

from engine.gridworlds.maps import GOAL, PIT, STEPS, WALL, GridMap
from engine.planning.mdp import Bools, Floats, Ints, TabularMDP
from engine.planning.moves import States

N_WALL_CODES = 16
SIDES = ("N", "E", "S", "W")
Outcome = tuple[float, int, float, bool]


def tabular(grid: GridMap) -> TabularMDP:
    """The map as arrays. An action's outcomes: as meant, slipped to its left, to its right, each under every gust."""
    turns, gusts = slips(grid), _gusts(grid)
    outcomes = [(turned, entered, a * b) for turned, a in turns for entered, b in gusts]
    landed = np.stack([entered[:, turned] for turned, entered, _ in outcomes], axis=-1).astype(np.int64)
    rewards = np.empty(landed.shape)
    paid = cell_rewards(grid)
    rewards[:] = paid[landed] if grid.paid == "entering" else paid[:, None, None]
    if grid.bump_reward is not None:
        bumps = moves(grid, grid.actions) == np.arange(grid.size)[:, None]
        rewards[np.stack([bumps[:, turned] for turned, _, _ in outcomes], axis=-1)] = grid.bump_reward
    for source, _, reward in grid.teleports:
        rewards[source[0] * grid.cols + source[1]] = reward
    start = np.zeros(grid.size)
    start[[r * grid.cols + c for r, c in grid.start_positions()]] = 1.0 / len(grid.start_positions())
    if grid.pits == "restart" and grid.paid == "entering":
        landed = np.where(cells_of(grid, PIT)[landed], int(start.argmax()), landed)
    terminal = ends(grid) | cells_of(grid, WALL)
    if grid.paid == "leaving":
        landed, rewards, start, terminal = _with_a_way_out(grid, landed, rewards, start)
    chances = np.broadcast_to(np.array([chance for _, _, chance in outcomes]), landed.shape)
    return TabularMDP(landed, chances, rewards, terminal, start, grid.discount)


def moves(grid: GridMap, actions: tuple[str, ...] = SIDES) -> States:
    """[cells, actions] int32: the cell each action enters without slip and wind; at a wall or the edge, the same."""
    return np.stack([moved(grid, action) for action in actions], axis=-1)


def moved(grid: GridMap, action: str) -> States:
    """[cells] int32: as moves, for one action."""
    there = np.arange(grid.size, dtype=np.int32).reshape(grid.rows, grid.cols)
    open_ = ~cells_of(grid, WALL).reshape(there.shape)
    down, right = STEPS[action]
    (row_from, row_to), (col_from, col_to) = _shifted(down), _shifted(right)
    inside = there[row_from, col_from]
    np.add(inside, down * grid.cols + right, out=inside, where=open_[row_to, col_to])
    return there.ravel()


def entered_cells(grid: GridMap, gust: int = 0) -> States:
    """[cells, actions]: where each action leads when nothing slips: its own step, then the wind, or a teleport."""
    return np.stack([entered_by(grid, action, gust) for action in grid.actions], axis=-1)


def entered_by(grid: GridMap, action: str, gust: int = 0) -> States:
    """[cells]: as entered_cells, for one action.

    The wind is that of the column the move is made in, `gust` cells stronger (Sutton & Barto, 2018, example 6.5); it
    carries over goals and pits, and walls stop it.
    """
    entered = moved(grid, action)
    if grid.wind:
        wind = np.array(grid.wind)
        carried = np.tile(np.where(wind != 0, wind + gust, 0), grid.rows)
        north, south = moved(grid, "N"), moved(grid, "S")
        for step in range(int(np.abs(carried).max())):
            entered = np.where(carried > step, north[entered], entered)
            entered = np.where(carried < -step, south[entered], entered)
    for source, target, _ in grid.teleports:
        entered[source[0] * grid.cols + source[1]] = target[0] * grid.cols + target[1]
    return entered


def cell_rewards(grid: GridMap) -> Floats:
    """[cells]: what each cell pays, on entering or on leaving it."""
    paid = np.full(grid.size, float(grid.step_reward))
    paid[cells_of(grid, GOAL)] = grid.goal_reward
    paid[cells_of(grid, PIT)] = grid.pit_reward
    for (row, column), reward in grid.rewards:
        paid[row * grid.cols + column] = reward
    return paid


def ends(grid: GridMap) -> Bools:
    """[cells]: where an episode ends."""
    return cells_of(grid, GOAL) | (cells_of(grid, PIT) & (grid.pits == "end"))


def deciding(grid: GridMap) -> Bools:
    """[cells]: where it can matter what the agent does: no walls, no goals, no pits that are not walked out of."""
    return ~(ends(grid) | cells_of(grid, WALL) | cells_of(grid, PIT))


def wall_codes(grid: GridMap) -> Ints:
    """[S] in 0..15: which sides of each cell are blocked, north 1 + east 2 + south 4 + west 8; 0 behind the goals."""
    blocked = moves(grid) == np.arange(grid.size)[:, None]
    codes = (blocked * 2 ** np.arange(len(SIDES))).sum(-1)
    return np.append(codes, 0) if grid.paid == "leaving" else codes


def observation_codes(grid: GridMap, observation: str) -> tuple[Ints, int]:
    """What the agent sees in each state, [S], and how many different things there are to see.

    "cell": the state itself. "walls": its wall code. "map": whichever of the two the map asks for.
    """
    match grid.observation if observation == "map" else observation:
        case "cell":
            n_states = grid.size + (grid.paid == "leaving")
            return np.arange(n_states), n_states
        case "walls":
            return wall_codes(grid), N_WALL_CODES
    raise ValueError(f"observation is {observation!r}; it must be one of map, cell, walls")


def gymnasium_p(mdp: TabularMDP) -> dict[int, dict[int, list[Outcome]]]:
    """P[state][action] = [(probability, next state, reward, terminated)], as Gymnasium's toy-text environments have it.

    Equal outcomes are merged, so bumping into a corner is one entry, and impossible ones left out; terminal states
    stay where they are for nothing.
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
                if chance > 0:
                    key = (int(next_state), float(reward))
                    merged[key] = merged.get(key, 0.0) + float(chance)
            table[state][action] = [(p, s, r, bool(mdp.terminal[s])) for (s, r), p in merged.items()]
    return table


def slips(grid: GridMap) -> list[tuple[list[int], float]]:
    """([A] the action that each turns into, with what probability)."""
    names = grid.actions
    as_meant = (list(range(len(names))), 1.0 - grid.slip)
    if grid.slip == 0:
        return [as_meant]
    steps = [STEPS[name] for name in names]
    left = [steps.index((-right, down)) for down, right in steps]
    right = [steps.index((right, -down)) for down, right in steps]
    return [as_meant, (left, grid.slip / 2), (right, grid.slip / 2)]


def _gusts(grid: GridMap) -> list[tuple[States, float]]:
    """([cells, A] where each action leads, with what probability)."""
    if grid.gusts == 0 or not any(grid.wind):
        return [(entered_cells(grid), 1.0)]
    chances = ((0, 1.0 - grid.gusts), (1, grid.gusts / 2), (-1, grid.gusts / 2))
    return [(entered_cells(grid, gust), chance) for gust, chance in chances]


def _with_a_way_out(grid: GridMap, landed: Ints, rewards: Floats, start: Floats) -> tuple[Ints, Floats, Floats, Bools]:
    """Goals and pits left by one last move that pays for them, to a state of its own or back to the start."""
    pits = cells_of(grid, PIT) if grid.pits == "restart" else np.zeros(grid.size, dtype=bool)
    out = grid.size
    landed = np.where(ends(grid)[:, None, None], out, np.where(pits[:, None, None], int(start.argmax()), landed))
    leaving = (ends(grid) | pits)[:, None, None]
    rewards = np.where(leaving, cell_rewards(grid)[:, None, None], rewards)
    landed = np.concatenate([landed, np.full((1, *landed.shape[1:]), out)])
    rewards = np.concatenate([rewards, np.zeros((1, *rewards.shape[1:]))])
    return landed, rewards, np.append(start, 0.0), np.append(cells_of(grid, WALL), True)


def cells_of(grid: GridMap, kind: str) -> Bools:
    """[cells]: which are of one kind."""
    return np.frombuffer("".join(grid.cells).encode("ascii", "replace"), dtype=np.uint8) == ord(kind)


def _shifted(step: int) -> tuple[slice, slice]:
    """(the lines from where such a step stays inside, those it leads to)."""
    ends = (slice(None, -1), slice(1, None))
    return (slice(None), slice(None)) if step == 0 else ends if step > 0 else ends[::-1]
