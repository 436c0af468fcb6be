"""A table of action values that acts epsilon-greedily: what Q-learning, SARSA and Monte Carlo learn."""

import torch
from torch import Tensor, nn

from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec, TokenSpec
from engine.settings import InvalidSettings

IMPOSSIBLE = -1e4  # stands for log 0: its probability is 0 in every precision, and 0 times it is 0 and not NaN


class TablePolicy(nn.Module):
    """pi(a | s) = epsilon / |A| + (1 - epsilon) / |ties| for the actions that tie for the largest Q(s, a), else
    epsilon / |A| (Sutton & Barto, 2018, section 5.4, p. 100-101, where one of the ties is the greedy action).

    action_values [S, A] float64, Q; visits [S, A] int64, how often each action was taken there; starts [S] int64,
    how often an episode began there; epsilon, a float64; log_probs [S, A] float32, which follow from Q and epsilon and
    are changed with them by `learn` and `explore` alone. All are saved with the policy. There is no gradient.
    """

    recurrent = False
    action_values: Tensor
    visits: Tensor
    starts: Tensor
    epsilon: Tensor
    log_probs: Tensor

    def __init__(self, spec: EnvSpec | TokenSpec):
        super().__init__()
        if not isinstance(spec, EnvSpec) or not isinstance(spec.distribution, Categorical):
            raise InvalidSettings(["A table of action values needs a choice among a number of actions"])
        if len(spec.observation_shape) != 1:
            raise InvalidSettings(
                [f"A table needs one-hot observations; these have the shape {spec.observation_shape}"]
            )
        self.distribution = spec.distribution
        shape = (*spec.observation_shape, spec.distribution.n)
        self.register_buffer("action_values", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("visits", torch.zeros(shape, dtype=torch.int64))
        self.register_buffer("starts", torch.zeros(shape[0], dtype=torch.int64))
        self.register_buffer("epsilon", torch.ones((), dtype=torch.float64))
        self.register_buffer("log_probs", torch.zeros(shape))
        self.explore(1.0)

    def learn(self, action_values: Tensor) -> None:
        """Take over Q [S, A], and act on it."""
        self.action_values.copy_(action_values)
        self._decide()

    def explore(self, epsilon: float) -> None:
        """Make that share of the moves at random from now on."""
        self.epsilon.fill_(epsilon)
        self._decide()

    def _decide(self) -> None:
        best = self.action_values == self.action_values.amax(-1, keepdim=True)
        greedy = best / best.sum(-1, keepdim=True)
        chances = self.epsilon / best.shape[-1] + (1 - self.epsilon) * greedy
        self.log_probs.copy_(chances.log().clamp(min=IMPOSSIBLE))

    def params(self, observations: Tensor) -> Tensor:
        """Log-probabilities [..., A] for one-hot observations [..., S]."""
        return self.log_probs[observations.argmax(-1)]

    def values(self, observations: Tensor) -> Tensor:
        """max_a Q(s, a) [...] for one-hot observations [..., S]: what the greedy action is thought to be worth."""
        return self.action_values[observations.argmax(-1)].amax(-1).float()

    def actor_parameters(self) -> list[nn.Parameter]:
        return []

    def critic_parameters(self) -> list[nn.Parameter]:
        return []
