"""Seeing only walls: the aliased grid's known answers, exhaustive search, finite differences."""

import itertools

import numpy as np
import pytest

from engine.gridworlds.dynamics import tabular, wall_codes
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map
from engine.planning.evaluation import policy_values
from engine.planning.memoryless import best_deterministic, best_of_each_kind, memoryless_return, unlimited_gradient

# David Silver, lecture 7, with the money worth 1 and the pits -1: nothing per step, so that the closed form applies.
PLAIN = "step_reward = 0\ngoal_reward = 1\npit_reward = -1\ndiscount = 0.9\n\nS...S\nP#G#P\n"


def test_the_aliased_grids_three_answers():
    """V1 = g p / (1 - g^2 (1 - p)); from both ends g V. Dice at p = 1/2 by symmetry; with certainty one side gets g^2
    and the other runs for ever or back and forth: nothing; with full sight both get g^2."""
    grid = parse_map(PLAIN)
    found = best_of_each_kind(tabular(grid), wall_codes(grid))
    g = 0.9
    assert found.stochastic_return == pytest.approx(g * g * 0.5 / (1 - g * g * 0.5), abs=1e-6)
    assert found.stochastic[[1, 3]] == pytest.approx(np.array([[0, 0.5, 0, 0.5]] * 2), abs=1e-2)
    assert found.deterministic_return == pytest.approx(g * g / 2, abs=1e-12) and found.proven
    assert found.observed_return == pytest.approx(g * g, abs=1e-12)


def test_when_time_costs_certainty_walks_into_the_pit():
    """-1 per step, undiscounted (T1 = 2 / p): from one end the money costs 2, from the other certainty would go on for
    ever, so the pit it is. Dice take 1 + 4 moves from either, and the last pays 0."""
    grid = parse_map("goal_reward = 0\npit_reward = -2\n\nS...S\nP#G#P\n")
    found = best_of_each_kind(tabular(grid), wall_codes(grid))
    assert found.deterministic_return == -2 and found.proven
    grid = parse_map("goal_reward = 0\npit_reward = -20\n\nS...S\nP#G#P\n")
    found = best_of_each_kind(tabular(grid), wall_codes(grid))
    assert found.deterministic_return == (-2 - 20) / 2
    assert found.stochastic_return == pytest.approx(-4, abs=1e-6)
    assert found.observed_return == -2


@pytest.mark.parametrize("name", ["aliased", "russell-4x3"])
def test_no_deterministic_policy_is_better(name):
    """Every one of them, tried."""
    grid = read_map(name)
    mdp, seen = tabular(grid), wall_codes(grid)
    policy, worth, proven = best_deterministic(mdp, seen)
    live = sorted(set(seen[~mdp.terminal].tolist()))
    best = -np.inf
    if 4 ** len(live) > 5000:
        live = live[:6]
    for choice in itertools.product(range(4), repeat=len(live)):
        tried = policy.copy()
        for code, action in zip(live, choice, strict=True):
            tried[seen == code] = np.eye(4)[action]
        best = max(best, memoryless_return(mdp, tried))
    assert proven and worth == pytest.approx(best, abs=1e-12) and memoryless_return(mdp, policy) == worth


@pytest.mark.parametrize("name", ["aliased", "small-4x4", "cs188"])
def test_the_unlimited_gradient_is_that_of_finite_differences(name):
    mdp = tabular(read_map(name))
    theta = np.random.default_rng(1).normal(size=(mdp.n_states, mdp.n_actions))

    def softmax(at):
        powers = np.exp(at - at.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)

    def return_at(at):
        return mdp.start @ policy_values(mdp, softmax(at)).values

    gradient = unlimited_gradient(mdp, softmax(theta))
    assert gradient.return_ == pytest.approx(return_at(theta), abs=1e-12)
    step = 1e-5
    for state, action in itertools.product(range(mdp.n_states), range(mdp.n_actions)):
        nudge = np.zeros_like(theta)
        nudge[state, action] = step
        slope = (return_at(theta + nudge) - return_at(theta - nudge)) / (2 * step)
        assert gradient.logits[state, action] == pytest.approx(slope, abs=1e-6)


def test_seeing_everything_all_three_agree():
    mdp = tabular(read_map("cs188"))
    found = best_of_each_kind(mdp, np.arange(mdp.n_states))
    assert found.proven and found.deterministic_return == pytest.approx(found.observed_return, abs=1e-12)
    assert found.stochastic_return == pytest.approx(found.observed_return, abs=1e-6)
