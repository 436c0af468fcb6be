"""Returns under a time limit: against published figures, enumeration by hand, and simulation."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import tabular
from engine.gridworlds.playing import play
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map
from engine.gridworlds.vector import GridWorldVectorEnv
from engine.planning.horizon import optimal_return, policy_return, return_spread
from engine.planning.mdp import uniform_policy


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cliff", -13.0),  # Sutton & Barto (2018), example 6.6
        ("small-4x4", -2.0),  # mean distance of 14 cells to the nearer corner, 28 / 14
        ("frozenlake-4x4", 0.7442),  # with Gymnasium's limit of 100 moves; 0.8235 without one
    ],
)
def test_the_best_return_within_the_time_limit(name, expected):
    grid = read_map(name)
    mdp = tabular(grid)
    values, _ = optimal_return(mdp, grid.time_limit)
    assert mdp.start @ values == pytest.approx(expected, abs=5e-5)


def test_a_longer_limit_approaches_the_unlimited_optimum():
    mdp = tabular(read_map("frozenlake-4x4"))
    assert mdp.start @ optimal_return(mdp, 2000)[0] == pytest.approx(14 / 17, abs=1e-6)


def test_a_short_limit_changes_what_is_best():
    """3 moves are too few for the goal, so walking into the pit (-2) beats wandering (-3); with 4 the goal pays."""
    mdp = tabular(parse_map("goal_reward = 10\npit_reward = -2\n\nS...G\nP###.\n"))
    south, east = 2, 1
    for moves, value, action in ((3, -2, south), (4, 7, east)):
        values, actions = optimal_return(mdp, moves)
        assert values[0] == value and actions[0, 0] == action


def test_a_policys_return_by_hand():
    """One open cell beside the goal, uniform policy: it ends at move k with chance 3^(k-1) / 4^k, else costs 3."""
    mdp = tabular(parse_map("SG\n##\n"))
    by_hand = -(1 * 1 / 4 + 2 * 3 / 16 + 3 * 9 / 16)
    assert policy_return(mdp, uniform_policy(mdp), 3)[0] == pytest.approx(by_hand, abs=1e-15)
    square = 1 * 1 / 4 + 4 * 3 / 16 + 9 * 9 / 16
    spread = return_spread(mdp, uniform_policy(mdp), 3)
    assert spread == pytest.approx((square - by_hand**2) ** 0.5, abs=1e-12)


def test_a_chance_of_success_has_a_bernoullis_spread():
    mdp = tabular(read_map("frozenlake-4x4"))
    policy = uniform_policy(mdp)
    p = mdp.start @ policy_return(mdp, policy, 100)
    assert return_spread(mdp, policy, 100) == pytest.approx((p * (1 - p)) ** 0.5)


@pytest.mark.parametrize("name", ["small-4x4", "four-rooms", "aliased", "cliff"])
def test_simulated_returns_agree_with_the_exact_ones(name):
    """4,000 episodes of the uniform policy; z-scores of the mean beyond 4.5 are one in 150,000."""
    grid = read_map(name)
    mdp, episodes = tabular(grid), 4000
    envs = GridWorldVectorEnv(episodes, map=name)
    envs.reset(seed=11)
    returns, lengths, visited = play(envs, uniform_policy(mdp), np.random.default_rng(12))
    exact = mdp.start @ policy_return(mdp, uniform_policy(mdp), grid.time_limit)
    spread = return_spread(mdp, uniform_policy(mdp), grid.time_limit)
    assert abs(returns.mean() - exact) < 4.5 * spread / episodes**0.5
    assert returns.std(ddof=1) == pytest.approx(spread, rel=0.1)
    assert lengths.max() <= grid.time_limit and len(visited) == lengths.max() + 1
