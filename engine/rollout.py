"""Rollout: the masked record of what happened, which every algorithm reads and every task makes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Oracle:
    """Exact answers about the policy that collected, for each of the O things it may observe; float64.

    probabilities  [O, A], the policy itself
    visits         [O], the expected share of its moves that are made seeing this
    gradient       [O, A], dJ / dlogits of its discounted return J, where a visit at time t counts gamma^t
    followed       [O, A], the same sum without gamma^t, which most code follows; at discount 1 there is no difference
    advantages     [O, A], of each action, mean over those visits: the natural gradient of a table of logits
    """

    probabilities: Tensor
    visits: Tensor
    gradient: Tensor
    followed: Tensor
    advantages: Tensor


@dataclass(frozen=True)
class Rollout:
    """T time steps of N environments, or T token positions of N molecules; time comes first.

    observations  [T+1, N, *obs] float32, row T being what followed the last step; or [T, N] int64 tokens read
    actions       [T, N] int64, [T, N, A] int64 (MultiDiscrete) or [T, N, A] float32 (as sampled, not clipped)
    rewards       [T, N] float32, as the learner sees them (perhaps normalised)
    terminated    [T, N] bool, the episode ended here and nothing follows
    truncated     [T, N] bool, the episode was cut off here; the value of what would follow is bootstrapped
    mask          [T, N] bool, rows that really happened; all others count nowhere
    sampled       [N] bool, columns that the policy has just made, the others being replayed; None: all
    learned       [N] bool, columns that the update learns from, be they sampled or replayed; None: all. What is told
                  of the policy (KL, entropy, episodes) is of all sampled ones and of no other
    reference_params  [T, N', K], what the policy that it started from makes of the sampled columns, where the task had
                  to ask it anyway; None: not asked
    oracle        what is known exactly beside it; None unless the task was asked
    under_way     made wholly on the device, where reading a number early would hold it up: what each episode under way
                  had brought [T, N] float64 and how long it had lasted [T, N] int64, which the ended ones are read from
                  (`episode_returns` and `episode_lengths` stay empty). The tensors are written over by the next one
    seconds       how long that took the device, to be asked when it is done; `timings` stay empty
    """

    observations: Tensor
    actions: Tensor
    rewards: Tensor
    terminated: Tensor
    truncated: Tensor
    mask: Tensor
    sampled: Tensor | None = None
    learned: Tensor | None = None
    reference_params: Tensor | None = None
    episode_returns: list[float] = field(default_factory=list)
    episode_lengths: list[int] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    oracle: Oracle | None = None
    under_way: tuple[Tensor, Tensor] | None = None
    seconds: Callable[[], float] | None = None

    @property
    def done(self) -> Tensor:
        """[T, N] bool: the episode ended here, one way or the other."""
        return self.terminated | self.truncated

    @property
    def steps(self) -> int:
        """Valid env steps (or tokens)."""
        return int(self.mask.sum())

    @property
    def empty(self) -> bool:
        """Whether no row happened; one made wholly on the device is known to have some after its second row."""
        if self.under_way is not None and len(self.mask) > 1:
            return False
        return not self.mask.any()

    def to(self, device: torch.device) -> "Rollout":
        """The same record with its tensors on `device`."""
        if self.observations.device == device:
            return self
        tensors = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return Rollout(**{**vars(self), **tensors})
