"""OnDevice: the optimiser's step where nothing is read from the device, so that it can be captured and replayed."""

import math

import torch
from torch import Tensor

from engine.optimisation import BETAS, EPSILON, Optimiser


class OnDevice:
    """Steps of an Optimiser, its parameters, gradient and moments, with its counts as tensors while an update lasts.

    Between `begin` and `end` the optimiser's own counts stand still.
    """

    def __init__(self, optimiser: Optimiser):
        self.optimiser = optimiser
        self.steps, self.learning_rate = (
            optimiser.gradient.new_zeros((), dtype=torch.float64) for _ in ("steps", "learning_rate")
        )
        self.skipped = torch.zeros_like(self.steps)

    def begin(self, learning_rate: float) -> None:
        """Take over the optimiser's counts; `learning_rate` is that of all steps until the next `begin`."""
        self.learning_rate.fill_(learning_rate)
        self.steps.fill_(self.optimiser.steps)
        self.skipped.fill_(self.optimiser.skipped)

    @torch.no_grad()
    def descend(self, max_gradient_norm: float, wanted: Tensor) -> Tensor:
        """Optimiser.descend along its gradient, where `wanted` (a bool of no dimension) is true; the gradient's norm.

        A gradient that is not finite moves nothing and counts as skipped; a finite one sets that count to 0.
        """
        optimiser = self.optimiser
        norm = optimiser.gradient.norm()
        finite = wanted & norm.isfinite()
        self.skipped.copy_(torch.where(finite, 0.0, self.skipped + wanted))
        self.steps += finite
        scale = (max_gradient_norm / (norm + 1e-6)).clamp(max=1.0)
        gradient = torch.where(finite, optimiser.gradient * scale, 0.0)
        first = optimiser.first.lerp(gradient, 1 - BETAS[0])
        second = torch.addcmul(optimiser.second * BETAS[1], gradient, gradient, value=1 - BETAS[1])

        bias = [-(self.steps * math.log(beta)).expm1() for beta in BETAS]  # 1 - beta^steps
        root = bias[1].sqrt()
        spread = second.sqrt() + EPSILON * root
        step = first / spread * (self.learning_rate * root / bias[0])
        moved = (optimiser.parameters - step, first, second)
        for place, value in zip((optimiser.parameters, optimiser.first, optimiser.second), moved, strict=True):
            place.copy_(torch.where(finite, value, place))
        return norm

    def end(self, steps: float, skipped: float) -> None:
        """Give the counts back, as read from the device with everything else."""
        self.optimiser.steps, self.optimiser.skipped = int(steps), int(skipped)
