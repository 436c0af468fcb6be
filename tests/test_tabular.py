"""Q-learning, SARSA, expected SARSA and Monte Carlo: hand calculations, what may be asked of them, exact resuming."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.metrics import METRICS
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec
from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import InvalidSettings
from engine.tasks import TASKS
from engine.training import Training

TABULAR = [kind for kind, algorithm in ALGORITHMS.items() if algorithm.tabular]
HALF = {"discount": 0.5, "step_size": 0.1, "epsilon": 0.2}
Q = [[0.0, 1.0], [1.0, 3.0], [0.0, 0.0]]  # three observations, two actions


def test_these_four_learn_tables() -> None:
    assert set(TABULAR) == {"q-learning", "sarsa", "expected-sarsa", "monte-carlo"}


def table(values: list[list[float]] = Q, epsilon: float = 0.2) -> TablePolicy:
    policy = TablePolicy(EnvSpec((len(values),), Categorical(len(values[0]))))
    policy.learn(torch.tensor(values))
    policy.explore(epsilon)
    return policy


def record(states: list[int], actions: list[int], rewards: list[float], end: str = "", **rows: Any) -> Rollout:
    """One environment; `states` has one entry more than the others. end: how the last row ends."""
    steps = len(actions)
    last = torch.arange(steps)[:, None] == steps - 1
    columns = {
        "observations": torch.eye(3)[torch.tensor(states)][:, None],
        "actions": torch.tensor(actions)[:, None],
        "rewards": torch.tensor(rewards)[:, None],
        "terminated": last & (end == "terminated"),
        "truncated": last & (end == "truncated"),
        "mask": torch.ones(steps, 1, dtype=torch.bool),
    }
    return Rollout(**columns | rows)


def after(kind: str, *records: Rollout, policy: TablePolicy | None = None, **settings: Any) -> Tensor:
    policy = policy or table()
    algorithm = algorithms.build(kind, policy, None)
    chosen = ALGORITHMS[kind].settings.from_object(HALF | settings)
    for made in records:
        algorithm.update(chosen, made, 0.0, torch.Generator())
    return policy.action_values


# From observation 0, action 1 pays 2 and leads to observation 1; Q(0, 1) = 1, alpha = .1, gamma = .5. There the best
# is worth 3, and with epsilon .2 the average is .2 * (1 + 3) / 2 + .8 * 3 = 2.8.
@pytest.mark.parametrize(
    ("kind", "end", "expected"),
    [
        ("q-learning", "", 1 + 0.1 * (2 + 0.5 * 3 - 1)),
        ("q-learning", "terminated", 1 + 0.1 * (2 - 1)),
        ("q-learning", "truncated", 1 + 0.1 * (2 + 0.5 * 3 - 1)),
        ("expected-sarsa", "", 1 + 0.1 * (2 + 0.5 * 2.8 - 1)),
        ("expected-sarsa", "terminated", 1 + 0.1 * (2 - 1)),
        ("expected-sarsa", "truncated", 1 + 0.1 * (2 + 0.5 * 2.8 - 1)),
        ("sarsa", "", 1.0),  # the next action is not yet known
        ("sarsa", "terminated", 1 + 0.1 * (2 - 1)),
        ("sarsa", "truncated", 1 + 0.1 * (2 + 0.5 * 2.8 - 1)),
        ("monte-carlo", "", 1.0),  # the episode is not over
        ("monte-carlo", "terminated", 1 + 0.1 * (2 - 1)),
        ("monte-carlo", "truncated", 1 + 0.1 * (2 + 0.5 * 2.8 - 1)),
    ],
)
def test_one_transition_by_hand(kind: str, end: str, expected: float) -> None:
    found = after(kind, record([0, 1], [1], [2.0], end))
    assert found[0, 1].item() == pytest.approx(expected, abs=1e-12)
    found[0, 1] = 1.0
    assert found.tolist() == Q


@pytest.mark.parametrize(("next_action", "expected"), [(0, 1 + 0.1 * (2 + 0.5 * 1 - 1)), (1, 1 + 0.1 * (2 + 1.5 - 1))])
def test_sarsa_waits_for_the_action_of_the_next_rollout(next_action: int, expected: float) -> None:
    second = record([1, 2], [next_action], [0.0])
    assert after("sarsa", record([0, 1], [1], [2.0]), second)[0, 1].item() == pytest.approx(expected, abs=1e-12)
    together = record([0, 1, 2], [1, next_action], [2.0, 0.0])
    assert after("sarsa", together)[0, 1].item() == pytest.approx(expected, abs=1e-12)


def test_transitions_are_learned_in_order_of_time() -> None:
    """Q(0,1): 1 + .1 (0 + .5 * 3 - 1) = 1.05; then Q(1,0): 1 + .1 (4 + .5 * 1.05 - 1) = 1.3525."""
    found = after("q-learning", record([0, 1, 0], [1, 0], [0.0, 4.0]))
    assert found[:2, :].flatten().tolist() == pytest.approx([0.0, 1.05, 1.3525, 3.0], abs=1e-12)


def test_monte_carlo_takes_the_first_visit_and_the_mean_of_all_episodes() -> None:
    """G_2 = 4, G_1 = 2 + .5 * 4 = 4, G_0 = 1 + .5 * 4 = 3: (0, 0) has 3, where every visit would make it 3.5."""
    first = record([0, 1, 0, 2], [0, 1, 0], [1.0, 2.0, 4.0], "terminated")
    assert after("monte-carlo", first, step_size=None)[:2].tolist() == [[3.0, 1.0], [1.0, 4.0]]
    second = record([0, 2], [0], [5.0], "terminated")
    assert after("monte-carlo", first, second, step_size=None)[0, 0].item() == (3.0 + 5.0) / 2


@pytest.mark.parametrize("kind", TABULAR)
def test_what_stands_in_an_invalid_row_reaches_nothing(kind: str) -> None:
    """An episode, the row of its reset, another episode: as if both were handed over one by one."""
    mask, ends = torch.tensor([[True], [True], [False], [True]]), torch.tensor([[False], [True], [False], [True]])
    both = record([0, 1, 2, 0, 1], [1, 0, 1, 1], [2.0, 1.0, math.nan, 3.0], mask=mask, terminated=ends)
    apart = record([0, 1, 2], [1, 0], [2.0, 1.0], "terminated"), record([0, 1], [1], [3.0], "terminated")
    junk = both.observations.clone()
    junk[2] = math.nan  # what an ended episode led to is never read
    assert torch.equal(after(kind, replace(both, observations=junk)), after(kind, *apart))


def test_epsilon_is_shared_by_all_actions_and_the_rest_by_the_best() -> None:
    policy = table([[1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, -1.0]])
    params = policy.params(torch.eye(2))
    expected = [[0.45, 0.45, 0.05, 0.05], [0.05, 0.85, 0.05, 0.05]]
    torch.testing.assert_close(params.exp(), torch.tensor(expected))
    assert policy.values(torch.eye(2)).tolist() == [1.0, 2.0]
    policy.explore(0.0)
    greedy = policy.params(torch.eye(2))
    assert policy.distribution.mode(greedy)[1] == 1
    torch.testing.assert_close(policy.distribution.entropy(greedy), torch.tensor([math.log(2), 0.0]))
    drawn = policy.distribution.sample(greedy.expand(1000, 2, 4), torch.Generator().manual_seed(0))
    assert set(drawn[:, 0].tolist()) == {0, 1} and set(drawn[:, 1].tolist()) == {1}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [1.0] * 4), ("linear", [1.0, 0.505, 0.01, 0.01]), ("exponential", [1.0, 0.1, 0.01, 0.01])],
)
def test_epsilon_falls_over_its_share_of_the_budget(schedule: str, expected: list[float]) -> None:
    """From 1 to .01 over half of the budget: after a quarter (1 + .01) / 2, or sqrt(1 * .01); then the floor."""
    chosen = {"epsilon": 1.0, "epsilon_floor": 0.01, "epsilon_share": 0.5, "epsilon_schedule": schedule}
    settings = ALGORITHMS["sarsa"].settings.from_object(chosen)
    policy, found = table(), []
    for progress in (0.0, 0.25, 0.5, 1.0):
        algorithms.prepare(policy, settings, progress)
        found.append(float(policy.epsilon))
    assert found == pytest.approx(expected, abs=1e-12)


def config(kind: str, task: dict | None = None, **changes: Any) -> dict:
    task = {"kind": "gridworld", "n_envs": 4} | (task or {})
    return {"budget": 1000, "task": task, "algorithm": {"kind": kind, "batch_size": 64}} | changes


FALLING = {"epsilon_schedule": "linear"}
FLOOR_0 = {"epsilon_schedule": "exponential", "epsilon_floor": 0.0}


@pytest.mark.parametrize("kind", TABULAR)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy": {"hidden_sizes": [8]}}, "policy.hidden_sizes is [8]; {kind} learns a table, so it must be []"),
        ({"policy": {"activation": "relu"}}, "policy.hidden_sizes is [64, 64]"),
        ({"task": {"kind": "gym"}}, "CartPole-v1 has observations or actions that are not single choices"),
        ({"task": {"kind": "gym", "env_id": "Blackjack-v1"}}, "it must be one of pg, trpo, ppo"),
        ({"task": {"kind": "molecules"}}, "algorithm.kind is {kind}, which learns a table; molecules has"),
        ({"task": {"kind": "gym", "env_id": "FrozenLake-v1", "normalise_observations": True}}, "so it must be false"),
        ({"device": "cuda"}, "device is cuda; {kind} learns a table"),
        ({"algorithm": {"epsilon": 1.5}}, "algorithm.epsilon is 1.5; it must be a number between 0.0 and 1.0"),
        ({"algorithm": {"step_size": 0}}, "algorithm.step_size is 0; it must be a number above 0.0 and at most 1.0"),
        ({"algorithm": FALLING | {"epsilon_floor": 0.2}}, "at most algorithm.epsilon, which is 0.1"),
        ({"algorithm": FLOOR_0}, "algorithm.epsilon_floor is 0.0; no factor makes epsilon 0"),
    ],
)
def test_what_a_table_cannot_learn_is_refused_with_one_sentence(kind: str, changes: dict, words: str) -> None:
    tree = config(kind) | changes
    tree["algorithm"] = {"kind": kind, "batch_size": 64} | changes.get("algorithm", {})
    with pytest.raises(InvalidSettings) as refused:
        RunConfig.from_object(tree)
    assert len(refused.value.problems) == 1
    assert words.format(kind=kind) in refused.value.problems[0]


def test_a_table_is_refused_for_other_observations_and_actions() -> None:
    for spec in (EnvSpec((3,), Gaussian(2)), EnvSpec((2, 2), Categorical(2))):
        with pytest.raises(InvalidSettings):
            TablePolicy(spec)


def test_a_run_that_names_no_network_gets_what_its_algorithm_takes() -> None:
    assert RunConfig.from_object(config("sarsa")).policy.hidden_sizes == ()
    assert RunConfig.from_object(config("pg")).policy.hidden_sizes == (64, 64)
    assert {name for name, task in TASKS.items() if task.countable(task.settings())} == {"gridworld"}


@pytest.mark.parametrize("kind", TABULAR)
@pytest.mark.parametrize("env_id", [None, "FrozenLake-v1"])
def test_a_run_resumed_goes_on_bit_for_bit(kind: str, env_id: str | None) -> None:
    """Six iterations at once, and three, a checkpoint and three more; epsilon falls, and episodes run on between."""
    task = {"kind": "gym", "env_id": env_id} if env_id else {"map": "windy"}
    tree = config(kind, task)
    tree["algorithm"] |= {"epsilon": 1.0, "epsilon_schedule": "exponential", "batch_size": 20}
    whole, first, second = (Training(RunConfig.from_object(tree)) for _ in range(3))
    rows = [whole.iterate() for _ in range(6)]
    found = [first.iterate() for _ in range(3)]
    second.load_state_dict(first.state_dict())
    found += [second.iterate() for _ in range(3)]
    for expected, row in zip(rows, found, strict=True):
        assert set(row) <= set(METRICS) and {"epsilon", "td_error", "visited_share", "start_value", "entropy"} <= set(
            row
        )
        for name in set(row) - {"wall_s", "steps_per_second"}:
            assert name.startswith("time_") or row[name] == expected[name], name
    assert [row["epsilon"] for row in rows] == sorted((row["epsilon"] for row in rows), reverse=True)
    one, other = whole.policy.state_dict(), second.policy.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert one["visits"].sum() == whole.progress.env_steps
    for training in (whole, first, second):
        training.task.close()
