"""Every solver against published values and against each other; ties, and what has no value."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import tabular
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import parse_map
from engine.planning.evaluation import may_never_end, policy_values, transition_matrix
from engine.planning.optimum import optimum, soonest_end, tied_actions
from engine.planning.solving import METHODS, solve

SOLVERS = [(name, False) for name in METHODS if name != "policy-evaluation"] + [("value-iteration", True)]
solvers = pytest.mark.parametrize(("method", "in_place"), SOLVERS)


def names(optimal):
    return ["".join(letter for letter, best in zip("NESW", row, strict=True) if best) for row in optimal]


@solvers
def test_the_slides_grid_counts_moves_to_the_nearest_corner(method, in_place):
    plan = solve(tabular(read_map("small-4x4")), method, in_place=in_place)
    assert plan.values.reshape(4, 4).tolist() == [[0, -1, -2, -3], [-1, -2, -3, -2], [-2, -3, -2, -1], [-3, -2, -1, 0]]
    arrows = names(plan.best.optimal)
    # Cells 6 and 9 are 3 from both corners, so every direction is optimal there.
    assert arrows[6] == arrows[9] == "NESW"
    assert arrows[1:4] == ["W", "W", "SW"] and arrows[4] == "N" and arrows[14] == "E"


def test_value_iteration_needs_three_sweeps_there():
    plan = solve(tabular(read_map("small-4x4")), "value-iteration")
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


@solvers
def test_russell_and_norvigs_4x3_world(method, in_place):
    plan = solve(tabular(parse_map(RUSSELL)), method, in_place=in_place)
    utilities = plan.values - 0.04
    top, middle, bottom = utilities[:3], utilities[[4, 6]], utilities[8:]
    assert top == pytest.approx([0.812, 0.868, 0.918], abs=5e-4)
    assert middle == pytest.approx([0.762, 0.660], abs=5e-4)
    assert bottom == pytest.approx([0.705, 0.655, 0.611, 0.388], abs=5e-4)
    assert "".join(names(plan.policy > 0)[s] for s in (0, 1, 2, 4, 6, 8, 9, 10, 11)) == "EEENNNWWW"


@solvers
def test_the_cliffs_shortest_way_costs_13(method, in_place):
    """Sutton & Barto (2018), example 6.6: the optimal path along the edge."""
    mdp = tabular(read_map("cliff"))
    assert mdp.start @ solve(mdp, method, in_place=in_place).values == -13


@solvers
def test_frozenlakes_best_chance(method, in_place):
    mdp = tabular(read_map("frozenlake-4x4"))
    plan = solve(mdp, method, in_place=in_place)
    assert mdp.start @ plan.values == pytest.approx(14 / 17, abs=1e-8)  # 0.8235
    assert policy_values(mdp, plan.policy).values == pytest.approx(plan.values, abs=1e-8)


@pytest.mark.parametrize("name", MAPS)
def test_all_solvers_agree_and_the_policy_earns_what_they_promise(name):
    mdp = tabular(read_map(name))
    best = optimum(mdp)
    assert best.error < 1e-9
    for method, in_place in SOLVERS:
        plan = solve(mdp, method, in_place=in_place)
        assert plan.values == pytest.approx(best.values, abs=1.1e-8)
        assert np.abs(plan.values - best.values).max() <= plan.error_bound + 1e-12
        assert (plan.greedy == best.optimal).all()
    assert policy_values(mdp, best.policy).values == pytest.approx(best.values, abs=1e-8)
    reachable_for_ever = may_never_end(mdp, transition_matrix(mdp, best.policy)) & (mdp.start > 0)
    assert reachable_for_ever.any() == (read_map(name).episodes == "continuing")


def test_ties_that_lead_nowhere_are_not_taken():
    """Without a price on time all actions tie; the first one, north, would bump for ever."""
    mdp = tabular(parse_map("step_reward = 0\ngoal_reward = 1\n\n....\nS..G\n"))
    best = optimum(mdp)
    assert best.optimal[~mdp.terminal].all()
    assert "".join(names(best.policy > 0)[s] for s in (4, 5, 6)) == "EEE"


@solvers
def test_the_error_bound_holds_at_every_sweep(method, in_place):
    """Stopped early, the true distance to V* lies below the bound, with a discount and without."""
    for text in (RUSSELL, RUSSELL.replace("slip = 0.2", "slip = 0.2\ndiscount = 0.9")):
        mdp = tabular(parse_map(text))
        exact = optimum(mdp).values
        for sweeps in (1, 2, 3, 10, 30):
            plan = solve(mdp, method, n_sweeps=sweeps, in_place=in_place)
            assert plan.sweeps == sweeps
            error = np.abs(plan.values - exact).max()
            assert error <= plan.error_bound + 1e-13
            assert plan.error_bound < 30 * max(error, 1e-12), "a bound that says nothing"


@solvers
def test_endless_reward_is_no_silent_infinity(method, in_place):
    """Bumping into the corner's wall pays 1 for ever; every cell can get there."""
    mdp = tabular(parse_map("S.\n.G\n\nreward 1 2 = 1\n"))
    plan = solve(mdp, method, in_place=in_place)
    assert np.isnan(plan.values[:3]).all() and plan.improper[:3].all()
    assert plan.error_bound is None or plan.error_bound < 1e-9
    assert "no finite value" in " ".join(plan.notes)


