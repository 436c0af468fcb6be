"""Value iteration for very large grids: in place, outward from the goals, a window of distances at a time.

One outward sweep carries values from the goals to the farthest state, but every slip backwards on the way there costs
one more (Wingate & Seppi, 2005, Prioritization methods for accelerating MDP solvers). So a narrow window of distances
is settled before the next one is begun: what lies behind it matters less by a factor for each step. Then sweeps of all
that still changes, row after row where the goals are not what draws the agent, down to the bound
|V - V*| <= gamma / (1 - gamma) max |V_k+1 - V_k| (Puterman, 1994, theorem 6.3.3; in place, section 6.3.3).
"""

from dataclasses import dataclass

import numpy as np

from engine.planning import kernels
from engine.planning.mdp import ROUNDINGS, Floats
from engine.planning.moves import Moves, States, swept

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
    """The L states that are not terminal in the `order` [L] they are backed up in, the `place` [S] of each in it, S for
    a terminal one, and where its `blocks` begin and the last one ends."""

    order: States
    place: States
    blocks: States


def settle(moves: Moves, tolerance: float) -> Settled:
    """The best values for a discount below 1, to a proven error of `tolerance` or as near as rounding lets them."""
    inside = ordered(moves)
    length = len(inside.order)
    values = moves.amounts[moves.ways[:, 0]]
    values /= 1.0 - moves.discount
    values[moves.terminal] = 0.0
    straight = moves.outcomes.shape == (4, 3) and moves.n_ways == 4
    settled = 0.9 * tolerance * (1.0 - moves.discount)
    rules = (moves.ways, moves.offsets, moves.amounts, repeated(moves), moves.outcomes, moves.chances, moves.discount)
    made = kernels.window_sweeps(
        inside.order, inside.place, *rules, values, inside.blocks,
        max(settled, rounding(moves)), WINDOWED * length, straight,
    )  # fmt: skip
    active, sweeps = np.ones(-(-length // BLOCK), dtype=np.bool_), 0
    error = delta = np.inf
    while sweeps < MAX_SWEEPS:
        full = bool(active.all())
        delta, count = kernels.active_sweep(
            inside.order, inside.place, *rules, values, active, BLOCK, settled, straight
        )
        made, sweeps = made + count, sweeps + 1
        if full:
            error = (moves.discount * delta + rounding(moves)) / (1.0 - moves.discount)
            if error <= tolerance or delta <= rounding(moves):
                break
        if not active.any():
            active[:] = True
        elif sweeps == REORDERED and count > length // 2:
            inside = as_read(inside)
            active[:] = True
    return Settled(values, error, delta, made * moves.n_actions, -(-made // max(1, length)))


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
    return Ordered(*kernels.outward(moves.ways, moves.offsets, moves.terminal, moves.goals, LAYERS))


def as_read(inside: Ordered) -> Ordered:
    """The same states as they lie in memory, row after row."""
    order = np.sort(inside.order)
    place = np.full_like(inside.place, len(inside.place))
    place[order] = np.arange(len(order))
    return Ordered(order, place, inside.blocks[:1])


def repeated(moves: Moves) -> Floats:
    """[sets of ways that stay, A]: 1 / (1 - gamma p_stay) of each action."""
    if moves.n_ways != moves.n_actions:
        return np.ones((1, moves.n_actions))
    sets = np.arange(2**moves.n_actions)
    staying = (sets[:, None, None] >> moves.outcomes & 1) @ moves.chances
    return 1.0 / (1.0 - moves.discount * staying)


def rounding(moves: Moves) -> float:
    """What rounding can add to one backup."""
    largest = float(np.abs(moves.amounts).max(initial=0.0)) / (1.0 - moves.discount)
    return float(ROUNDINGS * np.finfo(float).eps * largest)
