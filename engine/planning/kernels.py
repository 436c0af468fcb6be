"""The inner loops of ordered value iteration, compiled.

States are backed up in `order` [L]; `place` [S] is where each stands in it, S where it does not, and its value stays 0.
A move that ends where it began counts with what it pays, and that it can be repeated by the factor
1 / (1 - gamma p_stay) (Puterman, 1994, section 6.3.3), so that a walled-in cell costs one backup instead of
log(tolerance) / log(gamma) of them.
"""

import numpy as np

from engine.compiled import compiled
from engine.planning.mdp import Bools, Floats, Ints
from engine.planning.moves import Codes, States


@compiled
def outward(
    ways: Codes, offsets: Ints, terminal: Bools, goals: Bools, layers: int
) -> tuple[States, States, States]:  # fmt: skip
    """([L] the states that are not terminal, nearest to a goal first; [S] their place in it, S for the others; where
    each block of so many distances begins in it, and where the last one ends).

    Distance is counted along moves as if they could be taken back, which orders grids without wind exactly; an order
    changes how soon the values are right, not what they are. States beside every way to a goal come last, in no block.
    """
    n_states, n_ways = ways.shape
    order = np.empty(n_states, dtype=np.int32)
    place = np.full(n_states, n_states, dtype=np.int32)
    blocks = np.empty(n_states // layers + 2, dtype=np.int32)
    last = 0
    for state in range(n_states):
        if not terminal[state]:
            for way in range(n_ways):
                if goals[state + offsets[ways[state, way]]]:
                    order[last], place[state] = state, last
                    last += 1
                    break
    first, n_layers, n_blocks = 0, 0, 0
    for beginning in range(-1, n_states):
        if beginning >= 0:
            if terminal[beginning] or place[beginning] < n_states:
                continue
            order[last], place[beginning] = beginning, last
            last += 1
        while first < last:
            if beginning < 0:
                if n_layers % layers == 0:
                    blocks[n_blocks] = first
                    n_blocks += 1
                n_layers += 1
            end = last
            while first < end:
                state = order[first]
                first += 1
                for way in range(n_ways):
                    other = state + offsets[ways[state, way]]
                    if not terminal[other] and place[other] == n_states:
                        order[last], place[other] = other, last
                        last += 1
        if beginning < 0:
            blocks[n_blocks] = last
    return order[:last], place, blocks[: n_blocks + 1]


@compiled
def sweep_straight(
    order: States, ways: Codes, offsets: Ints, amounts: Floats, repeats: Floats, chances: Floats, discount: float,
    values: Floats, first: int, last: int,
) -> float:  # fmt: skip
    """As sweep, for four moves that slip to both sides, written out: three times as fast."""
    straight, sideways, largest = chances[0], chances[1], 0.0
    for i in range(first, last):
        state = order[i]
        before, values[state] = values[state], 0.0
        to_north, to_east, to_south, to_west = ways[state, 0], ways[state, 1], ways[state, 2], ways[state, 3]
        north_by, east_by, south_by, west_by = offsets[to_north], offsets[to_east], offsets[to_south], offsets[to_west]
        north = amounts[to_north] + discount * values[state + north_by]
        east = amounts[to_east] + discount * values[state + east_by]
        south = amounts[to_south] + discount * values[state + south_by]
        west = amounts[to_west] + discount * values[state + west_by]
        stay = (north_by == 0) | (east_by == 0) << 1 | (south_by == 0) << 2 | (west_by == 0) << 3
        across, along = sideways * (east + west), sideways * (north + south)
        upright = max((straight * north + across) * repeats[stay, 0], (straight * south + across) * repeats[stay, 2])
        level = max((straight * east + along) * repeats[stay, 1], (straight * west + along) * repeats[stay, 3])
        new = max(upright, level)
        largest = max(largest, abs(new - before))
        values[state] = new
    return largest


@compiled
def sweep(
    order: States, ways: Codes, offsets: Ints, amounts: Floats, repeats: Floats, outcomes: Ints, chances: Floats,
    discount: float, values: Floats, first: int, last: int,
) -> float:  # fmt: skip
    """Back up the states order[first..last-1] one after the other, in place; the largest change.

    V(s) = max_a sum_k chances[k] (paid + gamma V(s')) * repeats[ways that stay, a], where V(s) itself counts as 0; with
    a single row of `repeats` it counts as it is.
    """
    n_actions, n_outcomes = outcomes.shape
    n_ways, n_sets = ways.shape[1], len(repeats)
    worth = np.empty(n_ways)
    largest = 0.0
    for i in range(first, last):
        state, stay = order[i], 0
        before = values[state]
        if n_sets > 1:
            values[state] = 0.0
        for way in range(n_ways):
            taken = ways[state, way]
            worth[way] = amounts[taken] + discount * values[state + offsets[taken]]
            if n_sets > 1 and offsets[taken] == 0:
                stay |= 1 << way
        new = -np.inf
        for action in range(n_actions):
            q = 0.0
            for k in range(n_outcomes):
                q += chances[k] * worth[outcomes[action, k]]
            new = max(new, q * repeats[stay, action])
        largest = max(largest, abs(new - before))
        values[state] = new
    return largest


@compiled
def seed(
    order: States, place: States, ways: Codes, offsets: Ints, amounts: Floats, values: Floats, first: int, last: int
) -> None:
    """A first guess for the states order[first..last-1]: as much further from the goal as the state before was."""
    n_ways = ways.shape[1]
    for i in range(first, last):
        state, parent, best = order[i], -1, -np.inf
        for way in range(n_ways):
            other = state + offsets[ways[state, way]]
            if place[other] < i and values[other] > best:
                parent, best = other, values[other]
        if parent < 0:
            best_paid = amounts[ways[state, 0]]
            for way in range(n_ways):
                best_paid = max(best_paid, amounts[ways[state, way]])
            values[state] = best_paid
            continue
        before = -np.inf
        for way in range(n_ways):
            other = parent + offsets[ways[parent, way]]
            if place[other] < place[parent]:
                before = max(before, values[other])
        values[state] = best + (best - before if before > -np.inf else 0.0)


@compiled
def window_sweeps(
    order: States, place: States, ways: Codes, offsets: Ints, amounts: Floats, repeats: Floats, outcomes: Ints,
    chances: Floats, discount: float, values: Floats, blocks: States, settled: float, most: int, straight: bool,
) -> int:  # fmt: skip
    """Settle block after block, outward, each together with the one behind it; the number of backups made.

    Slips carry a state's value back towards the goal only so far: what is wrong two blocks behind hardly matters to
    this one. Gives up after `most` backups.
    """
    n_blocks, made, seeded = len(blocks) - 1, 0, 0
    for block in range(n_blocks):
        first, last, far = blocks[block], blocks[block + 1], blocks[min(block + 2, n_blocks)]
        while seeded < min(block + 2, n_blocks):
            seed(order, place, ways, offsets, amounts, values, blocks[seeded], blocks[seeded + 1])
            seeded += 1
        change = np.inf
        while change > settled:
            if made > most:
                return made
            if straight:
                change = sweep_straight(order, ways, offsets, amounts, repeats, chances, discount, values, first, last)
                sweep_straight(order, ways, offsets, amounts, repeats, chances, discount, values, last, far)
            else:
                change = sweep(order, ways, offsets, amounts, repeats, outcomes, chances, discount, values, first, last)
                sweep(order, ways, offsets, amounts, repeats, outcomes, chances, discount, values, last, far)
            made += far - first
    return made


@compiled
def active_sweep(
    order: States, place: States, ways: Codes, offsets: Ints, amounts: Floats, repeats: Floats, outcomes: Ints,
    chances: Floats, discount: float, values: Floats, active: Bools, size: int, settled: float, straight: bool,
) -> tuple[float, int]:  # fmt: skip
    """Back up the blocks of `size` states that are active [blocks]; (the largest change, backups made).

    A block that changes by more than `settled` stays active, and so does every block that its states lead to: on a
    map almost all of those lead back to it. What that misses, a sweep of all states finds.
    """
    length, n_ways = len(order), ways.shape[1]
    largest, made = 0.0, 0
    for block in range(len(active)):
        if not active[block]:
            continue
        first, last = block * size, min((block + 1) * size, length)
        if straight:
            change = sweep_straight(order, ways, offsets, amounts, repeats, chances, discount, values, first, last)
        else:
            change = sweep(order, ways, offsets, amounts, repeats, outcomes, chances, discount, values, first, last)
        made += last - first
        largest = max(largest, change)
        active[block] = change > settled
        if change > settled:
            for i in range(first, last):
                for way in range(n_ways):
                    other = place[order[i] + offsets[ways[order[i], way]]]
                    if other < length:
                        active[other // size] = True
    return largest, made


@compiled
def heading(
    order: States, ways: Codes, offsets: Ints, outcomes: Ints, chances: Floats, terminal: Bools, tied: Codes
) -> tuple[States, Bools]:
    """([S] one of the actions in the set `tied` [S], [S] whether it ends for certain).

    Where such actions can end for certain, it is the one that most likely comes nearer to an end; else the first.
    """
    n_states = len(terminal)
    n_actions, n_outcomes = outcomes.shape
    certain = np.ones(n_states, dtype=np.bool_)
    while True:
        chosen, near, found = np.full(n_states, -1, dtype=np.int32), terminal.copy(), True
        while found:
            found = False
            for state in order:
                likeliest = 0.0
                for action in range(n_actions):
                    if near[state] or not tied[state] >> action & 1:
                        continue
                    nearer, safe = 0.0, True
                    for k in range(n_outcomes):
                        if chances[k] > 0.0:
                            other = state + offsets[ways[state, outcomes[action, k]]]
                            safe = safe and certain[other]
                            nearer += chances[k] * near[other]
                    if safe and nearer > likeliest:
                        chosen[state], likeliest = action, nearer
                if likeliest > 0.0:
                    near[state], found = True, True
        if (near == certain).all():
            break
        certain = near
    for state in order:
        action = 0
        while chosen[state] < 0:
            if tied[state] >> action & 1:
                chosen[state] = action
            action += 1
    return chosen, certain
