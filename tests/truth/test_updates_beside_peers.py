"""Whole updates on records with invalid rows: PPO beside Stable-Baselines3's, TRPO beside sb3-contrib's."""

from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from episodes import DISTRIBUTIONS, policy, rollout
from peers import actor_vector, layers, peer
from sb3_contrib import TRPO
from stable_baselines3 import PPO
from torch.nn.utils import parameters_to_vector

from engine import algorithms, losses
from engine.algorithms import ALGORITHMS
from engine.policies.distributions import Gaussian
from engine.rollout import Rollout

GAMMA, GAE_LAMBDA = 0.97, 0.9


def record(actor: Any, parts: int) -> Rollout:
    """One with episodes that end in both ways, and a number of valid rows that `parts` divides."""
    records = (rollout(actor, steps=30, seed=seed) for seed in count())
    found = next(record for record in records if record.steps % parts == 0)
    assert (found.truncated & ~found.terminated).any() and found.terminated.any() and not found.mask.all()
    return found


def update(kind: str, actor: Any, given: Rollout, seed: int, **settings: Any) -> dict[str, Any]:
    config = ALGORITHMS[kind].settings.from_object({"discount": GAMMA, "gae_lambda": GAE_LAMBDA} | settings)
    return algorithms.build(kind, actor, None).update(config, given, 0.0, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_ppo_equals_stable_baselines3_minibatch_for_minibatch(
    distribution: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five epochs of three minibatches in the same order: 15 Adam steps later weights and metrics agree."""
    actor = policy(distribution)
    given = record(actor, 3)
    theirs = peer(
        PPO,
        actor,
        given,
        GAMMA,
        GAE_LAMBDA,
        batch_size=given.steps // 3,
        n_epochs=5,
        learning_rate=3e-3,
        ent_coef=0.01,
        vf_coef=0.25,
    )
    before = parameters_to_vector(actor.parameters()).detach().clone()
    order = torch.Generator().manual_seed(5)
    monkeypatch.setattr(np.random, "permutation", lambda n: torch.randperm(n, generator=order).numpy())
    theirs.train()

    settings = {"minibatch_size": given.steps // 3, "epochs": 5, "learning_rate": 3e-3, "entropy_coefficient": 0.01}
    # theirs weighs the squared error, ours half of it
    row = update("ppo", actor, given, seed=5, **settings, value_coefficient=0.5)
    moved = float((parameters_to_vector(actor.parameters()).detach() - before).abs().max())
    assert moved > 0.02
    for ours, other in layers(actor, theirs.policy):
        torch.testing.assert_close(ours.weight, other.weight, atol=1e-3 * moved, rtol=0)
        torch.testing.assert_close(ours.bias, other.bias, atol=1e-3 * moved, rtol=0)
    logged = theirs.logger.name_to_value
    assert float(row["clip_fraction"]) == pytest.approx(logged["train/clip_fraction"], abs=1e-6)
    assert float(row["policy_loss"]) == pytest.approx(logged["train/policy_gradient_loss"], abs=1e-5)
    assert 2 * float(row["value_loss"]) == pytest.approx(logged["train/value_loss"], rel=1e-4)
    assert float(row["explained_variance"]) == pytest.approx(float(logged["train/explained_variance"]), abs=1e-5)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_ppos_minibatch_kl_is_stable_baselines3s_approx_kl(distribution: Any) -> None:
    """One epoch of one minibatch, from a policy that has moved since it acted: the ratios are not 1."""
    actor, acted = policy(distribution), policy(distribution)
    given = record(acted, 1)
    with torch.no_grad():
        for parameter in actor.actor_parameters():
            parameter += 0.05
    theirs = peer(PPO, actor, given, GAMMA, GAE_LAMBDA, batch_size=given.steps, n_epochs=1)
    old = acted.distribution.log_prob(acted.params(given.observations[:-1]), given.actions).detach()
    theirs.rollout_buffer.log_probs = old[given.mask].numpy()[:, None]
    theirs.train()
    logged = theirs.logger.name_to_value

    new = actor.distribution.log_prob(actor.params(given.observations[:-1]), given.actions).detach()
    k3 = float(losses.kl_k3(new - old, given.mask))
    assert k3 > 1e-3
    assert k3 == pytest.approx(float(logged["train/approx_kl"]), rel=1e-4)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
@pytest.mark.parametrize("damping", [0.1, 0.01])
def test_trpos_step_is_sb3_contribs(distribution: Any, damping: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same gradient and Fisher matrix (theirs by a double backward pass), so the same full step, and gain along it.

    Theirs shortens it until KL(new || old) keeps the limit, ours KL(old || new). The solver's 40 steps are enough for
    both to arrive: before that, their iterates part where a product is off by 1e-5 (float32, finite differences).
    """
    actor = policy(distribution)
    given = record(actor, 1)
    # sb3-contrib means the KL over the dimensions of a continuous action too: half of ours for two of them
    share = 1 / distribution.dim if isinstance(distribution, Gaussian) else 1.0
    theirs = peer(
        TRPO,
        actor,
        given,
        GAMMA,
        GAE_LAMBDA,
        batch_size=given.steps,
        target_kl=share * 0.01,
        cg_max_steps=40,
        cg_damping=share * damping,
        line_search_shrinking_factor=0.8,
        n_critic_updates=1,
    )
    before = parameters_to_vector(actor.actor_parameters()).detach().clone()
    with monkeypatch.context() as patched:
        patched.setattr(torch, "randn_like", torch.zeros_like)  # theirs starts its solver from noise
        theirs.train()
    row = update("trpo", actor, given, seed=0, max_kl=0.01, damping=damping, conjugate_gradient_steps=40)
    step = parameters_to_vector(actor.actor_parameters()).detach() - before
    other = actor_vector(theirs.policy) - before
    logged = theirs.logger.name_to_value
    assert row["step_accepted"] == logged["train/is_line_search_success"] == 1.0
    direction, theirs_direction = step / step.norm(), other / other.norm()
    # at most the products' error, 2e-5, times the condition number (2 to 120)
    assert float((direction - theirs_direction).norm()) < 2e-3
    shortened = np.log(float(other.norm() / step.norm()) * float(row["step_fraction"])) / np.log(0.8)
    assert shortened == pytest.approx(round(shortened), abs=0.01) and round(shortened) in (0, 1)
    if round(shortened) == round(np.log(float(row["step_fraction"])) / np.log(0.8)):
        reached = float(row["surrogate_gain"]) - float(row["policy_loss"])
        assert reached == pytest.approx(logged["train/policy_objective"], rel=2e-3)
