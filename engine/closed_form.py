"""Gradients of PPO's loss and the critic's without autograd, for perceptrons on the CPU: the same numbers, sooner."""

import math
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from engine.batch import Batch
from engine.policies import Policy
from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical
from engine.policies.mlp import MLPPolicy
from engine.policies.passes import Both, Passes


def covers(policy: Policy, batch: Batch) -> TypeGuard[MLPPolicy]:
    """Whether the gradients below may stand in for the plain losses."""
    return isinstance(policy, MLPPolicy) and policy.written_out(batch.observations)


class PPOGradient:
    """The gradient of L_clip + c_v L_value - c_e entropy (Schulman et al. 2017, eq. 9), for one update's minibatches.

    Every row of a minibatch counts. What is of its size is computed by torch, what is one number a row by numpy,
    which takes a third of the time to begin.
    """

    def __init__(
        self, policy: MLPPolicy, clip_range: float, entropy_coefficient: float, value_coefficient: float
    ) -> None:
        self.policy, self.clip_range, self.entropy_coefficient = policy, clip_range, entropy_coefficient
        self.critic = ValueGradient(policy, value_coefficient)
        self.passes: dict[int, Both] = {}

    @torch.no_grad()
    @np.errstate(over="ignore", invalid="ignore")  # the optimiser sees and refuses what is not finite
    def __call__(self, part: Batch) -> dict[str, float]:
        """The gradient at `part` [M] into every parameter's .grad; returns the metrics that the plain loss does."""
        policy, distribution, count = self.policy, self.policy.distribution, len(part.mask)
        passes = _for_rows(self.passes, policy.actor_passes, count)
        rows = part.observations.reshape(count, -1)
        params = policy.with_deviation(passes.forward(rows))
        log_prob, d_params = log_prob_and_slope(distribution, params, part.actions)
        advantages = whitened(part.advantages.numpy())

        # d/d log pi of -min(r A, clip(r) A) is -r A where the first is the smaller, else 0
        log_ratio = log_prob.numpy() - part.log_probs.numpy()
        ratio = np.exp(log_ratio)
        gain = ratio * advantages
        held = np.minimum(np.maximum(ratio, 1 - self.clip_range), 1 + self.clip_range) * advantages
        weight = np.where(gain <= held, gain, np.float32(0)) * np.float32(-1 / count)
        d_params *= torch.from_numpy(weight).unsqueeze(-1)
        if self.entropy_coefficient:
            d_params -= entropy_slope(distribution, params) * (self.entropy_coefficient / count)
        d_output = d_params
        if policy.log_std is not None:
            d_output, d_log_std = d_params.chunk(2, -1)
            torch.sum(d_log_std, 0, out=policy.log_std.grad)
        passes.backward(rows, d_output)
        return {
            "policy_loss": -float(np.minimum(gain, held).sum()) / count,
            "value_loss": self.critic(part),
            "clip_fraction": np.count_nonzero(np.abs(ratio - 1) > self.clip_range) / count,
            "minibatch_kl": float((np.expm1(log_ratio) - log_ratio).sum()) / count,
        }


class ValueGradient:
    """The gradient of c * 0.5 mean (V - R)^2, for one update's minibatches."""

    def __init__(self, policy: MLPPolicy, coefficient: float = 1.0):
        self.policy, self.coefficient = policy, coefficient
        self.passes: dict[int, Both] = {}

    @torch.no_grad()
    def __call__(self, part: Batch) -> float:
        """The gradient at `part` [M] into the critic's .grad; returns 0.5 mean (V - R)^2."""
        count = len(part.mask)
        passes = _for_rows(self.passes, self.policy.critic_passes, count)
        rows = part.observations.reshape(count, -1)
        error = passes.forward(rows).sub(part.returns.unsqueeze(-1))
        loss = 0.5 * float(error.flatten() @ error.flatten()) / count
        passes.backward(rows, error.mul_(self.coefficient / count))
        return loss


def _for_rows(made: dict[int, Both], passes: Passes, count: int) -> Both:
    """The passes for batches of `count` rows; minibatches are of two sizes at most."""
    if count not in made:
        made[count] = Both(passes, count)
    return made[count]


def whitened(x: np.ndarray) -> np.ndarray:
    """advantages.masked_whiten where every entry counts."""
    if len(x) == 1:
        return x
    centred = x - x.sum() / len(x)
    deviation = math.sqrt(float(centred @ centred) / (len(x) - 1))
    if deviation <= 8 * np.finfo(x.dtype).eps * float(np.abs(x).sum()) / len(x):
        return np.zeros_like(x)
    return centred / np.float32(deviation + 1e-8)


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
