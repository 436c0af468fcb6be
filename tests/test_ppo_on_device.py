"""PPO's update on the device beside PPO's update: the same parameters and metrics, whatever the mask and settings."""

import copy
from dataclasses import replace

import pytest
import torch

from engine.algorithms.ppo import PPO, PPOSettings
from engine.optimisation import NonFiniteGradient
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout

SPECS = {"choices": EnvSpec((5,), Categorical(3)), "real": EnvSpec((5,), Gaussian(2))}
BASE = {"batch_size": 16 * 12, "minibatch_size": 50, "epochs": 3, "learning_rate": 3e-3, "entropy_coefficient": 0.01}


def made_up(spec, ends, seed=0, steps=16, n=12):
    """A rollout of random numbers; `ends`: episodes end at random, and the row after an end does not count."""
    generator = torch.Generator().manual_seed(seed)
    chance = torch.rand(steps, n, generator=generator)
    done = chance < (0.15 if ends else 0.0)
    mask = torch.ones(steps, n, dtype=torch.bool)
    for t in range(1, steps):
        mask[t] = ~done[t - 1]
        done[t] &= mask[t]
    if isinstance(spec.distribution, Categorical):
        actions = torch.randint(3, (steps, n), generator=generator)
    else:
        actions = torch.randn(steps, n, 2, generator=generator)
    return Rollout(
        observations=torch.randn(steps + 1, n, *spec.observation_shape, generator=generator),
        actions=actions,
        rewards=torch.randn(steps, n, generator=generator),
        terminated=done & (chance < 0.1),
        truncated=done & (chance >= 0.1),
        mask=mask,
    )


def on_device(rollout):
    return replace(rollout, under_way=(torch.zeros(rollout.mask.shape), torch.zeros(rollout.mask.shape)))


def pair(spec, hidden=(16,)):
    """The same policy and algorithm twice."""
    policy = build(spec, PolicySettings(hidden_sizes=hidden), torch.Generator().manual_seed(1))
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
    return PPO(policy, None), PPO(copy.deepcopy(policy), None)


def updated(ppo, settings, rollouts, progress=0.25):
    return [ppo.update(settings, rollout, progress, torch.Generator().manual_seed(3)) for rollout in rollouts]


def assert_alike(one, other, rows, others):
    for mine, theirs in zip(rows, others, strict=True):
        assert sorted(mine) == sorted(theirs)
        for name, value in mine.items():
            expected = float(theirs[name])
            assert float(value) == pytest.approx(expected, rel=2e-3, abs=2e-5, nan_ok=True), name
    for mine, theirs in zip(one.policy.parameters(), other.policy.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=2e-5)
    torch.testing.assert_close(one.optimiser.second, other.optimiser.second, rtol=1e-3, atol=1e-7)
    assert (one.optimiser.steps, one.optimiser.skipped) == (other.optimiser.steps, other.optimiser.skipped)


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"minibatch_size": 192}, {"minibatch_size": 1, "epochs": 1}, {"value_clip": 0.1}, {"schedule": "linear"}],
    ids=str,
)
def test_where_every_row_counts_it_is_ppos_update_minibatch_by_minibatch(kind, changes):
    """192 rows in parts of 50: four of 48; of 1: one each, whose advantages are not whitened."""
    spec = SPECS[kind]
    settings = PPOSettings(**BASE | changes)
    rollouts = [made_up(spec, ends=False, seed=seed) for seed in (0, 1)]
    here, there = pair(spec)
    assert_alike(here, there, updated(here, settings, map(on_device, rollouts)), updated(there, settings, rollouts))


