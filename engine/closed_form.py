"""Gradients of PPO's loss and the critic's without autograd, for perceptrons on the CPU: the same numbers, sooner."""

from typing import TypeGuard

import torch
from torch import Tensor

from engine.advantages import masked_whiten
from engine.batch import Batch
from engine.policies import Policy
from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical
from engine.policies.mlp import MLPPolicy


def covers(policy: Policy, batch: Batch) -> TypeGuard[MLPPolicy]:
    """Whether the gradients below may stand in for the plain losses."""
    return isinstance(policy, MLPPolicy) and policy.written_out(batch.observations)


@torch.no_grad()
def ppo_gradient(
    policy: MLPPolicy, part: Batch, clip_range: float, entropy_coefficient: float, value_coefficient: float
) -> dict[str, Tensor]:
    """The gradient of L_clip + c_v L_value - c_e entropy (Schulman et al. 2017, eq. 9) into every parameter's .grad.

    Every row of `part` [M] counts. Returns the minibatch's metrics, as the plain loss does.
    """
    count = len(part.mask)
    rows = part.observations.reshape(count, -1)
    read = policy.actor_passes.forward(rows)
    params = policy.with_deviation(read[-1])
    log_prob, score = log_prob_and_slope(policy.distribution, params, part.actions)
    advantages = masked_whiten(part.advantages, part.mask)

    # d/d log pi of -min(r A, clip(r) A) is -r A where the first is the smaller, else 0
    log_ratio = log_prob - part.log_probs
    ratio = log_ratio.exp()
    gain = ratio * advantages
    held = ratio.clamp(1 - clip_range, 1 + clip_range) * advantages
    d_params = score * torch.where(gain <= held, gain, 0.0).div_(-count).unsqueeze(-1)
    if entropy_coefficient:
        d_params -= entropy_slope(policy.distribution, params) * (entropy_coefficient / count)
    d_output = d_params
    if policy.log_std is not None:
        d_output, d_log_std = d_params.chunk(2, -1)
        torch.sum(d_log_std, 0, out=policy.log_std.grad)
    policy.actor_passes.backward(read, d_output)

    error = value_gradient(policy, part, value_coefficient)
    means = torch.stack([
        -torch.minimum(gain, held),
        0.5 * error.square(),
        ((ratio - 1).abs() > clip_range).float(),
        torch.expm1(log_ratio) - log_ratio,
    ]).mean(1)  # fmt: skip
    return dict(zip(("policy_loss", "value_loss", "clip_fraction", "minibatch_kl"), means.unbind(), strict=True))


@torch.no_grad()
def value_gradient(policy: MLPPolicy, part: Batch, coefficient: float = 1.0) -> Tensor:
    """The gradient of c * 0.5 mean (V - R)^2 into the critic's .grad; returns V - R [M]."""
    count = len(part.mask)
    read = policy.critic_passes.forward(part.observations.reshape(count, -1))
    error = read[-1].squeeze(-1) - part.returns
    policy.critic_passes.backward(read, (error * (coefficient / count)).unsqueeze(-1))
    return error


def log_prob_and_slope(distribution: Distribution, params: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """log pi(a) [M] and its gradient in params [M, K]: onehot(a) - p; z / sigma and z^2 - 1 for Gaussians."""
    match distribution:
        case Categorical():
            log_probs, chosen = torch.log_softmax(params, -1), actions.unsqueeze(-1)
            slope = log_probs.exp().neg_()
            slope.scatter_add_(-1, chosen, torch.ones_like(chosen, dtype=slope.dtype))
            return log_probs.gather(-1, chosen).squeeze(-1), slope
        case MultiCategorical():
            parts = [
                log_prob_and_slope(choice, logits, action)
                for (choice, logits), action in zip(distribution.parts(params), actions.unbind(-1), strict=True)
            ]
            return torch.stack([log_prob for log_prob, _ in parts]).sum(0), torch.cat([slope for _, slope in parts], -1)
        case Gaussian():
            mean, log_std = params.chunk(2, -1)
            z = (actions - mean) * (-log_std).exp()
            return distribution.log_prob(params, actions), torch.cat([z * (-log_std).exp(), z.square() - 1], -1)


def entropy_slope(distribution: Distribution, params: Tensor) -> Tensor:
    """The entropy's gradient in params [M, K]: -p (log p + H) for logits; 0 and 1 for mean and log sigma."""
    match distribution:
        case Categorical():
            log_probs = torch.log_softmax(params, -1)
            probs = log_probs.exp()
            return -probs * (log_probs - (probs * log_probs).sum(-1, keepdim=True))
        case MultiCategorical():
            return torch.cat([entropy_slope(choice, logits) for choice, logits in distribution.parts(params)], -1)
        case Gaussian(dim):
            return torch.cat([params.new_zeros(dim), params.new_ones(dim)]).expand_as(params)
