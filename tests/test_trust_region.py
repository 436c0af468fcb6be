"""Conjugate gradients, Fisher products and the line search against sb3-contrib, explicit matrices and an adversary."""

import pytest
import torch
from sb3_contrib.common.utils import conjugate_gradient_solver
from torch.func import functional_call, jacrev
from torch.nn.utils import parameters_to_vector

from engine import policies
from engine.batch import Batch
from engine.policies import PolicySettings
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec
from engine.trust_region import Fisher, backtrack, conjugate_gradient


def test_conjugate_gradient_solves_what_sb3_contribs_solves() -> None:
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(20, 20, generator=generator, dtype=torch.float64)
    matrix, b = root @ root.T + torch.eye(20), torch.randn(20, generator=generator, dtype=torch.float64)
    ours, towards = conjugate_gradient(lambda v: matrix @ v, b, 200)
    assert torch.allclose(towards, b, atol=1e-8)
    assert torch.allclose(ours, torch.linalg.solve(matrix, b), atol=1e-8)
    theirs = conjugate_gradient_solver(lambda v, **_: matrix @ v, b, max_iter=5)
    # theirs starts from noise of 1e-4
    ours, towards = conjugate_gradient(lambda v: matrix @ v, b, 5)
    assert torch.allclose(ours, theirs, atol=2e-3)
    assert torch.allclose(towards, matrix @ ours, atol=1e-10)


def test_conjugate_gradient_of_nothing_is_nothing() -> None:
    for found in conjugate_gradient(lambda v: v, torch.zeros(3), 10):
        assert torch.equal(found, torch.zeros(3))


@pytest.mark.parametrize("distribution", [Categorical(3), Gaussian(2)])
def test_fisher_product_equals_the_explicit_matrix(distribution: Categorical | Gaussian) -> None:
    generator = torch.Generator().manual_seed(1)
    policy = policies.build(EnvSpec((4,), distribution), PolicySettings(hidden_sizes=(5,)), generator)
    observations = torch.randn(7, 4, generator=generator)
    mask = torch.tensor([True] * 5 + [False] * 2)
    rows = torch.zeros(7)
    params = policy.params(observations).detach()
    batch = Batch(observations, rows, params, rows, rows, rows, rows, mask)
    named = dict(policy.named_parameters())
    ordered = [next(name for name, p in named.items() if p is actor) for actor in policy.actor_parameters()]

    class Params(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy = policy

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.policy.params(x)

    module = Params()
    values = {f"policy.{name}": named[name].detach() for name in ordered}
    jacobians = jacrev(lambda p: functional_call(module, p, (observations,)))(values)
    size = params.shape[-1]
    jacobian = torch.cat([jacobians[f"policy.{name}"].reshape(7, size, -1) for name in ordered], -1)
    middle = torch.stack([distribution.fisher_product(params, unit.expand(7, size)) for unit in torch.eye(size)], -1)
    fisher = torch.einsum("bka,bkl,blc->bac", jacobian, middle, jacobian)[mask].mean(0)

    v = torch.randn(fisher.shape[0], generator=generator)
    found = Fisher(policy, batch, damping=0.1).product(v)
    expected = fisher @ v + 0.1 * v
    assert float((found - expected).norm() / expected.norm()) < 1e-3


def test_the_fisher_products_of_shares_average_to_that_of_all() -> None:
    """Every row is as likely to be in a share, so the mean over 400 shares is the whole's within chance (z < 4)."""
    generator = torch.Generator().manual_seed(1)
    policy = policies.build(EnvSpec((4,), Categorical(3)), PolicySettings(hidden_sizes=(5,)), generator)
    observations, rows = torch.randn(40, 4, generator=generator), torch.zeros(40)
    params = policy.params(observations).detach()
    batch = Batch(observations, rows, params, rows, rows, rows, rows, rows == 0)
    v = torch.randn(sum(p.numel() for p in policy.actor_parameters()), generator=generator)
    whole = v @ Fisher(policy, batch, 0.0).product(v)
    shares = [batch.share(0.1, generator) for _ in range(400)]
    assert {share.size for share in shares} == {4}
    found = torch.stack([v @ Fisher(policy, share, 0.0).product(v) for share in shares])
    assert found.std() > 0.01 * whole
    assert abs(found.mean() - whole) < 4 * found.std() / 400**0.5
    assert batch.share(1.0, generator) is batch and batch.share(0.001, generator).size == 1


def test_a_refused_step_restores_the_parameters_bit_for_bit() -> None:
    layer = torch.nn.Linear(3, 3)
    before = parameters_to_vector(layer.parameters()).detach().clone()
    step = torch.full_like(before, 0.1)

    def never_better() -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor(0.0), torch.tensor(-1.0)

    accepted, trials = backtrack(list(layer.parameters()), step, never_better, max_kl=0.01, shrink=0.8, tries=4)
    assert not accepted and [trial.fraction for trial in trials] == pytest.approx([1, 0.8, 0.64, 0.512])
    assert torch.equal(before, parameters_to_vector(layer.parameters()))


def test_the_first_step_within_the_limit_is_taken() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))

    def measure() -> tuple[torch.Tensor, torch.Tensor]:
        return weight.detach()[0] ** 2, weight.detach()[0]

    accepted, trials = backtrack([weight], torch.ones(1), measure, max_kl=0.3, shrink=0.5, tries=10)
    assert accepted and weight.tolist() == [0.5]
    assert [trial.kl for trial in trials] == [1.0, 0.25]


def test_nan_is_never_accepted() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    accepted, _ = backtrack(
        [weight], torch.ones(1), lambda: (torch.tensor(torch.nan), torch.tensor(torch.nan)), 0.3, 0.5, 3
    )
    assert not accepted and weight.tolist() == [0.0]
