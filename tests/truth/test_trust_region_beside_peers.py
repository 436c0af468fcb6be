"""Conjugate gradients beside SciPy and sb3-contrib; Fisher products beside the Hessian of torch's own KL."""

from typing import Any

import numpy as np
import pytest
import torch
from episodes import DISTRIBUTIONS, INPUTS, policy
from sb3_contrib.common.utils import conjugate_gradient_solver
from scipy.sparse.linalg import LinearOperator, cg
from torch import Tensor, nn
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Independent, Normal, kl_divergence
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from engine.batch import Batch
from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical
from engine.policies.spec import TokenSpec
from engine.policies.tokens import BOUNDARY, TokenModel, TokenPolicy, sample, under_way
from engine.trust_region import Fisher, conjugate_gradient


def system(size: int, seed: int) -> tuple[Tensor, Tensor]:
    """A symmetric positive definite matrix with a spread of 1 to 1000 in its eigenvalues, and a right side."""
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    matrix = basis @ torch.diag(torch.logspace(0, 3, size, dtype=torch.float64)) @ basis.T
    return matrix, torch.randn(size, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("steps", "rounding"), [(1, 1e-12), (2, 1e-12), (5, 1e-10), (15, 1e-7)])
def test_conjugate_gradients_walk_as_scipys_and_sb3_contribs(
    steps: int, rounding: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding, another on every processor, grows with each step as the directions cease to be conjugate."""
    matrix, b = system(30, steps)
    found, _ = conjugate_gradient(lambda v: matrix @ v, b, steps)
    by_scipy, _ = cg(
        LinearOperator(matrix.shape, matvec=lambda v: matrix.numpy() @ v), b.numpy(), rtol=0, maxiter=steps
    )
    np.testing.assert_allclose(found, by_scipy, atol=rounding, rtol=0)
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)  # theirs starts from noise, ours from 0
    theirs = conjugate_gradient_solver(lambda v: matrix @ v, b, max_iter=steps)
    torch.testing.assert_close(found, theirs, atol=rounding, rtol=0)


def test_conjugate_gradients_end_at_numpys_solution() -> None:
    matrix, b = system(30, 0)
    found, _ = conjugate_gradient(lambda v: matrix @ v, b, 200)
    np.testing.assert_allclose(found, np.linalg.solve(matrix.numpy(), b.numpy()), atol=1e-9)


def torchs_kl(distribution: Distribution, old: Tensor, new: Tensor) -> Tensor:
    match distribution:
        case Categorical():
            pairs = [(TorchCategorical(logits=old), TorchCategorical(logits=new))]
        case MultiCategorical(sizes):
            halves = zip(old.split(sizes, -1), new.split(sizes, -1), strict=True)
            pairs = [(TorchCategorical(logits=p), TorchCategorical(logits=q)) for p, q in halves]
        case Gaussian(dim):
            p, q = (Independent(Normal(x[..., :dim], x[..., dim:].exp()), 1) for x in (old, new))
            pairs = [(p, q)]
    return torch.stack([kl_divergence(p, q) for p, q in pairs]).sum(0)


class Plain(nn.Module):
    """A policy's parameters without PackedGRU, which knows no second derivative: nn.Embedding, nn.GRU, nn.Linear."""

    def __init__(self, policy: Any):
        super().__init__()
        self.policy = policy

    def forward(self, observations: Tensor) -> Tensor:
        if isinstance(self.policy, TokenPolicy):
            actor = self.policy.actor
            return actor.head(actor.gru(actor.embedding(observations))[0])
        return self.policy.params(observations)


def hessian_of_the_kl(policy: Any, observations: Tensor, mask: Tensor) -> Tensor:
    """d^2/dtheta^2 of the mean KL(here || theta) over valid rows, by automatic differentiation in float64."""
    module, actor = Plain(policy), policy.actor_parameters()
    names = [next(name for name, p in module.named_parameters() if p is parameter) for parameter in actor]
    here = parameters_to_vector(actor).detach().clone()
    old = module(observations).detach()

    def divergence(theta: Tensor) -> Tensor:
        pieces = theta.split([parameter.numel() for parameter in actor])
        values = {name: piece.view_as(p) for name, piece, p in zip(names, pieces, actor, strict=True)}
        new = functional_call(module, values, (observations,))
        return torchs_kl(policy.distribution, old, new)[mask].mean()

    return torch.autograd.functional.hessian(divergence, here)


def batch(policy: Any, observations: Tensor, mask: Tensor) -> Batch:
    params, nothing = policy.params(observations).detach(), torch.zeros(mask.shape)
    return Batch(observations, nothing, params, nothing, nothing, nothing, nothing, mask)


def compare(policy: Any, observations: Tensor, mask: Tensor) -> None:
    """Three products with random vectors, long and short. Their relative error is the finite difference's, 2e-5."""
    fisher = hessian_of_the_kl(policy.double(), observations, mask)
    assert float(fisher.diagonal().max()) > 1e-3
    product = Fisher(policy, batch(policy, observations, mask), damping=0.1).product
    here = parameters_to_vector(policy.actor_parameters()).detach().clone()
    for seed, length in enumerate((1e-3, 1.0, 1e3)):
        v = length * torch.randn(len(fisher), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        expected = fisher @ v + 0.1 * v
        assert float((product(v) - expected).norm() / expected.norm()) < 2e-5
        assert torch.equal(here, parameters_to_vector(policy.actor_parameters()))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_fisher_products_of_a_perceptron(distribution: Distribution) -> None:
    generator = torch.Generator().manual_seed(2)
    observations = torch.randn(12, INPUTS, generator=generator, dtype=torch.float64)
    compare(policy(distribution, sizes=(5,)), observations, torch.rand(12, generator=generator) < 0.7)


def test_fisher_products_of_a_recurrent_policy() -> None:
    """Columns of several lengths; the rows after each column's end count nowhere."""
    torch.manual_seed(3)
    model = TokenModel(vocabulary=4, embedding=2, hidden=3, layers=1, outputs=4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 2
        model.head.bias[BOUNDARY] += 1.5
    actor = TokenPolicy(TokenSpec(4, 2, 3, 1, model.state_dict()), torch.Generator().manual_seed(4))
    drawn = sample(actor.actor, 6, 7, torch.Generator().manual_seed(5))
    assert len(set(drawn.mask.sum(0).tolist())) > 2 and torch.equal(drawn.mask, under_way(drawn.read))
    compare(actor, drawn.read, drawn.mask)
