"""Gradients of PPO's loss and the critic's without autograd, for perceptrons on the CPU: the same numbers, sooner."""

from typing import TypeGuard

import numpy as np

from engine import kernels
from engine.batch import Batch
from engine.kernels import Floats
from engine.policies import Policy
from engine.policies.distributions import Categorical, Gaussian, MultiCategorical
from engine.policies.mlp import MLPPolicy
from engine.policies.passes import Both, Passes, gradient


def covers(policy: Policy, batch: Batch) -> TypeGuard[MLPPolicy]:
    """Whether the gradients below may stand in for the plain losses."""
    return isinstance(policy, MLPPolicy) and policy.written_out(batch.observations)


class PPOGradient:
    """The gradient of L_clip + c_v L_value - c_e entropy (Schulman et al. 2017, eq. 9), for one update's minibatches.

    Every row of a minibatch counts.
    """

    def __init__(
        self, policy: MLPPolicy, clip_range: float, entropy_coefficient: float, value_coefficient: float
    ) -> None:
        self.policy, self.clip_range, self.entropy_coefficient = policy, clip_range, entropy_coefficient
        self.critic = ValueGradient(policy, value_coefficient)
        self.head = head(policy)
        self.passes: dict[int, Both] = {}

    def __call__(self, part: Batch) -> dict[str, float]:
        """The gradient at `part` [M] into every parameter's .grad; returns the metrics that the plain loss does."""
        count, (rows, actions, old, advantages, _) = part.size, part.arrays
        passes = _for_rows(self.passes, self.policy.actor_passes, count)
        output = passes.forward(rows)
        log_probs, weights = np.empty(count, np.float32), np.empty(count, np.float32)
        self.head.log_probs(output, actions, log_probs)
        loss, clip_fraction, kl = kernels.clipped_surrogate(log_probs, old, advantages, self.clip_range, weights)
        self.head.slope(output, actions, weights, self.entropy_coefficient, passes.output_slope)
        passes.backward(rows)
        return {
            "policy_loss": loss,
            "value_loss": self.critic(part),
            "clip_fraction": clip_fraction,
            "minibatch_kl": kl,
        }


class ValueGradient:
    """The gradient of c * 0.5 mean (V - R)^2, for one update's minibatches."""

    def __init__(self, policy: MLPPolicy, coefficient: float = 1.0):
        self.policy, self.coefficient = policy, coefficient
        self.passes: dict[int, Both] = {}

    def __call__(self, part: Batch) -> float:
        """The gradient at `part` [M] into the critic's .grad; returns 0.5 mean (V - R)^2."""
        passes = _for_rows(self.passes, self.policy.critic_passes, part.size)
        rows, returns = part.arrays.observations, part.arrays.returns
        loss = kernels.value_slope(passes.forward(rows), returns, self.coefficient, passes.output_slope)
        passes.backward(rows)
        return loss


class Choices:
    """Log-probabilities of discrete actions from an actor's output, and the loss's gradient in that output."""

    def __init__(self, sizes: tuple[int, ...]):
        self.sizes = np.array(sizes)

    def log_probs(self, output: Floats, actions: np.ndarray, out: Floats) -> None:
        kernels.choice_log_probs(output, self.sizes, actions, out)

    def slope(self, output: Floats, actions: np.ndarray, weights: Floats, entropy: float, out: Floats) -> None:
        """out [M, K] = d (sum weights log pi - entropy mean H) / d output."""
        kernels.choice_slope(output, self.sizes, actions, weights, entropy / len(output), out)


class Deviations:
    """The same of Gaussian actions; the gradient in the log deviation goes into its .grad."""

    def __init__(self, policy: MLPPolicy):
        assert policy.log_std is not None
        self.log_std, self.d_log_std = policy.log_std.detach().numpy(), gradient([policy.log_std])

    def log_probs(self, output: Floats, actions: np.ndarray, out: Floats) -> None:
        kernels.gaussian_log_probs(output, self.log_std, actions, out)

    def slope(self, output: Floats, actions: np.ndarray, weights: Floats, entropy: float, out: Floats) -> None:
        kernels.gaussian_slope(output, self.log_std, actions, weights, out, self.d_log_std)
        self.d_log_std -= np.float32(entropy)


def head(policy: MLPPolicy) -> "Choices | Deviations":
    """What an actor's output means, by the policy's distribution."""
    match policy.distribution:
        case Categorical(n):
            return Choices((n,))
        case MultiCategorical(sizes):
            return Choices(sizes)
        case Gaussian():
            return Deviations(policy)


def _for_rows(made: dict[int, Both], passes: Passes, count: int) -> Both:
    """The passes for batches of `count` rows; minibatches are of two sizes at most."""
    if count not in made:
        made[count] = Both(passes, count)
    return made[count]