@solvers
def test_a_walled_in_cell_has_no_value_and_the_others_do(method, in_place):
    mdp = tabular(parse_map("S.G#.\n...##\n"))
    plan = solve(mdp, method, in_place=in_place)
    assert plan.values[:2].tolist() == [-2, -1] and np.isnan(plan.values[4])
    assert np.flatnonzero(plan.improper).tolist() == [4]
    assert plan.error_bound < 1e-9
    raw = solve(mdp, "value-iteration", n_sweeps=5)
    assert raw.values[4] == -5 and raw.error_bound is None


@solvers
def test_waiting_for_nothing_may_be_best(method, in_place):
    """A pit on either side of a slippery bridge: standing in the corner for ever is worth 0, all else less."""
    mdp = tabular(parse_map("slip = 0.5\nstep_reward = 0\ngoal_reward = 0.1\npit_reward = -1\n\nPPP\nS.G\nPPP\n"))
    plan = solve(mdp, method, in_place=in_place)
    # Moving east slips into a pit half of the time: 0.5 * V' - 0.5 < 0. West bumps half of the time, else a pit too;
    # every action here can fall, so all must fall or reach the goal: V = max over east 0.5 * -0.45 - 0.5.
    assert plan.values[4] == pytest.approx(0.5 * 0.1 - 0.5, abs=1e-8)
    safe = tabular(parse_map("step_reward = 0\ngoal_reward = -1\n\nS.G\n###\n"))
    rest = solve(safe, method, in_place=in_place)
    assert rest.values.tolist() == [0] * 6 and rest.improper.tolist() == [True, True, False, False, False, False]
    assert rest.error_bound == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n_sweeps", [None, 12])
@solvers
def test_small_values_still_point_the_way(method, in_place, n_sweeps):
    """A goal 12 moves away that pays 1, at discount 0.1: V = 10^-(moves - 1), and only east keeps that."""
    mdp = tabular(parse_map(f"step_reward = 0\ngoal_reward = 1\ndiscount = 0.1\n\nS{'.' * 11}G\n{'#' * 13}\n"))
    plan = solve(mdp, method, in_place=in_place, n_sweeps=n_sweeps, tolerance=1e-14)
    assert plan.values[:13] == pytest.approx([*10.0 ** -np.arange(11, -1, -1), 0], rel=1e-6, abs=0)
    assert names(plan.greedy)[:12] == names(plan.best.optimal)[:12] == ["E"] * 12


