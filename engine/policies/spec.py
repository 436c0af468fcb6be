"""What a task asks of a policy: what it reads and what it emits."""

from dataclasses import dataclass

from torch import Tensor

from engine.policies.closing import Closing
from engine.policies.distributions import Distribution


@dataclass(frozen=True)
class EnvSpec:
    """Observations of one shape in, parameters of an action distribution out."""

    observation_shape: tuple[int, ...]
    distribution: Distribution


@dataclass(frozen=True)
class TokenSpec:
    """A recurrent model of token sequences that starts from trained weights (the prior); closing bars tokens."""

    vocabulary: int
    embedding: int
    hidden: int
    layers: int
    weights: dict[str, Tensor]
    closing: Closing | None = None
