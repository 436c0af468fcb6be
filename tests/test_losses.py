"""Losses and KL estimators against hand calculations. Beside peers, and with padding of any content: tests/truth."""

import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from engine import losses
from engine.policies import distributions

ALL = torch.ones(4, dtype=torch.bool)


def test_clipped_surrogate_by_hand() -> None:
    # ratios 1.5, 0.5, 1.1, 0.9; advantages 1, 1, -1, -1; clip .2:
    # min(1.5, 1.2) = 1.2; min(.5, .8) = .5; min(-1.1, -1.1) = -1.1; min(-.9, -.9) = -.9 -> mean -.075, loss .075
    ratios, advantages = torch.tensor([1.5, 0.5, 1.1, 0.9]), torch.tensor([1.0, 1.0, -1.0, -1.0])
    loss, fraction = losses.clipped_surrogate(ratios.log(), torch.zeros(4), advantages, ALL, 0.2)
    assert float(loss) == pytest.approx(0.075, abs=1e-6)
    assert float(fraction) == 0.5


def test_clip_fraction_counts_whatever_the_advantages_sign() -> None:
    ratios = torch.tensor([1.5, 0.5, 1.5, 0.5])
    for sign in (1.0, -1.0):
        _, fraction = losses.clipped_surrogate(ratios.log(), torch.zeros(4), sign * torch.ones(4), ALL, 0.2)
        assert float(fraction) == 1.0


def test_value_losses_by_hand() -> None:
    # V = 2, old 1, R = 3, c = .5: clipped to 1.5 -> errors 1 and 2.25, the larger counts, half of it
    v, old, r, mask = torch.tensor([2.0]), torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([True])
    assert float(losses.value_loss(v, r, mask)) == 0.5
    assert float(losses.clipped_value_loss(v, old, r, mask, 0.5)) == 1.125


def test_policy_gradient_and_surrogate_have_the_same_gradient_at_the_old_policy() -> None:
    log_probs = torch.log(torch.tensor([0.2, 0.5, 0.9, 0.1])).requires_grad_()
    advantages = torch.tensor([1.0, -2.0, 0.5, 3.0])
    (of_pg,) = torch.autograd.grad(losses.policy_gradient(log_probs, advantages, ALL), log_probs)
    (of_trpo,) = torch.autograd.grad(losses.surrogate(log_probs, log_probs.detach(), advantages, ALL), log_probs)
    assert torch.allclose(of_pg, -of_trpo)
    assert torch.allclose(of_pg, -advantages / 4)


def test_kl_estimators_by_hand_and_their_expectation() -> None:
    # old (.5, .5), new (.25, .75): KL(old || new) = .5 ln 2 + .5 ln(2/3) = .143841
    old, new = torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75])
    exact = float(kl_divergence(Categorical(old), Categorical(new)))
    assert exact == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3), abs=1e-6)
    log_ratio = (new / old).log()  # each action once: the expectation under old
    mask = torch.ones(2, dtype=torch.bool)
    assert float(losses.kl_k1(log_ratio, mask)) == pytest.approx(exact, abs=1e-6)
    assert float(losses.kl_k3(log_ratio, mask)) == pytest.approx(exact, abs=1e-6)
    assert float(losses.kl_k2(log_ratio, mask)) == pytest.approx(
        (math.log(0.5) ** 2 + math.log(1.5) ** 2) / 4, abs=1e-6
    )


@pytest.mark.parametrize(
    "distribution", [distributions.Categorical(4), distributions.MultiCategorical((2, 3)), distributions.Gaussian(2)]
)
def test_fisher_product_is_the_hessian_of_the_kl(distribution: distributions.Distribution) -> None:
    generator = torch.Generator().manual_seed(3)
    params = torch.randn(distribution.parameters, generator=generator, dtype=torch.float64)
    tangent = torch.randn(distribution.parameters, generator=generator, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda new: distribution.kl(params, new), params)
    assert torch.allclose(distribution.fisher_product(params, tangent), hessian @ tangent, atol=1e-8)


def test_samples_follow_the_probabilities() -> None:
    logits = torch.tensor([0.1, 0.2, 0.7]).log().expand(30_000, 3)
    draws = distributions.Categorical(3).sample(logits, torch.Generator().manual_seed(0))
    shares = torch.bincount(draws, minlength=3) / 30_000
    # standard error of a share is at most sqrt(.25 / 30000) = .0029: four of them
    assert torch.allclose(shares, torch.tensor([0.1, 0.2, 0.7]), atol=0.012)
