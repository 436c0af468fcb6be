"""Rollout: the masked record of what happened, which every algorithm reads and every task makes."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rollout:
    """T time steps of N environments, or T token positions of N molecules; time comes first.

    observations  [T+1, N, *obs] float32, row T being what followed the last step; or [T, N] int64 tokens read
    actions       [T, N] int64, [T, N, A] int64 (MultiDiscrete) or [T, N, A] float32 (as sampled, not clipped)
    rewards       [T, N] float32, as the learner sees them (perhaps normalised)
    terminated    [T, N] bool, the episode ended here and nothing follows
    truncated     [T, N] bool, the episode was cut off here; the value of what would follow is bootstrapped
    mask          [T, N] bool, rows that really happened; all others count nowhere
    """

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    terminated: Tensor
    truncated: Tensor
    mask: Tensor
    episode_returns: list[float] = field(default_factory=list)
    episode_lengths: list[int] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> Tensor:
        """[T, N] bool: the episode ended here, one way or the other."""
        return self.terminated | self.truncated

    @property
    def steps(self) -> int:
        """Valid env steps (or tokens)."""
        return int(self.mask.sum())

    def to(self, device: torch.device) -> "Rollout":
        """The same record with its tensors on `device`."""
        if self.observations.device == device:
            return self
        tensors = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return Rollout(**{**vars(self), **tensors})
