"""What maps mean, move by move: wind, king's moves, teleports, rewards on leaving, bumps; by hand and by the books."""

import numpy as np
import pytest

from engine.gridworlds.dynamics import entered_cells, gymnasium_p, tabular, wall_codes
from engine.gridworlds.maps import ACTIONS, STEPS
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map

NORTH, EAST, SOUTH, WEST = range(4)
KING = ACTIONS["king"]


def outcomes(text, row, column, action):
    """{(row, column) or "out": probability} and {the same: reward} of one move."""
    grid = parse_map(text)
    table = gymnasium_p(tabular(grid))[row * grid.cols + column][action]
    place = {state: divmod(state, grid.cols) if state < grid.size else "out" for _, state, _, _ in table}
    return {place[s]: pytest.approx(p) for p, s, _, _ in table}, {place[s]: r for _, s, r, _ in table}


def test_the_wind_is_that_of_the_column_one_leaves():
    """Sutton & Barto, example 6.5: "if you are one cell to the right of the goal, then the action left takes you to the
    cell just above the goal": the column there has strength 1. And every move of the book's grid by its rule."""
    grid = read_map("windy")
    entered = entered_cells(grid).reshape(7, 10, 4)
    assert entered[3, 8, WEST] == 2 * 10 + 7
    strength = [0, 0, 0, 1, 1, 1, 2, 2, 1, 0]
    for row in range(7):
        for col in range(10):
            for action, name in enumerate("NESW"):
                down, right = STEPS[name]
                inside = 0 <= row + down < 7 and 0 <= col + right < 10
                r, c = (row + down, col + right) if inside else (row, col)
                assert entered[row, col, action] == max(r - strength[col], 0) * 10 + c


def test_gusts_are_thirds_where_there_is_wind():
    """Sutton & Barto, exercise 6.10: as given, one more, one less, a third of the time each; no wind, no gust."""
    grid = read_map("windy-stochastic")
    p = gymnasium_p(tabular(grid))
    third = pytest.approx(1 / 3)
    assert {s: chance for chance, s, _, _ in p[5 * 10 + 6][KING.index("E")]} == {37: third, 27: third, 47: third}
    assert [s for _, s, _, _ in p[5 * 10 + 0][KING.index("E")]] == [51]


def test_walls_stop_the_wind_and_a_negative_one_blows_south():
    text = "wind = 3 -2\n\n..\n#.\n..\nSG\n"
    assert outcomes(text, 3, 0, WEST)[0] == {(2, 0): 1}
    assert outcomes(text, 0, 1, NORTH)[0] == {(2, 1): 1}
    assert outcomes(text, 1, 1, SOUTH)[0] == {(3, 1): 1}


def test_the_wind_carries_over_a_goal():
    assert outcomes("wind = 2 0\n\n..\nG.\n..\nS.\n", 3, 0, NORTH)[0] == {(0, 0): 1}


def test_kings_moves_and_their_slips_turn_by_right_angles():
    text = "moves = king\nslip = 0.2\n\n...\n.S.\n..G\n"
    landed, _ = outcomes(text, 1, 1, KING.index("NE"))
    assert landed == {(0, 2): 0.8, (0, 0): 0.1, (2, 2): 0.1}
    landed, _ = outcomes(text, 1, 1, KING.index("S"))
    assert landed == {(2, 1): 0.8, (1, 0): 0.1, (1, 2): 0.1}


def test_a_diagonal_move_needs_only_its_target_free():
    text = "moves = king\n\nS#\n#G\n"
    assert outcomes(text, 0, 0, KING.index("SE"))[0] == {(1, 1): 1}
    assert outcomes(text, 0, 0, KING.index("NE"))[0] == {(0, 0): 1}


def test_a_teleport_takes_every_move_and_pays_once():
    """Sutton & Barto, example 3.5: from A all four actions yield +10 and take the agent to A'."""
    p = gymnasium_p(tabular(read_map("sutton-5x5")))
    for action in range(4):
        assert p[1][action] == [(1.0, 21, 10.0, False)] and p[3][action] == [(1.0, 13, 5.0, False)]
    assert p[0][NORTH] == [(1.0, 0, -1.0, False)] and p[0][SOUTH] == [(1.0, 5, 0.0, False)]


def test_a_slip_into_a_wall_pays_for_the_bump():
    text = "slip = 0.5\nstep_reward = 0\nbump_reward = -3\n\n.S.\n..G\n"
    landed, paid = outcomes(text, 0, 1, EAST)
    assert landed == {(0, 2): 0.5, (0, 1): 0.25, (1, 1): 0.25}
    assert paid == {(0, 2): 0, (0, 1): -3, (1, 1): 0}


def test_paid_on_leaving_a_goal_is_left_by_one_last_move():
    """Russell & Norvig's R(s), and the exit action of Berkeley's CS188 gridworld."""
    mdp = tabular(read_map("russell-4x3"))
    p = gymnasium_p(mdp)
    assert mdp.n_states == 13 and mdp.terminal[12]
    for action in range(4):
        assert p[3][action] == [(1.0, 12, 1.0, True)] and p[7][action] == [(1.0, 12, -1.0, True)]
    assert {r for _, _, r, _ in p[2][EAST]} == {-0.04} and not any(end for *_, end in p[2][EAST])
    assert wall_codes(read_map("russell-4x3")).shape == (13,)


def test_paid_on_leaving_a_pit_may_lead_back():
    text = "paid = leaving\npits = restart\npit_reward = -7\n\nSPG\n###\n"
    assert outcomes(text, 0, 1, EAST) == ({(0, 0): 1}, {(0, 0): -7})
    assert outcomes(text, 0, 0, EAST) == ({(0, 1): 1}, {(0, 1): -1})


@pytest.mark.parametrize("slip", [0.0, 0.3, 1.0])
def test_probabilities_add_up_to_one_on_every_kind_of_map(slip):
    text = f"moves = king\nslip = {slip}\nwind = 1 -1 0\ngusts = 0.4\n\nS..\n.#.\n..G\n\nteleport 1 3 to 3 1 = 2\n"
    mdp = tabular(parse_map(text))
    assert np.allclose(mdp.probabilities.sum(-1), 1, rtol=0, atol=1e-15)
    assert mdp.next_states.shape == (9, 8, 3 if slip == 0 else 9)


def test_what_cannot_happen_is_no_outcome():
    """Always slipping: a move north from the middle goes west or east, half each, and never north."""
    chances, _ = outcomes("slip = 1\nstarts = anywhere\n\n...\n...\n..G\n", 1, 1, NORTH)
    assert chances == {(1, 0): 0.5, (1, 2): 0.5}
