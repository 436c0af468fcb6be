"""Fitting the value function apart from the policy."""

import torch
from torch import Tensor

from engine import closed_form, losses
from engine.batch import Batch
from engine.optimisation import Optimiser
from engine.policies import Policy


def fit_critic(
    policy: Policy,
    optimiser: Optimiser,
    batch: Batch,
    passes: int,
    minibatch_size: int,
    learning_rate: float,
    max_gradient_norm: float,
    generator: torch.Generator,
) -> Tensor:
    """Least squares on the batch's returns, `passes` times in minibatches; the loss before, on the whole batch."""
    before = losses.value_loss(batch.values, batch.returns, batch.mask)
    written_out = closed_form.ValueGradient(policy) if closed_form.covers(policy, batch) else None
    for _ in range(passes):
        for part in batch.minibatches(minibatch_size, generator):
            if written_out is not None:
                written_out(part)
            else:
                optimiser.slope(losses.value_loss(policy.values(part.observations), part.returns, part.mask))
            optimiser.descend(learning_rate, max_gradient_norm)
    return before