@pytest.mark.parametrize("size", [13, 37, 110])
def test_parts_of_unequal_size_are_ppos(size):
    """192 rows in 15, 5 or 2 parts, of which some are smaller by one and filled up."""
    spec = SPECS["choices"]
    rollout, settings = made_up(spec, ends=False), PPOSettings(**BASE | {"minibatch_size": size})
    here, there = pair(spec)
    assert_alike(here, there, updated(here, settings, [on_device(rollout)]), updated(there, settings, [rollout]))


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("hidden", [(16,), ()], ids=["layers", "table"])
def test_rows_that_do_not_count_change_nothing(kind, hidden):
    """The whole batch at once, so that the order plays no part; then what stands in the masked rows is changed."""
    spec = SPECS[kind]
    settings = PPOSettings(**BASE | {"minibatch_size": 192})
    rollout = made_up(spec, ends=True)
    assert 0 < (~rollout.mask).sum() < 60
    here, there = pair(spec, hidden)
    assert_alike(here, there, updated(here, settings, [on_device(rollout)]), updated(there, settings, [rollout]))
    noisy = replace(rollout, rewards=torch.where(rollout.mask, rollout.rewards, 1e6))
    again, _ = pair(spec, hidden)
    updated(again, settings, [on_device(noisy)])
    for mine, theirs in zip(again.policy.parameters(), here.policy.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_each_row_is_in_one_minibatch_of_each_epoch():
    """At a learning rate of next to nothing the mean over minibatches, by rows, is the mean over the batch."""
    spec = SPECS["choices"]
    rollout = made_up(spec, ends=True)
    rows = []
    for size in (192, 20):
        here, _ = pair(spec)
        settings = PPOSettings(**BASE | {"minibatch_size": size, "learning_rate": 1e-12})
        rows += updated(here, settings, [on_device(rollout)])
    assert rows[0]["value_loss"] == pytest.approx(rows[1]["value_loss"], rel=1e-5)


@pytest.mark.parametrize("target", [1e-6, 1e-3, 3e-3, 10.0])
def test_it_stops_early_where_ppo_does(target):
    spec = SPECS["choices"]
    settings = PPOSettings(**BASE | {"target_kl": target, "epochs": 6, "learning_rate": 1e-2})
    rollouts = [made_up(spec, ends=False, seed=seed) for seed in (0, 1)]
    here, there = pair(spec)
    rows, others = updated(here, settings, map(on_device, rollouts)), updated(there, settings, rollouts)
    assert_alike(here, there, rows, others)
    assert (rows[0]["epochs"] == 6) == (target == 10.0)


def test_settings_may_change_between_updates():
    spec = SPECS["choices"]
    rollout, here, there = made_up(spec, ends=False), *pair(spec)
    for changes in ({}, {"clip_range": 0.05}, {"learning_rate": 1e-2, "minibatch_size": 64}):
        settings = PPOSettings(**BASE | changes)
        rows, others = updated(here, settings, [on_device(rollout)]), updated(there, settings, [rollout])
        assert_alike(here, there, rows, others)


def test_a_gradient_that_is_not_finite_moves_nothing_and_three_end_the_run():
    spec = SPECS["choices"]
    here, _ = pair(spec)
    fine, broken = (on_device(made_up(spec, ends=False)) for _ in range(2))
    broken.rewards[:] = torch.inf
    updated(here, PPOSettings(**BASE), [fine])
    before, steps = here.optimiser.parameters.clone(), here.optimiser.steps
    updated(here, PPOSettings(**BASE | {"minibatch_size": 192, "epochs": 2}), [broken])
    assert torch.equal(here.optimiser.parameters, before)
    assert (here.optimiser.steps, here.optimiser.skipped) == (steps, 2)
    updated(here, PPOSettings(**BASE | {"minibatch_size": 192, "epochs": 1}), [fine])
    assert here.optimiser.skipped == 0 and not torch.equal(here.optimiser.parameters, before)
    before = here.optimiser.parameters.clone()
    with pytest.raises(NonFiniteGradient, match="nan for 3 updates in a row; a smaller learning rate usually helps"):
        updated(here, PPOSettings(**BASE), [broken])
    assert torch.equal(here.optimiser.parameters, before)


def test_a_rollout_of_which_nothing_counts_moves_nothing():
    spec = SPECS["choices"]
    here, _ = pair(spec)
    before = here.optimiser.parameters.clone()
    rollout = made_up(spec, ends=False)
    rollout.mask[:] = False
    updated(here, PPOSettings(**BASE), [on_device(rollout)])
    assert torch.equal(here.optimiser.parameters, before) and here.optimiser.steps == 0
