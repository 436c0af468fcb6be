"""Published tables and closed forms, each beside its source, solved by every solver that can.

Printed figures are compared to half a unit of their last digit.
"""

import gymnasium
import numpy as np
import pytest

from engine.gridworlds.dynamics import deciding, tabular
from engine.gridworlds.policies import as_words, parse_policy
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import parse_map
from engine.planning.horizon import optimal_return
from engine.planning.mdp import uniform_policy
from engine.planning.optimum import optimum
from engine.planning.solving import METHODS, solve

WALL = None
BEST = [method for method in METHODS if method != "policy-evaluation"]


def solved(name_or_text, method="value-iteration", **arguments):
    """(the grid, values as rows)"""
    grid = read_map(name_or_text)
    plan = solve(tabular(grid), method, **arguments)
    return grid, plan.values[: grid.size].reshape(grid.rows, grid.cols)


def agree(values, table, digits):
    for row, printed in zip(values.tolist(), table, strict=True):
        for value, figure in zip(row, printed, strict=True):
            if figure is not WALL:
                assert value == pytest.approx(figure, abs=0.5001 * 10**-digits)


def arrows(name_or_text):
    grid = read_map(name_or_text)
    best = optimum(tabular(grid)).optimal[: grid.size]
    return [[as_words(best[r * grid.cols + c], grid.actions) for c in range(grid.cols)] for r in range(grid.rows)]


# Sutton & Barto (2018), figure 3.2, p. 60: the equiprobable random policy, discount 0.9.
FIGURE_3_2 = [
    [3.3, 8.8, 4.4, 5.3, 1.5],
    [1.5, 3.0, 2.3, 1.9, 0.5],
    [0.1, 0.7, 0.7, 0.4, -0.4],
    [-1.0, -0.4, -0.4, -0.6, -1.2],
    [-1.9, -1.3, -1.2, -1.4, -2.0],
]
# Figure 3.5, p. 65: the optimal values and all optimal actions.
FIGURE_3_5 = [
    [22.0, 24.4, 22.0, 19.4, 17.5],
    [19.8, 22.0, 19.8, 17.8, 16.0],
    [17.8, 19.8, 17.8, 16.0, 14.4],
    [16.0, 17.8, 16.0, 14.4, 13.0],
    [14.4, 16.0, 14.4, 13.0, 11.7],
]
FIGURE_3_5_ARROWS = [
    ["E", "NESW", "W", "NESW", "W"],
    ["NE", "N", "NW", "W", "W"],
    ["NE", "N", "NW", "NW", "NW"],
    ["NE", "N", "NW", "NW", "NW"],
    ["NE", "N", "NW", "NW", "NW"],
]


def test_figure_3_2_of_sutton_and_barto():
    agree(solved("sutton-5x5", "policy-evaluation")[1], FIGURE_3_2, 1)


@pytest.mark.parametrize("method", BEST)
def test_figure_3_5_of_sutton_and_barto(method):
    agree(solved("sutton-5x5", method)[1], FIGURE_3_5, 1)
    assert arrows("sutton-5x5") == FIGURE_3_5_ARROWS


def test_a_is_worth_its_cycle():
    """Exercise 3.24: V*(A) = 10 + g^5 V*(A), so 10 / (1 - 0.9^5) = 24.419."""
    assert solved("sutton-5x5")[1][0, 1] == pytest.approx(10 / (1 - 0.9**5), abs=1e-8)


# Russell & Norvig, Artificial Intelligence (3rd ed., 2010), figure 17.3, p. 651.
FIGURE_17_3 = [[0.812, 0.868, 0.918, 1], [0.762, WALL, 0.660, -1], [0.705, 0.655, 0.611, 0.388]]


@pytest.mark.parametrize("method", BEST)
def test_figure_17_3_of_russell_and_norvig(method):
    agree(solved("russell-4x3", method)[1], FIGURE_17_3, 3)
    assert russell(-0.04) == ["EEE", "N N", "NWWW"]


