"""The written-out passes and gradients against autograd on the plain losses, and Adam against torch's own."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine import algorithms, closed_form, policies
from engine.advantages import masked_mean, masked_whiten
from engine.algorithms import ALGORITHMS
from engine.batch import Batch
from engine.losses import clipped_surrogate, kl_k3, value_loss
from engine.optimisation import Optimiser
from engine.policies import PolicySettings
from engine.policies.distributions import Categorical, Gaussian, MultiCategorical
from engine.policies.spec import EnvSpec

DISTRIBUTIONS = [Categorical(2), Categorical(5), MultiCategorical((2, 3)), Gaussian(1), Gaussian(3)]
CLIP, ENTROPY, VALUE = 0.2, 0.03, 0.7


def example(distribution: Any, sizes: tuple[int, ...], activation: str, rows: int) -> tuple[Any, Batch]:
    """A policy away from its initial weights, and a minibatch whose ratios reach far beyond the clip range."""
    generator = torch.Generator().manual_seed(rows)
    settings = PolicySettings(hidden_sizes=sizes, activation=activation)
    policy = policies.build(EnvSpec((2, 2), distribution), settings, generator)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    observations = torch.randn(rows, 2, 2, generator=generator)
    params = policy.params(observations.flatten(1)).detach()
    actions = distribution.sample(params, generator)
    old = distribution.log_prob(params, actions) + 0.4 * torch.randn(rows, generator=generator)
    numbers = [torch.randn(rows, generator=generator) for _ in range(3)]
    return policy, Batch(observations.flatten(1), actions, params, old, *numbers, torch.ones(rows, dtype=torch.bool))


def gradients(policy: nn.Module) -> Tensor:
    return torch.cat([parameter.grad.reshape(-1).clone() for parameter in policy.parameters()])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(("sizes", "rows"), [((16,), 64), ((8, 12, 4), 33), ((16,), 1)])
def test_the_gradient_is_autograds(distribution: Any, activation: str, sizes: tuple[int, ...], rows: int) -> None:
    policy, part = example(distribution, sizes, activation, rows)
    optimiser = Optimiser([*policy.actor_parameters(), *policy.critic_parameters()])
    assert closed_form.covers(policy, part)
    slope = closed_form.PPOGradient(policy, CLIP, ENTROPY, VALUE)
    assert slope(part) == slope(part)  # nothing of the last call is left in the arrays it is computed in
    ours = slope(part)
    written_out = gradients(policy)

    params = policy.params(part.observations)
    log_probs = policy.distribution.log_prob(params, part.actions)
    advantages = masked_whiten(part.advantages, part.mask)
    loss, clip_fraction = clipped_surrogate(log_probs, part.log_probs, advantages, part.mask, CLIP)
    critics = value_loss(policy.values(part.observations), part.returns, part.mask)
    entropy = masked_mean(policy.distribution.entropy(params), part.mask)
    optimiser.slope(loss + VALUE * critics - ENTROPY * entropy)
    plain = gradients(policy)
    assert torch.allclose(written_out, plain, rtol=1e-4, atol=1e-5 * float(plain.abs().max()))
    kl = kl_k3(log_probs.detach() - part.log_probs, part.mask)
    expected = {"policy_loss": loss, "value_loss": critics, "clip_fraction": clip_fraction, "minibatch_kl": kl}
    assert ours == pytest.approx({name: float(value.detach()) for name, value in expected.items()}, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_outputs_without_a_gradient_are_the_networks(activation: str) -> None:
    policy, _ = example(Categorical(3), (32, 32), activation, 8)
    observations = 3 * torch.randn(5, 7, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        params, values = policy.params(observations), policy.values(observations)
    assert params.shape == (5, 7, 3) and values.shape == (5, 7)
    assert torch.allclose(params, policy.actor(observations), atol=3e-6)
    assert torch.allclose(values, policy.critic(observations).squeeze(-1), atol=3e-6)


@pytest.mark.parametrize("kind", ["ppo", "trpo"])
@pytest.mark.parametrize("distribution", [Categorical(3), Gaussian(2)], ids=str)
def test_whole_updates_with_and_without_it_agree(kind: str, distribution: Any, monkeypatch: Any) -> None:
    from test_algorithms import policy, rollout

    ends = []
    for covered in (True, False):
        actor = policy(distribution)
        if not covered:
            monkeypatch.setattr(closed_form, "covers", lambda policy, batch: False)
        settings = ALGORITHMS[kind].settings.from_object(
            {"batch_size": 96, "learning_rate": 0.01} if kind == "ppo" else {}
        )
        algorithm = algorithms.build(kind, actor, None)
        algorithm.update(settings, rollout(actor), 0.0, torch.Generator().manual_seed(5))
        ends.append(torch.cat([parameter.detach().reshape(-1) for parameter in actor.parameters()]))
    assert torch.allclose(*ends, atol=2e-5)


@pytest.mark.parametrize("compiled", [True, False])  # on another device than the CPU nothing is
def test_adam_and_its_norm_clip_are_torchs(compiled: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 3), (3,), (1, 3)]
    ours = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    theirs = [nn.Parameter(parameter.detach().clone()) for parameter in ours]
    optimiser, adam = Optimiser(ours), torch.optim.Adam(theirs, eps=1e-5)
    if not compiled:
        optimiser.arrays = None
    for step in range(200):
        pulls = [torch.randn(shape, generator=generator) for shape in shapes]
        adam.param_groups[0]["lr"] = learning_rate = 0.05 / (1 + step)
        adam.zero_grad()
        sum(((p - q) ** 4).sum() for p, q in zip(theirs, pulls, strict=True)).backward()
        expected = nn.utils.clip_grad_norm_(theirs, 2.0)
        adam.step()
        norm = optimiser.step(sum(((p - q) ** 4).sum() for p, q in zip(ours, pulls, strict=True)), learning_rate, 2.0)
        assert norm == pytest.approx(float(expected), rel=1e-4)
    for mine, other in zip(ours, theirs, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)
