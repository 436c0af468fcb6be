"""Policies for environments: separate actor and critic perceptrons; without hidden layers, a table."""

import math

import torch
from torch import Tensor, nn

from engine.policies.distributions import Distribution, Gaussian
from engine.policies.passes import Passes
from engine.policies.spec import EnvSpec

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}


class MLPPolicy(nn.Module):
    """Actor and critic with no shared weights; a Gaussian's log standard deviation does not depend on the state."""

    recurrent = False

    def __init__(self, spec: EnvSpec, hidden_sizes: tuple[int, ...], activation: str, generator: torch.Generator):
        super().__init__()
        self.distribution: Distribution = spec.distribution
        inputs = math.prod(spec.observation_shape)
        gaussian = isinstance(spec.distribution, Gaussian)
        outputs = spec.distribution.dim if isinstance(spec.distribution, Gaussian) else spec.distribution.parameters
        self.actor = perceptron(inputs, hidden_sizes, outputs, activation, 0.01, generator)
        self.critic = perceptron(inputs, hidden_sizes, 1, activation, 1.0, generator)
        self.actor_passes, self.critic_passes = Passes(self.actor), Passes(self.critic)
        self.log_std = nn.Parameter(torch.zeros(outputs)) if gaussian else None

    def params(self, observations: Tensor) -> Tensor:
        """Distribution parameters [..., K] for observations [..., *obs]."""
        return self.with_deviation(self._output(self.actor_passes, observations))

    def with_deviation(self, output: Tensor) -> Tensor:
        """Distribution parameters from the actor's output: a Gaussian's log deviation stands beside its mean."""
        return output if self.log_std is None else torch.cat([output, self.log_std.expand_as(output)], -1)

    def values(self, observations: Tensor) -> Tensor:
        """State values [...] for observations [..., *obs]."""
        return self._output(self.critic_passes, observations).squeeze(-1)

    def written_out(self, observations: Tensor) -> bool:
        """Whether the passes can be had written out: float32 on the CPU, and no table, which has nothing to gain."""
        plain = observations.device.type == "cpu" and observations.dtype == torch.float32
        return plain and self.actor_passes.hidden > 0

    def _output(self, passes: Passes, observations: Tensor) -> Tensor:
        if torch.is_grad_enabled() or not self.written_out(observations):
            return passes.network(observations)
        if observations.ndim == 2:
            return passes.forward(observations)
        rows = observations.reshape(-1, observations.shape[-1])
        return passes.forward(rows).view(*observations.shape[:-1], -1)

    def actor_parameters(self) -> list[nn.Parameter]:
        return [*self.actor.parameters(), *([] if self.log_std is None else [self.log_std])]

    def critic_parameters(self) -> list[nn.Parameter]:
        return list(self.critic.parameters())


def perceptron(
    inputs: int, hidden_sizes: tuple[int, ...], outputs: int, activation: str, gain: float, generator: torch.Generator
) -> nn.Sequential:
    """Orthogonal weights (gain sqrt 2, `gain` at the last layer), zero biases; a zero table without hidden layers."""
    if not hidden_sizes:
        table = nn.Linear(inputs, outputs, bias=False)
        nn.init.zeros_(table.weight)
        return nn.Sequential(table)
    layers: list[nn.Module] = []
    for width in hidden_sizes:
        layers += [_linear(inputs, width, math.sqrt(2), generator), ACTIVATIONS[activation]()]
        inputs = width
    return nn.Sequential(*layers, _linear(inputs, outputs, gain, generator))


def _linear(inputs: int, outputs: int, gain: float, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
