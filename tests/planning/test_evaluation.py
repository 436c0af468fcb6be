"""Policy evaluation against the tables of the textbook and closed forms."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import tabular, wall_codes
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map
from engine.planning.evaluation import evaluation_sweeps, may_never_end, occupancy, policy_values, transition_matrix
from engine.planning.mdp import uniform_policy

NORTH, EAST, SOUTH, WEST = range(4)


def always(action, n_states):
    return np.tile(np.eye(4)[action], (n_states, 1))


# Sutton & Barto (2018), figure 4.1, with all digits; the values are dyadic, so they must be equal, not close.
FIGURE_4_1 = {
    0: [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    1: [[0, -1, -1, -1], [-1, -1, -1, -1], [-1, -1, -1, -1], [-1, -1, -1, 0]],
    2: [[0, -1.75, -2, -2], [-1.75, -2, -2, -2], [-2, -2, -2, -1.75], [-2, -2, -1.75, 0]],
    3: [
        [0, -2.4375, -2.9375, -3],
        [-2.4375, -2.875, -3, -2.9375],
        [-2.9375, -3, -2.875, -2.4375],
        [-3, -2.9375, -2.4375, 0],
    ],
}


@pytest.mark.parametrize("k", FIGURE_4_1)
def test_sweeps_of_the_random_policy_are_those_of_figure_4_1(k):
    mdp = tabular(read_map("small-4x4"))
    history = evaluation_sweeps(mdp, uniform_policy(mdp), k)
    assert (history[k].reshape(4, 4) == np.array(FIGURE_4_1[k])).all()


def test_the_tenth_sweep_and_the_limit_of_figure_4_1():
    mdp = tabular(read_map("small-4x4"))
    tenth = evaluation_sweeps(mdp, uniform_policy(mdp), 10)[10].reshape(4, 4)
    expected = [[0, -6.137970, -8.352356, -8.967316], [-6.137970, -7.737396, -8.427826, -8.352356]]
    assert tenth[:2] == pytest.approx(np.array(expected), abs=5e-7)
    assert (tenth == tenth[::-1, ::-1]).all()
    limit = policy_values(mdp, uniform_policy(mdp))
    book = [[0, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, 0]]
    assert limit.values.reshape(4, 4) == pytest.approx(np.array(book), abs=1e-11)
    assert not limit.improper.any()


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_the_aliased_grids_closed_form(p):
    """V1 = g p / (1 - g^2 (1 - p)) with money 1, pits -1 and nothing per step; cell 3 mirrored."""
    mdp = tabular(parse_map("step_reward = 0\ngoal_reward = 1\npit_reward = -1\ndiscount = 0.9\n\nS...S\nP#G#P\n"))
    policy = np.zeros((10, 4))
    policy[0, EAST] = policy[2, SOUTH] = policy[4, WEST] = 1
    policy[[1, 3], EAST], policy[[1, 3], WEST] = p, 1 - p
    policy[5:, NORTH] = 1
    values, g = policy_values(mdp, policy).values, 0.9
    assert values[1] == pytest.approx(g * p / (1 - g**2 * (1 - p)), abs=1e-12)
    assert values[3] == pytest.approx(g * (1 - p) / (1 - g**2 * p), abs=1e-12)
    assert wall_codes(read_map("aliased"))[1] == wall_codes(read_map("aliased"))[3]


def test_a_policy_that_never_ends_is_named_and_has_no_value():
    mdp = tabular(read_map("small-4x4"))
    north = policy_values(mdp, always(NORTH, 16))
    ending = np.array([4, 8, 12])  # below the goal in the top left corner; the other goal is left for nowhere
    assert set(np.flatnonzero(~north.improper)) == {0, 15, *ending}
    assert north.values[ending] == pytest.approx([-1, -2, -3])
    assert np.isnan(np.delete(north.values, [0, 15, *ending])).all()


def test_a_chance_of_never_ending_is_enough_to_be_improper():
    """From the start, half the moves go to the goal and half into a corner that is never left."""
    mdp = tabular(parse_map("S.G\n..#\n"))
    policy = always(WEST, 6)
    policy[0] = [0, 0.5, 0.5, 0]
    policy[1] = [0, 1, 0, 0]
    result = policy_values(mdp, policy)
    assert result.improper.tolist() == [True, False, False, True, True, False]
    assert np.isnan(result.values[0]) and result.values[1] == -1


def test_going_on_for_ever_for_nothing_is_worth_nothing():
    mdp = tabular(read_map("frozenlake-4x4"))
    bumping = policy_values(mdp, always(NORTH, 16))
    assert np.isfinite(bumping.values).all()
    safe = tabular(parse_map("step_reward = 0\ngoal_reward = 1\n\nS.G\n###\n"))
    west = policy_values(safe, always(WEST, 6))
    assert west.values.tolist() == [0] * 6
    assert west.improper.tolist() == [True, True, False, False, False, False]


def test_a_discount_gives_every_policy_a_value():
    mdp = tabular(parse_map("discount = 0.9\n\nS.G\n###\n"))
    west = policy_values(mdp, always(WEST, 6))
    assert west.values[:2] == pytest.approx([-10, -10])  # -1 / (1 - 0.9)
    assert west.improper[:2].all()


def test_occupancy_of_the_random_policy_adds_up():
    """d' r = V(start): visits times rewards are the return, here -18.42857... = mean of figure 4.1's limit."""
    mdp = tabular(read_map("small-4x4"))
    visits = occupancy(mdp, uniform_policy(mdp))
    assert -visits[~mdp.terminal].sum() == pytest.approx(-(14 * 4 + 18 * 2 + 20 * 6 + 22 * 2) / 14, abs=1e-10)
    assert visits[mdp.terminal].sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="may never end"):
        occupancy(mdp, always(NORTH, 16))


def test_may_never_end_knows_an_absorbing_wall():
    mdp = tabular(parse_map("S.G\n###\n"))
    assert may_never_end(mdp, transition_matrix(mdp, always(EAST, 6))).tolist() == [False] * 6
