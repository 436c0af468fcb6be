"""Losses and divergences as pure functions of tensors of one shape; each means over valid entries only."""

import torch
from torch import Tensor

from engine.advantages import masked_mean


def policy_gradient(log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """-mean(log pi(a|s) * A): its gradient is the REINFORCE estimate. (Williams 1992)"""
    log_probs, advantages = _valid(mask, log_probs, advantages)
    return -masked_mean(log_probs * advantages, mask)


def surrogate(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """mean(r * A), r = pi_new / pi_old: what TRPO maximises. (Schulman et al. 2015, eq. 14)"""
    log_probs, old_log_probs, advantages = _valid(mask, log_probs, old_log_probs, advantages)
    return masked_mean((log_probs - old_log_probs).exp() * advantages, mask)


def clipped_surrogate(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, mask: Tensor, clip_range: float
) -> tuple[Tensor, Tensor]:
    """-mean(min(r A, clip(r, 1-c, 1+c) A)) and the clip fraction. (Schulman et al. 2017, eq. 7)

    The clip fraction is the share of valid entries with |r - 1| > clip_range, whatever the advantage's sign.
    """
    log_probs, old_log_probs, advantages = _valid(mask, log_probs, old_log_probs, advantages)
    ratio = (log_probs - old_log_probs).exp()
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    loss = -masked_mean(torch.minimum(ratio * advantages, clipped * advantages), mask)
    return loss, masked_mean(((ratio.detach() - 1).abs() > clip_range).to(ratio.dtype), mask)


def value_loss(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """0.5 * mean((V - R)^2). (Schulman et al. 2017, L^VF of eq. 9, halved)"""
    values, returns = _valid(mask, values, returns)
    return 0.5 * masked_mean((values - returns) ** 2, mask)


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, clip_range: float) -> Tensor:
    """0.5 * mean(max((V - R)^2, (V_old + clip(V - V_old, -c, c) - R)^2)): the larger error counts. (Engstrom et al.
    2020, section 3; as OpenAI Baselines' ppo2 has it)"""
    values, old_values, returns = _valid(mask, values, old_values, returns)
    near = old_values + (values - old_values).clamp(-clip_range, clip_range)
    return 0.5 * masked_mean(torch.maximum((values - returns) ** 2, (near - returns) ** 2), mask)


def kl_k1(log_ratio: Tensor, mask: Tensor) -> Tensor:
    """mean(-log r): unbiased for KL(old || new) under samples of old, may be negative. (Schulman 2020, k1)"""
    (log_ratio,) = _valid(mask, log_ratio)
    return masked_mean(-log_ratio, mask)


def kl_k2(log_ratio: Tensor, mask: Tensor) -> Tensor:
    """mean((log r)^2) / 2: low variance, biased. (Schulman 2020, k2)"""
    (log_ratio,) = _valid(mask, log_ratio)
    return masked_mean(log_ratio**2 / 2, mask)


def kl_k3(log_ratio: Tensor, mask: Tensor) -> Tensor:
    """mean(r - 1 - log r): unbiased and never negative. (Schulman 2020, k3)"""
    (log_ratio,) = _valid(mask, log_ratio)
    return masked_mean(torch.expm1(log_ratio) - log_ratio, mask)


def _valid(mask: Tensor, *tensors: Tensor) -> list[Tensor]:
    """The same tensors with 0 at invalid entries, so that neither a value nor a gradient there can be NaN."""
    return [torch.where(mask, tensor, 0.0) for tensor in tensors]
