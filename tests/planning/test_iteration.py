"""Value and policy iteration against published values and against each other."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import tabular
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import parse_map
from engine.planning.evaluation import may_never_end, policy_values
from engine.planning.iteration import policy_iteration, soonest_end, tied_actions, value_iteration
from engine.planning.mdp import transition_matrix

SOLVERS = [value_iteration, policy_iteration]


def names(optimal):
    return ["".join(letter for letter, best in zip("NESW", row, strict=True) if best) for row in optimal]


@pytest.mark.parametrize("solve", SOLVERS)
def test_the_slides_grid_counts_moves_to_the_nearest_corner(solve):
    plan = solve(tabular(read_map("small-4x4")))
    assert plan.values.reshape(4, 4).tolist() == [[0, -1, -2, -3], [-1, -2, -3, -2], [-2, -3, -2, -1], [-3, -2, -1, 0]]
    arrows = names(plan.optimal)
    # Cells 6 and 9 are 3 from both corners, so every direction is optimal there.
    assert arrows[6] == arrows[9] == "NESW"
    assert arrows[1:4] == ["W", "W", "SW"] and arrows[4] == "N" and arrows[14] == "E"


def test_value_iteration_needs_three_sweeps_there():
    plan = value_iteration(tabular(read_map("small-4x4")))
    assert plan.sweeps == 4 and plan.delta == 0.0  # three that change something, one that finds nothing left


# Russell & Norvig, Artificial Intelligence (3rd ed.), figure 17.3. Their utility counts the reward of the cell one is
# in, ours what comes after it: U(s) = V(s) - 0.04.
RUSSELL = """\
slip = 0.2
step_reward = -0.04
goal_reward = 1
pit_reward = -1

...G
.#.P
S...
"""


@pytest.mark.parametrize("solve", SOLVERS)
def test_russell_and_norvigs_4x3_world(solve):
    plan = solve(tabular(parse_map(RUSSELL)))
    utilities = plan.values - 0.04
    top, middle, bottom = utilities[:3], utilities[[4, 6]], utilities[8:]
    assert top == pytest.approx([0.812, 0.868, 0.918], abs=5e-4)
    assert middle == pytest.approx([0.762, 0.660], abs=5e-4)
    assert bottom == pytest.approx([0.705, 0.655, 0.611, 0.388], abs=5e-4)
    assert "".join(names(plan.policy > 0)[s] for s in (0, 1, 2, 4, 6, 8, 9, 10, 11)) == "EEENNNWWW"


@pytest.mark.parametrize("solve", SOLVERS)
def test_the_cliffs_shortest_way_costs_13(solve):
    """Sutton & Barto (2018), example 6.6: the optimal path along the edge."""
    mdp = tabular(read_map("cliff"))
    assert mdp.start @ solve(mdp).values == -13


@pytest.mark.parametrize("solve", SOLVERS)
def test_frozenlakes_best_chance(solve):
    mdp = tabular(read_map("frozenlake-4x4"))
    plan = solve(mdp)
    assert mdp.start @ plan.values == pytest.approx(14 / 17, abs=1e-9)  # 0.8235
    assert policy_values(mdp, plan.policy).values == pytest.approx(plan.values, abs=1e-9)


@pytest.mark.parametrize("name", MAPS)
def test_both_solvers_agree_and_their_policies_earn_what_they_promise(name):
    mdp = tabular(read_map(name))
    by_values, by_policies = value_iteration(mdp), policy_iteration(mdp)
    assert by_values.values == pytest.approx(by_policies.values, abs=1e-8)
    for plan in (by_values, by_policies):
        assert policy_values(mdp, plan.policy).values == pytest.approx(plan.values, abs=1e-8)
        reachable_for_ever = may_never_end(mdp, transition_matrix(mdp, plan.policy)) & (mdp.start > 0)
        assert not reachable_for_ever.any()


def test_ties_that_lead_nowhere_are_not_taken():
    """Without a price on time all actions tie; the first one, north, would bump for ever."""
    mdp = tabular(parse_map("step_reward = 0\ngoal_reward = 1\n\n....\nS..G\n"))
    for solve in SOLVERS:
        plan = solve(mdp)
        assert plan.optimal[~mdp.terminal].all()
        assert "".join(names(plan.policy > 0)[s] for s in (4, 5, 6)) == "EEE"


def test_the_error_bound_holds():
    """Stopped early at discount 0.9, the true distance to V* lies below the bound and above nothing."""
    mdp = tabular(parse_map(RUSSELL.replace("slip = 0.2", "slip = 0.2\ndiscount = 0.9")))
    exact = policy_iteration(mdp).values
    for sweeps in (1, 3, 10, 30):
        plan = value_iteration(mdp, max_sweeps=sweeps)
        error = np.abs(plan.values - exact).max()
        assert 0 < error <= plan.error_bound


def test_endless_reward_is_no_silent_infinity():
    mdp = tabular(parse_map("S.\n.G\n\nreward 1 2 = 1\n"))
    with pytest.raises(ValueError, match="use a discount below 1"):
        policy_iteration(mdp)
    plan = value_iteration(mdp, max_sweeps=50)
    assert plan.delta >= 0.5 and plan.error_bound == np.inf


def test_tied_actions_forgive_rounding():
    third = 1 / 3
    q = np.array([[0.1 + 0.2, 0.3, 0.3 - 1e-6, third]])
    assert tied_actions(q).tolist() == [[False, False, False, True]]
    assert tied_actions(q[:, :3]).tolist() == [[True, True, False]]


def test_soonest_end_takes_the_shortest_allowed_way():
    mdp = tabular(parse_map("S.G\n...\n"))
    allowed = np.ones((6, 4), dtype=bool)
    allowed[0, 1] = False  # not straight east from the start: south, east, north, east remains
    policy = soonest_end(mdp, allowed)
    assert names(policy > 0)[0] == "S" and names(policy > 0)[3] == "E"
