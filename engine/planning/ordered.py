"""Value iteration for very large grids: in place, outward from the goals, a window of distances at a time.

One outward sweep carries values from the goals to the farthest state, but every slip backwards on the way there costs
one more (Wingate & Seppi, 2005, Prioritization methods for accelerating MDP solvers). So a narrow window of distances
is settled before the next one is begun: what lies behind it matters less by a factor for each step. Then sweeps of all
that still changes, in the order of their values where the goals are not what draws the agent, down to the bound
|V - V*| <= gamma / (1 - gamma) max |V_k+1 - V_k| (Puterman, 1994, theorem 6.3.3; in place, section 6.3.3).
"""

from dataclasses import dataclass

import numpy as np

from engine.planning import kernels
from engine.planning.mdp import ROUNDINGS, Floats
from engine.planning.moves import Codes, Moves, States, swept

MAX_SWEEPS = 100_000
LAYERS = 16
WINDOWED = 100
BLOCK = 256
REORDERED = 40


@dataclass(frozen=True)
class Settled:
    """values [S]; error, proven, on the largest one; delta, the last sweep's largest change; backups of state-action
    pairs, and the sweeps of all states that they amount to."""

    values: Floats
    error: float
    delta: float
    backups: int
    sweeps: int


@dataclass(frozen=True)
class Ordered:
    """The states in the order they are backed up in; see kernels for following, pays and stays."""

    order: States
    following: States
    pays: Codes
    stays: Codes
    blocks: States


def settle(moves: Moves, tolerance: float) -> Settled:
    """The best values for a discount below 1, to a proven error of `tolerance` or as near as rounding lets them."""
    inside, repeats = ordered(moves), repeated(moves)
    length = len(inside.order)
    values = np.zeros(length + 1)
    values[:length] = moves.amounts[inside.pays[:, 0]] / (1.0 - moves.discount)
    straight = moves.outcomes.shape == (4, 3) and moves.entered.shape[1] == 4
    settled = 0.9 * tolerance * (1.0 - moves.discount)
    rules = (repeats, moves.amounts, moves.outcomes, moves.chances, moves.discount)
    states = (inside.following, inside.pays, inside.stays)
    made = kernels.window_sweeps(
        *states, *rules, values, inside.blocks, max(settled, rounding(moves)), WINDOWED * length, straight
    )
    active, sweeps, again = np.ones(-(-length // BLOCK), dtype=np.bool_), 0, REORDERED
    error = delta = np.inf
    while sweeps < MAX_SWEEPS:
        full = bool(active.all())
        delta, count = kernels.active_sweep(
            inside.following, inside.pays, inside.stays, *rules, values, active, BLOCK, settled, straight
        )
        made, sweeps = made + count, sweeps + 1
        if full:
            error = (moves.discount * delta + rounding(moves)) / (1.0 - moves.discount)
            if error <= tolerance or delta <= rounding(moves):
                break
        if not active.any():
            active[:] = True
        elif sweeps == again and count > length // 2:
            inside, values = by_value(inside, values)
            again *= 4
            active[:] = True
    spread = np.zeros(moves.n_states)
    spread[inside.order] = values[:length]
    return Settled(spread, error, delta, made * moves.n_actions, -(-made // max(1, length)))


def settle_plainly(moves: Moves, tolerance: float) -> Settled:
    """The same by synchronous sweeps in numpy from V = 0, which the compiled way is held to."""
    values = np.zeros(moves.n_states)
    error, delta, made = np.inf, np.inf, 0
    while made < MAX_SWEEPS:
        made += 1
        new = swept(moves, values)
        delta = float(np.abs(new - values).max())
        values = new
        error = (moves.discount * delta + rounding(moves)) / (1.0 - moves.discount)
        if error <= tolerance or delta <= rounding(moves):
            break
    live = int((~moves.terminal).sum())
    return Settled(values, error, delta, made * live * moves.n_actions, made)


def synchronous(moves: Moves, n_sweeps: int) -> Settled:
    """What so many synchronous sweeps make of V = 0."""
    values, delta = np.zeros(moves.n_states), np.nan
    for _ in range(n_sweeps):
        new = swept(moves, values)
        delta, values = float(np.abs(new - values).max()), new
    residual = float(np.abs(swept(moves, values) - values).max())
    live = int((~moves.terminal).sum())
    error = (residual + rounding(moves)) / (1.0 - moves.discount)
    return Settled(values, error, delta, n_sweeps * live * moves.n_actions, n_sweeps)


def ordered(moves: Moves) -> Ordered:
    """Nearest to a goal first, in blocks of LAYERS distances."""
    order, begins = kernels.outward(moves.entered, moves.terminal, moves.goals)
    one_gust = moves.entered.shape[1] == moves.n_actions
    following, pays, stays = kernels.renumbered(order, moves.entered, moves.paid, one_gust)
    blocks = np.unique(np.append(begins[::LAYERS], begins[-1]))
    return Ordered(order, following, pays, stays, blocks)


def by_value(inside: Ordered, values: Floats) -> tuple[Ordered, Floats]:
    """The same states in the order of their `values` [L + 1], the best first, and the values in that order."""
    length = len(inside.order)
    best_first = np.argsort(-values[:length], kind="stable").astype(np.int32)
    place = np.empty(length + 1, dtype=np.int32)
    place[best_first], place[length] = np.arange(length), length
    following = place[inside.following[best_first]]
    again = Ordered(
        inside.order[best_first], following, inside.pays[best_first], inside.stays[best_first], inside.blocks[:1]
    )
    return again, np.append(values[best_first], 0.0)


def repeated(moves: Moves) -> Floats:
    """[sets of ways that stay, A]: 1 / (1 - gamma p_stay) of each action."""
    if moves.entered.shape[1] != moves.n_actions:
        return np.ones((1, moves.n_actions))
    sets = np.arange(2**moves.n_actions)
    staying = (sets[:, None, None] >> moves.outcomes & 1) @ moves.chances
    return 1.0 / (1.0 - moves.discount * staying)


def rounding(moves: Moves) -> float:
    """What rounding can add to one backup."""
    largest = float(np.abs(moves.amounts).max(initial=0.0)) / (1.0 - moves.discount)
    return float(ROUNDINGS * np.finfo(float).eps * largest)
