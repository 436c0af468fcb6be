"""Ordered value iteration: the compiled sweeps against plain numpy, the exact optimum and a closed form."""

from dataclasses import replace

import numba
import numpy as np
import pytest

from engine.compiled import compiled
from engine.gridworlds.compact import compact
from engine.gridworlds.dynamics import tabular
from engine.gridworlds.maps import GridMap
from engine.gridworlds.text import parse_map
from engine.planning.mdp import backup, expected_rewards
from engine.planning.moves import look_ahead
from engine.planning.optimum import optimum
from engine.planning.ordered import settle, settle_plainly
from tests.planning.test_any_map import drawn


@pytest.mark.parametrize("seed", range(60))
def test_any_map_settles_on_the_optimum(seed):
    rng = np.random.default_rng(seed)
    grid = replace(drawn(rng), discount=float(rng.choice([0, 0.5, 0.9, 0.99])))
    mdp, moves = tabular(grid), compact(grid)
    best, found = optimum(mdp), settle(moves, 1e-9)
    plain = settle_plainly(moves, 1e-9)
    assert np.abs(found.values - best.values).max() <= found.error + best.error <= 1.1e-9, grid
    assert np.abs(plain.values - best.values).max() <= plain.error + best.error <= 1.1e-9, grid
    # One backup of any values is the same as that of the arrays of every outcome.
    values = np.where(mdp.terminal, 0.0, rng.normal(size=mdp.n_states))
    expected = backup(mdp, expected_rewards(mdp), values, mdp.discount)
    assert look_ahead(moves, values, 0, moves.n_states) == pytest.approx(expected, abs=1e-12)


def scattered(side, walls, discount, seed=0, enclosed=False):
    """A map with walls at random, a goal in one corner and slips."""
    open_ = np.random.default_rng(seed).random((side, side)) >= walls
    open_[:3, :3] = open_[-3:, -3:] = True
    if enclosed:
        open_[side // 2 - 1 : side // 2 + 2, side // 2 - 1 : side // 2 + 2] = False
        open_[side // 2, side // 2] = True
    cells = np.where(open_, b".", b"#")
    cells[0, 0], cells[-1, -1] = b"S", b"G"
    return GridMap(tuple(row.tobytes().decode() for row in cells), slip=0.2, discount=discount)


@pytest.mark.parametrize("walls", [0, 0.2, 0.4])
def test_the_compiled_sweeps_agree_with_numpy_on_a_wide_map(walls):
    moves = compact(scattered(60, walls, 0.99))
    found, plain = settle(moves, 1e-6), settle_plainly(moves, 1e-6)
    assert found.error <= 1e-6 and plain.error <= 1e-6
    assert np.abs(found.values - plain.values).max() <= found.error + plain.error
    assert found.backups < plain.backups / 5


def test_a_wide_map_takes_six_bytes_a_state():
    moves = compact(scattered(300, 0.15, 0.99))
    assert sum(array.nbytes for array in (moves.ways, moves.terminal, moves.goals)) == 6 * moves.n_states
    assert set(moves.offsets) == {0, 1, -1, 300, -300}


def test_a_walled_in_cell_costs_nothing():
    open_, enclosed = (settle(compact(scattered(100, 0.1, 0.999, enclosed=e)), 1e-6) for e in (False, True))
    assert enclosed.backups <= 1.05 * open_.backups
    # There, a reward of -1 is paid for ever: -1 / (1 - gamma).
    assert enclosed.values[50 * 100 + 50] == pytest.approx(-1000, abs=1e-6)


def test_a_corridor_in_closed_form():
    """Each try moves on with probability 0.8, else bumps: a reward of 1 behind n cells is worth (0.8 / (1 - 0.2 g))
    ((0.8 g) / (1 - 0.2 g))^(n - 1) at distance n."""
    grid = parse_map(f"slip = 0.2\nstep_reward = 0\ngoal_reward = 1\ndiscount = 0.9\n\nS{'.' * 28}G\n{'#' * 30}\n")
    values, rate = settle(compact(grid), 1e-12).values, 0.8 * 0.9 / (1 - 0.2 * 0.9)
    assert values[:29][::-1] == pytest.approx(0.8 / (1 - 0.2 * 0.9) * rate ** np.arange(29), abs=1e-12)


def test_going_round_for_pay_is_found_far_from_any_goal():
    """A cell in the far corner pays 1 each time it is entered, bumping included: 1 / (1 - gamma) next to it."""
    rows = ["S" + "." * 38 + "G"] + ["." * 40] * 39
    grid = GridMap(tuple(rows), step_reward=0.0, goal_reward=0.0, discount=0.99, rewards=(((39, 0), 1.0),))
    found = settle(compact(grid), 1e-9)
    assert found.error <= 1e-9
    assert found.values[39 * 40] == pytest.approx(100, abs=1e-9)
    assert found.values[0] == pytest.approx(0.99**38 * 100, abs=1e-9)


def test_without_a_folder_for_its_cache_it_still_compiles(monkeypatch):
    real = numba.njit

    def refusing(*arguments, **settings):
        if settings.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*arguments, **settings)

    monkeypatch.setattr(numba, "njit", refusing)
    assert compiled(lambda x: x + 1)(2) == 3
