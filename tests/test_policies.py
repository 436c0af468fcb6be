"""Policies: initialisation, and a table where no layer is hidden."""

import torch

from engine import policies
from engine.policies import PolicySettings
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec


def test_weights_are_orthogonal_and_the_first_policy_is_nearly_even() -> None:
    spec = EnvSpec((8,), Categorical(5))
    policy = policies.build(spec, PolicySettings(hidden_sizes=(32, 32)), torch.Generator().manual_seed(0))
    square = policy.actor[2].weight.detach()
    assert torch.allclose(square @ square.T, 2 * torch.eye(32), atol=1e-5)  # gain sqrt 2
    logits = policy.params(torch.randn(100, 8, generator=torch.Generator().manual_seed(1))).detach()
    assert float(torch.softmax(logits, -1).max()) < 0.22


def test_no_hidden_layer_is_a_table_of_logits_and_one_of_values() -> None:
    policy = policies.build(EnvSpec((4,), Categorical(2)), PolicySettings(hidden_sizes=()), torch.Generator())
    assert [tuple(p.shape) for p in policy.actor_parameters()] == [(2, 4)]
    assert [tuple(p.shape) for p in policy.critic_parameters()] == [(1, 4)]
    assert torch.equal(policy.params(torch.eye(4)), torch.zeros(4, 2))


def test_a_gaussians_deviation_does_not_depend_on_the_state() -> None:
    policy = policies.build(EnvSpec((3,), Gaussian(2)), PolicySettings(), torch.Generator().manual_seed(0))
    params = policy.params(torch.randn(7, 3))
    assert params.shape == (7, 4)
    assert torch.equal(params[:, 2:], torch.zeros(7, 2))


def test_actor_and_critic_share_nothing_and_are_everything() -> None:
    policy = policies.build(EnvSpec((3,), Gaussian(2)), PolicySettings(), torch.Generator().manual_seed(0))
    actor, critic = ({id(p) for p in part} for part in (policy.actor_parameters(), policy.critic_parameters()))
    assert not actor & critic
    assert actor | critic == {id(p) for p in policy.parameters()}