# The best policy for other rewards per cell, and between which rewards it holds: figure 16.2 (b) of the 4th edition;
# the last from figure 17.2 (b) of the 3rd. (The 3rd edition's -1.6284 and -0.4278 became -1.6497 and -0.4526.)
POLICIES = {
    (-3.0, -1.6497): ["EEE", "N E", "EEEN"],
    (-0.7311, -0.4526): ["EEE", "N N", "NENN"],
    (-0.0221, 0.0): ["EEE", "N W", "NWWS"],
}
EDGES = [-1.6497, -0.7311, -0.4526, -0.0850, -0.0274, -0.0221]


def russell(step_reward):
    rows = arrows(MAPS["russell-4x3"].text.replace("-0.04", str(step_reward)))
    return ["".join(rows[0][:3]), f"{rows[1][0]} {rows[1][2]}", "".join(rows[2])]


@pytest.mark.parametrize(("low", "high"), POLICIES)
def test_russell_and_norvigs_policies_for_other_rewards(low, high):
    expected = POLICIES[low, high]
    assert russell(low + 1e-4) == russell((low + high) / 2) == russell(high - 1e-4) == expected


@pytest.mark.parametrize("edge", EDGES)
def test_the_best_policy_changes_where_they_say(edge):
    assert russell(edge - 1e-4) != russell(edge + 1e-4)


def test_when_living_pays_the_best_policy_never_ends():
    """Russell & Norvig, the same figures, R(s) > 0: both exits are avoided; its worth has no bound at discount 1."""
    plan = solve(tabular(read_map(MAPS["russell-4x3"].text.replace("-0.04", "0.1"))), "value-iteration")
    assert plan.improper[8] and np.isnan(plan.values[8])


# UC Berkeley CS188, Markov Decision Processes I: noise 0.2, discount 0.9, living reward 0, after k sweeps.
CS188 = {
    1: [[0, 0, 0, 1], [0, WALL, 0, -1], [0, 0, 0, 0]],
    2: [[0, 0, 0.72, 1], [0, WALL, 0, -1], [0, 0, 0, 0]],
    3: [[0, 0.52, 0.78, 1], [0, WALL, 0.43, -1], [0, 0, 0, 0]],
    4: [[0.37, 0.66, 0.83, 1], [0, WALL, 0.51, -1], [0, 0, 0.31, 0]],
    5: [[0.51, 0.72, 0.84, 1], [0.27, WALL, 0.55, -1], [0, 0.22, 0.37, 0.13]],
    100: [[0.64, 0.74, 0.85, 1], [0.57, WALL, 0.57, -1], [0.49, 0.43, 0.48, 0.28]],
}


@pytest.mark.parametrize("k", CS188)
def test_berkeleys_gridworld(k):
    agree(solved("cs188", n_sweeps=k)[1], CS188[k], 2)


@pytest.mark.parametrize("method", BEST)
@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("windy", 15),  # Sutton & Barto (2018), example 6.5, p. 130: "the minimum, 15 steps"
        ("windy-king", 7),  # exercise 6.9
        ("cliff", 13),  # example 6.6, p. 132: the optimal path
    ],
)
def test_shortest_ways(name, moves, method):
    grid, values = solved(name, method)
    assert values[grid.start_positions()[0]] == -moves


# Gymnasium's FrozenLake-v1 with discount 0.99 and the best policy (the table of most tutorials on it), and under the
# random policy without discount (Udacity, Deep Reinforcement Learning, mini-project on dynamic programming).
FROZEN_99 = [
    [0.5420, 0.4988, 0.4707, 0.4569],
    [0.5585, 0, 0.3583, 0],
    [0.5918, 0.6431, 0.6152, 0],
    [0, 0.7417, 0.8628, 0],
]
FROZEN_RANDOM = [
    [0.0139, 0.0116, 0.0210, 0.0105],
    [0.0162, 0, 0.0408, 0],
    [0.0348, 0.0882, 0.1421, 0],
    [0, 0.1758, 0.4393, 0],
]


@pytest.mark.parametrize("method", BEST)
def test_frozenlake_with_a_discount(method):
    text = MAPS["frozenlake-4x4"].text.replace("slip", "discount = 0.99\nslip")
    agree(solved(text, method)[1], FROZEN_99, 4)


def test_frozenlake_under_the_random_policy():
    agree(solved("frozenlake-4x4", "policy-evaluation")[1], FROZEN_RANDOM, 4)


