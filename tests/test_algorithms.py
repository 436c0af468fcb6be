"""The three updates: on hand-made rollouts, with invalid rows and at the optimum. Beside peers: tests/truth."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from engine import algorithms, policies
from engine.algorithms import ALGORITHMS
from engine.algorithms.ppo import PPO, PPOSettings
from engine.metrics import METRICS
from engine.optimisation import NonFiniteGradient
from engine.policies import PolicySettings
from engine.policies.distributions import Categorical, Gaussian, MultiCategorical
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout

STEPS, ENVS, INPUTS = 24, 4, 3
DISTRIBUTIONS = [Categorical(3), MultiCategorical((2, 3)), Gaussian(2)]
SMALL = {
    "pg": {"batch_size": 96},
    "trpo": {"batch_size": 96, "critic_minibatch_size": 32},
    "ppo": {"batch_size": 96, "minibatch_size": 32},
}


def policy(distribution: Any = DISTRIBUTIONS[0], seed: int = 0, sizes: tuple[int, ...] = (16,)) -> Any:
    settings = PolicySettings(hidden_sizes=sizes)
    return policies.build(EnvSpec((INPUTS,), distribution), settings, torch.Generator().manual_seed(seed))


def rollout(actor: Any, seed: int = 0) -> Rollout:
    """Six-step episodes in NEXT_STEP mode: five valid rows, the reset row, and so on."""
    generator = torch.Generator().manual_seed(seed)
    observations = torch.randn(STEPS + 1, ENVS, INPUTS, generator=generator)
    with torch.no_grad():
        actions = actor.distribution.sample(actor.params(observations[:STEPS]), generator)
    row = torch.arange(STEPS).unsqueeze(1).expand(STEPS, ENVS)
    none = torch.zeros(STEPS, ENVS, dtype=torch.bool)
    return Rollout(
        observations=observations,
        actions=actions,
        rewards=torch.randn(STEPS, ENVS, generator=generator),
        terminated=row % 6 == 4,
        truncated=none,
        mask=row % 6 != 5,
    )


def updated(kind: str, actor: Any, record: Rollout, **settings: Any) -> tuple[torch.Tensor, dict[str, Any]]:
    config = ALGORITHMS[kind].settings.from_object(SMALL[kind] | settings)
    algorithm = algorithms.build(kind, actor, None)
    row = algorithm.update(config, record, 0.0, torch.Generator().manual_seed(5))
    return parameters_to_vector(actor.parameters()).detach(), row


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_an_update_moves_the_policy_and_reports_known_metrics(kind: str, distribution: Any) -> None:
    actor = policy(distribution)
    before = parameters_to_vector(actor.parameters()).detach().clone()
    after, row = updated(kind, actor, rollout(actor))
    assert torch.isfinite(after).all() and not torch.equal(before, after)
    assert set(row) <= set(METRICS)
    assert {"kl", "entropy", "gradient_norm", "ratio_bin_00"} <= set(row)
    bins = sum(float(share) for name, share in row.items() if name.startswith("ratio_bin_"))
    assert bins == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("baseline", "fits"), [("none", False), ("mean", False), ("value", True), ("gae", True)])
def test_a_critic_that_nobody_fits_is_not_told_of(baseline: str, fits: bool) -> None:
    actor = policy()
    _, row = updated("pg", actor, rollout(actor), baseline=baseline)
    assert ("explained_variance" in row, "value_loss" in row) == (fits, fits)


@pytest.mark.parametrize("kind", SMALL)
def test_what_stands_in_an_invalid_row_reaches_nothing(kind: str) -> None:
    record = rollout(policy())
    junk = ~record.mask
    spoiled = replace(
        record,
        rewards=torch.where(junk, torch.nan, record.rewards),
        actions=torch.where(junk, 0, record.actions),
    )
    clean, row = updated(kind, policy(), record)
    dirty, dirty_row = updated(kind, policy(), spoiled)
    assert torch.equal(clean, dirty)
    assert {k: float(v) for k, v in row.items()} == {k: float(v) for k, v in dirty_row.items()}


@pytest.mark.parametrize("kind", SMALL)
def test_a_state_dict_continues_bit_for_bit(kind: str) -> None:
    config = ALGORITHMS[kind].settings.from_object(SMALL[kind])
    whole, halves = policy(), policy()
    one, first = algorithms.build(kind, whole, None), algorithms.build(kind, halves, None)
    for seed in (1, 2):
        one.update(config, rollout(whole, seed), 0.0, torch.Generator().manual_seed(seed))
    first.update(config, rollout(halves, 1), 0.0, torch.Generator().manual_seed(1))
    resumed = policy(seed=9)
    resumed.load_state_dict(halves.state_dict())
    second = algorithms.build(kind, resumed, None)
    second.load_state_dict(first.state_dict())
    second.update(config, rollout(resumed, 2), 0.0, torch.Generator().manual_seed(2))
    assert torch.equal(parameters_to_vector(whole.parameters()), parameters_to_vector(resumed.parameters()))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_trpo_keeps_its_limit(distribution: Any) -> None:
    actor = policy(distribution)
    algorithm = algorithms.build("trpo", actor, None)
    config = ALGORITHMS["trpo"].settings.from_object(SMALL["trpo"] | {"max_kl": 0.01})
    accepted = 0
    for seed in range(25):
        row = algorithm.update(config, rollout(actor, seed), 0.0, torch.Generator().manual_seed(seed))
        assert float(row["kl"]) <= 0.01 + 1e-7
        accepted += int(row["step_accepted"])
    assert accepted > 20


def test_trpo_at_the_optimum_stays_there() -> None:
    actor = policy(sizes=())
    record = rollout(actor)
    still = replace(record, rewards=torch.zeros_like(record.rewards), terminated=record.mask, mask=record.mask)
    before = [parameter.clone() for parameter in actor.actor_parameters()]
    _, row = updated("trpo", actor, still)
    assert all(torch.equal(old, new) for old, new in zip(before, actor.actor_parameters(), strict=True))
    assert row["step_accepted"] == 0.0


@pytest.mark.parametrize("kind", SMALL)
def test_a_gradient_that_is_no_number_stops_before_it_poisons(kind: str) -> None:
    actor = policy()
    record = rollout(actor)
    algorithm = algorithms.build(kind, actor, None)
    config = ALGORITHMS[kind].settings.from_object(SMALL[kind])
    rewards = record.rewards.clone()
    rewards[0] = torch.inf
    before = parameters_to_vector(actor.parameters()).detach().clone()
    with pytest.raises(NonFiniteGradient, match="3 updates in a row"):
        for _ in range(3):
            algorithm.update(config, replace(record, rewards=rewards), 0.0, torch.Generator().manual_seed(0))
    assert torch.equal(before, parameters_to_vector(actor.parameters()))


def test_ppo_stops_early_at_its_target_kl() -> None:
    _, free = updated("ppo", policy(), rollout(policy()), epochs=50, learning_rate=0.01)
    _, held = updated("ppo", policy(), rollout(policy()), epochs=50, learning_rate=0.01, target_kl=0.002)
    assert held["epochs"] < free["epochs"] == 50
    assert float(held["kl"]) < float(free["kl"])


@pytest.mark.parametrize(
    ("distance", "factor"), [(0.5, 1.02), (0.21, 1.005), (0.19, 0.995), (0.0, 0.98), (math.nan, 1)]
)
def test_the_pull_to_the_reference_follows_its_distance(distance: float, factor: float) -> None:
    """By hand, target 0.2: 1 + 0.1 (KL / 0.2 - 1), within 2 % a time (Ziegler et al. 2019, section 2.2)."""
    actor = policy()
    ppo = PPO(actor, reference=actor)
    settings = PPOSettings(reference_kl_target=0.2, reference_kl_coefficient=0.05)
    for times in (1, 2):
        told = ppo._adapt(settings, {"reference_kl": distance})["reference_kl_coefficient"]
        assert told == pytest.approx(0.05 * factor**times, rel=1e-12)
