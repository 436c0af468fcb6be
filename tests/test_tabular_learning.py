"""What tables learn, beside exact answers and the textbook: random walk, cliff, grids; and who finds a way in fog."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.config import RunConfig
from engine.planning.horizon import policy_return
from engine.planning.optimum import optimum
from engine.presets import preset_config
from engine.training import Training

SEEDS = (1, 2, 3, 4, 5)
EAST, WEST = 1, 3
# Sutton & Barto (2018), example 6.2, p. 125: five cells between two ends, of which the right one pays 1. North and
# south lead nowhere, so that they change nothing about which end is reached first.
WALK = """\
step_reward = 0
goal_reward = 1
pit_reward = 0
time_limit = 2000

P..S..G
#######
"""


def trained(config: dict[str, Any], seed: int = 1) -> tuple[Training, list[float]]:
    """(the training after its whole budget, the mean return of each iteration in which an episode ended)."""
    training = Training(RunConfig.from_object(config | {"seed": seed}))
    returns = []
    while training.progress.env_steps < training.config.budget:
        row = training.iterate()
        returns += [row["return_mean"]] if "return_mean" in row else []
    return training, returns


def at_random(kind: str, map_: str, budget: int, step_size: float | None) -> np.ndarray:
    """Q [S, A] after a budget of random moves."""
    algorithm = {"kind": kind, "batch_size": 128, "epsilon": 1.0, "discount": 1.0, "step_size": step_size}
    task = {"kind": "gridworld", "map": map_, "n_envs": 16}
    training, _ = trained({"budget": budget, "task": task, "algorithm": algorithm})
    return training.policy.action_values.numpy()


@pytest.mark.parametrize(
    ("kind", "step_size", "tolerance"),
    [("monte-carlo", None, 0.06), ("sarsa", 0.03, 0.12), ("expected-sarsa", 0.1, 0.01)],
)
def test_the_random_walk_has_its_textbook_values(kind: str, step_size: float | None, tolerance: float) -> None:
    """v = 1/6, 2/6, ..., 5/6 (example 6.2). Monte Carlo: some 1,000 episodes, standard errors of about .02."""
    values = at_random(kind, WALK, 40_960, step_size).mean(-1)[1:6]
    np.testing.assert_allclose(values, np.arange(1, 6) / 6, rtol=0, atol=tolerance)


def test_q_learning_learns_the_best_policy_from_random_moves() -> None:
    """Going east brings 1 from everywhere; so does any other first move, except west from the first cell: 0."""
    expected = np.ones((5, 4))
    expected[0, WEST] = 0.0
    np.testing.assert_allclose(at_random("q-learning", WALK, 20_480, 0.5)[1:6], expected, rtol=0, atol=1e-3)


def test_expected_sarsa_evaluates_the_random_policy_of_the_small_grid() -> None:
    """Sutton & Barto (2018), figure 4.1: 0 -14 -20 -22 and so on."""
    values = at_random("expected-sarsa", "small-4x4", 40_960, 0.5).mean(-1)
    published = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]
    np.testing.assert_allclose(values, published, rtol=0, atol=0.05)


@pytest.mark.parametrize("map_", ["small-4x4", "windy"])
def test_q_learning_reaches_the_planners_action_values(map_: str) -> None:
    algorithm = {"kind": "q-learning", "batch_size": 64, "epsilon": 0.3, "discount": 1.0, "step_size": 0.5}
    config = {"budget": 30_720, "task": {"kind": "gridworld", "map": map_, "n_envs": 16}, "algorithm": algorithm}
    training, _ = trained(config)
    exact, q = optimum(training.task.mdp), training.policy.action_values.numpy()
    tried = training.policy.visits.numpy() >= 200
    assert tried.sum() >= 15
    np.testing.assert_allclose(q[tried], exact.q[tried], rtol=0, atol=1e-3)
    start = training.task.mdp.start
    assert training.evaluate(100, True).returns.mean() == pytest.approx(start @ exact.values, abs=0.05)


@pytest.fixture(scope="module")
def cliff() -> dict[str, tuple[Training, list[float]]]:
    presets = {kind: preset_config(f"cliff-{kind}") for kind in ("q-learning", "sarsa")}
    return {kind: trained(preset) for kind, preset in presets.items()}


def path(training: Training) -> Iterator[tuple[int, int]]:
    """(row, column) after each move of the greedy policy from the start, on a map without chance."""
    mdp, greedy = training.task.mdp, training.policy.action_values.numpy().argmax(-1)
    state = int(mdp.start.argmax())
    for _ in range(100):
        state = int(mdp.next_states[state, greedy[state], 0])
        yield divmod(state, training.task.grid.cols)
        if mdp.terminal[state]:
            return


def test_q_learning_walks_along_the_cliff_and_sarsa_away_from_it(cliff: dict) -> None:
    """Sutton & Barto (2018), example 6.6, p. 132: 13 moves along the edge, and a detour through the top rows."""
    shortest, safe = list(path(cliff["q-learning"][0])), list(path(cliff["sarsa"][0]))
    assert shortest == [(2, column) for column in range(12)] + [(3, 11)]
    assert safe[-1] == (3, 11) and 13 < len(safe) <= 17
    assert {row for row, column in safe if 1 <= column <= 10} <= {0, 1}


def test_while_exploring_sarsa_does_better_than_q_learning(cliff: dict) -> None:
    """The figure of example 6.6: about -25 beside -50. Means over the second half."""
    online = {kind: np.mean(returns[len(returns) // 2 :]) for kind, (_, returns) in cliff.items()}
    assert online["q-learning"] < -40 < -30 < online["sarsa"]
    assert online["q-learning"] > -80 and online["sarsa"] > online["q-learning"] + 10


def exact_return(training: Training, policy: np.ndarray) -> float:
    task = training.task
    return float(task.mdp.start @ policy_return(task.mdp, policy, task.grid.time_limit))


@pytest.mark.parametrize("kind", ["pg", "ppo"])
@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_fog_policy_gradients_become_undecided_where_they_must(kind: str, seed: int) -> None:
    """At p = 1/2 it takes 2 / p = 4 moves from a grey cell to the money: 1 - .1 (1 + 4 - 1) = .6 from the corners."""
    training, _ = trained(preset_config(f"aliased-{kind}"), seed)
    policy = training.task._table(training.policy)
    for grey in (1, 3):
        assert 0.4 <= policy[grey, EAST] <= 0.6
    assert training.task.optimal_return == pytest.approx(0.6, abs=1e-3)
    assert exact_return(training, policy) >= 0.6 - 0.02


def test_in_the_fog_a_greedy_policy_gets_stuck() -> None:
    """Always the same way in both grey cells: from one of the two corners the money is never reached."""
    for seed in SEEDS:
        training, _ = trained(preset_config("aliased-q-learning") | {"budget": 8_192}, seed)
        greedy = np.eye(4)[training.task._table(training.policy).argmax(-1)]
        assert exact_return(training, greedy) < 0.0