def test_frozenlakes_optimum_without_and_with_the_time_limit():
    """14/17 = 0.8235 without one, 0.7442 within Gymnasium's 100 moves; the larger lake can always be crossed."""
    assert solved("frozenlake-4x4")[1][0, 0] == pytest.approx(14 / 17, abs=1e-8)
    assert optimal_return(tabular(read_map("frozenlake-4x4")), 100)[0][0] == pytest.approx(0.7442, abs=5e-5)
    assert solved("frozenlake-8x8")[1][0, 0] == pytest.approx(1, abs=1e-8)


def test_the_random_walk():
    """Sutton & Barto (2018), example 6.2, p. 125: 1/6 ... 5/6; half of the moves bump, so 2 i (6 - i) are expected."""
    walk = "step_reward = {}\ngoal_reward = {}\npit_reward = {}\nstarts = anywhere\n\nP.....G\n#######\n"
    _, chances = solved(walk.format(0, 1, 0), "policy-evaluation")
    assert chances[0, 1:6] == pytest.approx([i / 6 for i in range(1, 6)], abs=1e-8)
    _, moves = solved(walk.format(-1, -1, -1), "policy-evaluation")
    assert -moves[0, 1:6] == pytest.approx([2 * i * (6 - i) for i in range(1, 6)], abs=1e-7)


@pytest.mark.parametrize("p", [0.3, 0.6])
def test_the_gamblers_ruin(p):
    """(1 - (q/p)^i) / (1 - (q/p)^n), Feller (1968), chapter XIV, equation 2.4."""
    grid = parse_map("step_reward = 0\ngoal_reward = 1\npit_reward = 0\nstarts = anywhere\n\nP.......G\n#########\n")
    cell = f"E:{p},W:{1 - p}"
    policy = parse_policy(f". {(cell + ' ') * 7} .\n" + "# " * 9, grid, deciding(grid))
    values = solve(tabular(grid), "policy-evaluation", policy).values[1:8]
    odds = (1 - p) / p
    assert values == pytest.approx([(1 - odds**i) / (1 - odds**8) for i in range(1, 8)], abs=1e-8)


@pytest.mark.parametrize("method", BEST)
@pytest.mark.parametrize("slip", [0.0, 0.2, 0.5])
def test_a_slippery_corridor(method, slip):
    """Sideways is a bump: x = g ((1 - slip) next + slip x), so each cell is a factor g (1 - slip) / (1 - g slip)."""
    text = f"slip = {slip}\nstep_reward = 0\ngoal_reward = 1\ndiscount = 0.9\n\nS.....G\n#######\n"
    factor = (1 - slip) / (1 - 0.9 * slip)
    expected = [factor * (0.9 * factor) ** k for k in range(5, -1, -1)]
    assert solved(text, method)[1][0, :6] == pytest.approx(expected, abs=1e-8)


def test_the_limit_of_figure_4_1():
    """Sutton & Barto (2018), figure 4.1, p. 77, k = infinity, under every way of evaluating."""
    mdp = tabular(read_map("small-4x4"))
    book = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]
    for in_place in (False, True):
        plan = solve(mdp, "policy-evaluation", uniform_policy(mdp), in_place=in_place)
        assert plan.values == pytest.approx(book, abs=1e-8)


@pytest.mark.parametrize(("discount", "table", "pick"), [(0.99, FROZEN_99, "max"), (1.0, FROZEN_RANDOM, "mean")])
def test_the_frozenlake_figures_are_those_of_gymnasiums_own_table(discount, table, pick):
    """The figures above, whoever printed them first: 1,500 plain sweeps over FrozenLake-v1's P, none of our code."""
    moves = gymnasium.make("FrozenLake-v1", map_name="4x4", is_slippery=True).unwrapped.P
    values = np.zeros(16)
    for _ in range(1_500):
        q = [
            [sum(p * (r + discount * values[s] * (not over)) for p, s, r, over in moves[state][a]) for a in range(4)]
            for state in range(16)
        ]
        values = getattr(np.array(q), pick)(-1)
    agree(values.reshape(4, 4), table, 4)
