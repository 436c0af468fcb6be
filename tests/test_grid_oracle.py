"""Exact answers beside sampled ones on a map: large batches agree with them, and so do sums by hand."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from engine.algorithms.measuring import beside_exact
from engine.batch import judge
from engine.config import RunConfig
from engine.gridworlds.dynamics import observation_codes, tabular
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import parse_map
from engine.metrics import METRICS
from engine.planning.evaluation import occupancy, policy_values
from engine.presets import preset_config
from engine.tasks.grid_oracle import beside_sampled, oracle
from engine.training import Training

EXACT = {"exact_return", "return_z"}
OF_UPDATE = {"gradient_cosine", "followed_cosine", "natural_cosine", "kl_exact"}


def training(kind: str, map_: str = "small-4x4", seed: int = 1, task: dict | None = None, **algorithm: Any) -> Training:
    config = preset_config(f"gridworld-{kind}")
    config["task"] |= {"map": map_, "oracle": True} | (task or {})
    config["algorithm"] |= algorithm
    return Training(RunConfig.from_object(config | {"seed": seed}))


@pytest.mark.parametrize(("map_", "discount"), [("small-4x4", 1.0), ("aliased", 0.9)])
def test_a_large_batchs_gradient_points_where_its_exact_expectation_does(map_: str, discount: float) -> None:
    """Whole episodes, rewards to go, a constant baseline: unbiased, off by 1 / sqrt(N)."""
    plain = {"baseline": "mean", "standardise_advantages": False, "batch_size": 51_200}
    row = training("pg", map_, discount=discount, **plain).iterate()
    assert row["followed_cosine"] > 0.99
    assert abs(row["return_z"]) < 4
    if discount < 1.0:  # without gamma^t another vector is followed
        assert row["gradient_cosine"] < row["followed_cosine"]
    else:
        assert row["gradient_cosine"] == row["followed_cosine"]


def test_sampled_returns_are_off_by_a_standard_error_or_so() -> None:
    """z of whole episodes under one policy: mean 0 and deviation 1, over 40 batches within .5 and .35."""
    frozen = training("pg", "frozenlake-4x4", learning_rate=1e-9, batch_size=1984)
    z = [frozen.iterate()["return_z"] for _ in range(40)]
    assert abs(np.mean(z)) < 0.5
    assert 0.65 < np.std(z, ddof=1) < 1.35


def test_the_natural_gradient_is_the_table_of_advantages() -> None:
    """F^+ g with the Fisher matrix blockdiag d(s) (diag pi - pi pi') written out, against Q - V from linear systems."""
    grid = read_map("small-4x4")
    mdp = replace(tabular(grid), discount=0.9)
    logits = np.random.default_rng(1).normal(size=(mdp.n_states, 4))
    policy = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    seen, kinds = observation_codes(grid, "cell")
    found = oracle(mdp, policy, seen, kinds, 400)
    values = policy_values(mdp, policy).values
    for state in np.flatnonzero(~mdp.terminal):
        pi, visits = policy[state], float(found.visits[state])
        fisher = visits * (np.diag(pi) - np.outer(pi, pi))
        natural = np.linalg.pinv(fisher) @ found.followed[state].numpy()
        advantages = np.array([-1 + 0.9 * values[mdp.next_states[state, a, 0]] - values[state] for a in range(4)])
        scale = natural / (advantages - advantages.mean())
        assert scale == pytest.approx(np.full(4, scale[0]), rel=1e-6)
        assert found.advantages[state].numpy() == pytest.approx(advantages, abs=1e-6)


def test_visits_are_the_share_of_expected_moves() -> None:
    """Two cells before the goal, the uniform policy: 12 moves are expected, 8 of them in the first cell."""
    grid = parse_map("S.G\n###\n")
    mdp, policy = tabular(grid), np.full((6, 4), 0.25)
    found = oracle(mdp, policy, *observation_codes(grid, "cell"), 400)
    expected = occupancy(mdp, policy) * ~mdp.terminal
    assert found.visits.numpy() == pytest.approx(expected / expected.sum(), abs=1e-9)
    # d0 = 1 + 3/4 d0 + 1/4 d1 and d1 = 1/4 d0 + 1/2 d1, so d0 = 2 d1: 8 and 4
    assert found.visits[:2].tolist() == pytest.approx([8 / 12, 4 / 12], abs=1e-9)


def test_kl_and_clipping_by_hand() -> None:
    """One cell, two useful moves: the update turned logits [0, 0, 0, 0] into [ln 3, 0, 0, 0]."""
    made = training("ppo", "SG\n##\n", task={"n_envs": 4}, batch_size=64, minibatch_size=64, clip_range=0.4)
    first = copy.deepcopy(made.policy)
    with torch.no_grad():
        made.policy.actor[0].weight[0, 0] = float(np.log(3.0))
    rollout = made.task.collect(first, 64, torch.Generator().manual_seed(1), False)
    judged = judge(first, rollout)
    flat = torch.ones_like(judged.log_probs)
    row = beside_exact(made.policy, judged.batch(first, flat, flat), rollout.oracle, 0.4)
    # After: 3/6, 1/6, 1/6, 1/6. KL = 1/4 ln(1/2) + 3/4 ln(3/2). Ratios 2 and 2/3: only the first is beyond .4.
    assert float(row["kl_exact"]) == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5), abs=1e-6)
    assert float(row["clipped_exact"]) == pytest.approx(0.25, abs=1e-9)
    north = float((rollout.actions[rollout.mask] == 0).float().mean())
    assert float(row["clipped_after"]) == pytest.approx(north, abs=1e-6)


