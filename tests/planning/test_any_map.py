"""Maps drawn at random, with every setting there is: all solvers agree, bounds hold, and what has no value is named."""

import numpy as np
import pytest

from engine.gridworlds.checking import check
from engine.gridworlds.dynamics import tabular
from engine.gridworlds.maps import GridMap, MapError, Teleport
from engine.planning.horizon import optimal_return
from engine.planning.solving import IN_PLACE, METHODS, solve

MANY = 20_000


def drawn(rng):
    """A map that can be played."""
    while True:
        rows, cols = rng.integers(2, 6, 2)

        def cell(rows=rows, cols=cols):
            return int(rng.integers(rows)), int(rng.integers(cols))

        grid = GridMap(
            cells=tuple("".join(rng.choice(list("....##SGP"), cols)) for _ in range(rows)),
            moves=str(rng.choice(["straight", "straight", "king"])),
            slip=float(rng.choice([0, 0, 0.2, 2 / 3, 1])),
            wind=tuple(rng.integers(-1, 3, cols).tolist()) if rng.random() < 0.2 else (),
            gusts=float(rng.choice([0, 0.5])),
            step_reward=float(rng.choice([-1, -1, -0.04, 0, 0.1])),
            goal_reward=float(rng.choice([1, -1, 0, 10])),
            pit_reward=float(rng.choice([-1, 0, -100, 1])),
            bump_reward=None if rng.random() < 0.7 else float(rng.choice([-1, 0, 1])),
            paid=str(rng.choice(["entering", "leaving"])),
            pits=str(rng.choice(["end", "restart"])),
            starts=str(rng.choice(["marked", "anywhere"])),
            episodes=str(rng.choice(["ending", "ending", "continuing"])),
            discount=float(rng.choice([1, 1, 1, 0.9, 0.99, 0])),
            rewards=((cell(), float(rng.choice([-10, 0, 2.5]))),) if rng.random() < 0.3 else (),
            teleports=(Teleport(cell(), cell(), float(rng.choice([-1, 0, 1]))),) if rng.random() < 0.2 else (),
        )
        try:
            check(grid)
        except MapError:
            continue
        return grid


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(40))
def test_every_solver_on_any_map(seed):
    grid = drawn(np.random.default_rng(seed))
    mdp = tabular(grid)
    # Backward induction over very many moves, which knows nothing of bounds, classes and linear systems.
    far, _ = optimal_return(mdp, MANY, mdp.discount)
    for method, in_place in [(method, False) for method in METHODS] + [(method, True) for method in IN_PLACE]:
        plan = solve(mdp, method, in_place=in_place, tolerance=1e-7)
        finite = np.isfinite(plan.best.values)
        assert (np.abs(far[~finite]) > 100).all(), grid
        assert np.abs(far - plan.best.values)[finite].max(initial=0) < 1e-3, grid
        if method != "policy-evaluation":
            assert (np.isnan(plan.values) == ~finite).all() and plan.improper[~finite].all(), grid
            error = np.abs(plan.values - plan.best.values)[finite].max(initial=0)
            assert error <= plan.error_bound + plan.best.error <= 1.1e-7, grid