@solvers
def test_greedy_actions_are_those_of_the_values_shown(method, in_place):
    """However early the sweeps end, and however small the values are then."""
    mdp = tabular(read_map("frozenlake-8x8"))
    for sweeps in (1, 8, 13, 14, 15, 20, 60):
        plan = solve(mdp, method, in_place=in_place, n_sweeps=sweeps)
        if plan.error_bound > 1e-6:
            best = plan.q.max(-1, keepdims=True)
            assert (plan.greedy[~mdp.terminal] == (plan.q >= best * (1 - 1e-9))[~mdp.terminal]).all(), sweeps


def test_a_tie_that_only_the_error_breaks_is_one():
    """An open square, slippery, two corners the goals: in place, what is alike by symmetry comes out unlike."""
    mdp = tabular(parse_map("slip = 0.3\ndiscount = 0.9\ngoal_reward = 10\n\nG...\n.S..\n....\n...G\n"))
    plan = solve(mdp, "value-iteration", in_place=True, tolerance=1e-6)
    _, _, south, west = plan.q[6]
    assert 1e-9 * west < abs(south - west) < plan.error_bound
    assert names(plan.greedy)[6] == names(plan.best.optimal)[6] == "SW"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bump", [-1, -0.3])
@solvers
def test_what_evens_out_is_worth_nothing(method, in_place, bump):
    """Two cells, every move slips: north and south go to the other cell or bump, half each, which pays 0 on average;
    east and west always bump. Going on for ever brings 0, the sum of what is expected of each move."""
    text = f"slip = 1\nstep_reward = {-bump}\nbump_reward = {bump}\nepisodes = continuing\n\nS.\n##\n"
    mdp = tabular(parse_map(text))
    plan = solve(mdp, method, in_place=in_place)
    assert plan.values[:2].tolist() == [0, 0] and names(plan.best.optimal)[:2] == ["NS", "NS"]
    assert names(plan.greedy)[:2] == ["NS", "NS"] and plan.improper[:2].all() and plan.error_bound < 1e-9
    assert policy_values(mdp, np.eye(4)[[0, 2, 0, 0]]).values[:2].tolist() == [0, 0]
    # Half east: -bump / 4 * 2 less for each move, without end.
    assert np.isnan(policy_values(mdp, np.full((4, 4), 0.25)).values[:2]).all()


def test_tied_actions_forgive_rounding():
    third = 1 / 3
    q = np.array([[0.1 + 0.2, 0.3, 0.3 - 1e-6, third]])
    assert tied_actions(q).tolist() == [[False, False, False, True]]
    assert tied_actions(q[:, :3]).tolist() == [[True, True, False]]


def test_soonest_end_takes_the_shortest_allowed_way():
    mdp = tabular(parse_map("S.G\n...\n"))
    allowed = np.ones((6, 4), dtype=bool)
    allowed[0, 1] = False  # not straight east from the start: south, east, north, east remains
    policy = soonest_end(mdp, allowed, mdp.terminal)
    assert names(policy > 0)[0] == "S" and names(policy > 0)[3] == "E"


def test_a_long_slippery_way_is_no_singular_system():
    """A corridor of 45 moves, without discount: each takes 1 / 0.8 tries, as a slip only bumps. An open field: heading
    for the goal comes nearer by 0.8 - 0.1 at least per move; waiting for slips would outlast double precision."""
    plan = solve(tabular(parse_map(f"slip = 0.2\n\nS{'.' * 44}G\n{'#' * 46}\n")), "value-iteration")
    assert plan.values[0] == pytest.approx(-45 / 0.8, abs=1e-7) and plan.error_bound <= 1e-8
    field = "\n".join(["S" + "." * 39] + ["." * 40] * 38 + ["." * 39 + "G"])
    wide = solve(tabular(parse_map(f"slip = 0.2\n\n{field}\n")), "policy-iteration")
    assert -78 / 0.7 <= wide.values[0] <= -78 and wide.error_bound <= 1e-8