def test_the_exact_return_of_a_corridor() -> None:
    grid = parse_map("step_reward = -1\n\nS.G\n###\n")
    east = np.eye(4)[np.full(6, 1)]
    assert beside_sampled(tabular(grid), east, 100, [-2.0]) == {"exact_return": -2.0}  # no spread, so no z
    assert beside_sampled(tabular(grid), east, 100, []) == {"exact_return": -2.0}


@pytest.mark.parametrize("kind", ["pg", "trpo", "ppo", "q-learning", "monte-carlo"])
def test_what_is_recorded_is_documented_and_only_where_it_was_asked_for(kind: str) -> None:
    asked = training(kind)
    rows = asked.iterate() | asked.iterate()
    assert set(rows) <= set(METRICS) and set(rows) >= EXACT
    learns_logits = kind in ("pg", "trpo", "ppo")
    assert set(rows) >= OF_UPDATE if learns_logits else not OF_UPDATE & set(rows)
    assert ("clipped_exact" in rows) == (kind == "ppo")
    plain = training(kind, task={"oracle": False})
    assert not (EXACT | OF_UPDATE) & set(plain.iterate() | plain.iterate())
    assert set(asked.picture()) - set(plain.picture()) == {"visited", "visited_ever", "visits", "advantages"}
    large = training(kind, "maze-20x20")
    assert not (EXACT | OF_UPDATE) & set(large.iterate())
    assert "visited" in large.picture()


def test_asking_changes_nothing_in_what_is_learned_and_visits_outlive_a_checkpoint() -> None:
    asked, plain = training("ppo"), training("ppo", task={"oracle": False})
    for _ in range(3):
        asked.iterate(), plain.iterate()
    for one, other in zip(asked.policy.parameters(), plain.policy.parameters(), strict=True):
        assert torch.equal(one, other)
    again = training("ppo")
    again.load_state_dict(copy.deepcopy(asked.state_dict()))
    asked.iterate(), again.iterate()
    assert asked.picture() == again.picture()
    ever = np.array([share for row in asked.picture()["visited_ever"] for share in row if share is not None])
    assert ever.sum() == pytest.approx(1.0, abs=1e-4)
