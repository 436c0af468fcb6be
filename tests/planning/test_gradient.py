"""Exact gradients against finite differences, sampled ones and the aliased grid's known answer."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import observation_codes, tabular, wall_codes
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map
from engine.planning.gradient import best_memoryless, exact_gradient
from engine.planning.horizon import optimal_return, policy_return


def softmax(theta):
    powers = np.exp(theta - theta.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize(("name", "discount"), [("frozenlake-4x4", 1.0), ("aliased", 0.9), ("small-4x4", 0.95)])
def test_the_gradient_is_that_of_finite_differences(name, discount):
    mdp = tabular(read_map(name))
    rng = np.random.default_rng(1)
    theta = rng.normal(size=(mdp.n_states, 4))
    gradient = exact_gradient(mdp, softmax(theta), 20, discount)

    def return_at(at):
        return mdp.start @ policy_return(mdp, softmax(at), 20, discount)

    assert gradient.return_ == pytest.approx(return_at(theta), abs=1e-12)
    step = 1e-5
    for state in range(mdp.n_states):
        for action in range(4):
            nudge = np.zeros_like(theta)
            nudge[state, action] = step
            slope = (return_at(theta + nudge) - return_at(theta - nudge)) / (2 * step)
            assert gradient.logits[state, action] == pytest.approx(slope, abs=1e-8)


def test_visits_are_expected_moves():
    """Beside the goal under the uniform policy: 1 + 3/4 + 9/16 moves are expected within three."""
    mdp = tabular(parse_map("SG\n##\n"))
    assert exact_gradient(mdp, np.full((4, 4), 0.25), 3).visits.tolist() == [1 + 3 / 4 + 9 / 16, 0, 0, 0]


def test_the_aliased_grids_best_policy_tosses_a_coin():
    """T1 = 2 / p and T3 = 2 / (1 - p) moves (David Silver, lecture 7): p = 1/2, 1 + 4 moves, all but the last -0.1."""
    grid = read_map("aliased")
    mdp = tabular(grid)
    policy, return_ = best_memoryless(mdp, wall_codes(grid), grid.time_limit)
    assert policy[[1, 3]] == pytest.approx(np.array([[0, 0.5, 0, 0.5]] * 2), abs=1e-3)
    assert return_ == pytest.approx(1 - 0.1 * 4, abs=1e-5)
    assert mdp.start @ optimal_return(mdp, grid.time_limit)[0] == pytest.approx(1 - 0.1 * 2)  # when cells can be told


def test_seeing_every_cell_it_finds_the_optimum():
    grid = read_map("four-rooms")
    mdp = tabular(grid)
    seen, _ = observation_codes(grid, "cell")
    _, return_ = best_memoryless(mdp, seen, grid.time_limit)
    assert return_ == pytest.approx(mdp.start @ optimal_return(mdp, grid.time_limit)[0], abs=1e-4)
