"""The natural-gradient step within a KL limit: conjugate gradients, Fisher products, backtracking line search."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from engine.batch import Batch
from engine.policies import Policy


def conjugate_gradient(product: Callable[[Tensor], Tensor], b: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """(x, A x) with A x = b for a symmetric positive definite A, given as `product(v) = A v`.

    (Hestenes & Stiefel 1952)

    Stops early once the residual's norm is 1e-10 of b's, or where rounding made v'Av not positive.
    """
    x, residual, direction = torch.zeros_like(b), b.clone(), b.clone()
    squared = residual @ residual
    enough = 1e-20 * squared
    for _ in range(iterations):
        along = product(direction)
        curvature = direction @ along
        if squared <= enough or curvature <= 0:
            break
        step = squared / curvature
        x += step * direction
        residual -= step * along
        before, squared = squared, residual @ residual
        direction = residual + squared / before * direction
    return x, b - residual


class Fisher:
    """Fisher-vector products of the actor at its present parameters, averaged over a batch's valid entries.

    F v = J' M J v, with J the Jacobian of the distribution's parameters and M their Fisher matrix. J v is a central
    difference of two forward passes and J' an ordinary backward pass: it works where no double backward exists
    (recurrent kernels on the GPU), with a relative error of about 1e-5 in float32.
    """

    def __init__(self, policy: Policy, batch: Batch, damping: float):
        self.policy, self.batch, self.damping = policy, batch, damping
        self.parameters = policy.actor_parameters()
        self.here = parameters_to_vector(self.parameters).detach().clone()
        self.params = policy.params(batch.observations)
        self.count = batch.mask.sum().clamp(min=1)

    def product(self, v: Tensor) -> Tensor:
        """(F + damping I) v, flat."""
        tangent = self.policy.distribution.fisher_product(self.params.detach(), self._tangent(v))
        weighted = torch.where(self.batch.mask.unsqueeze(-1), tangent, 0.0) / self.count
        parts = torch.autograd.grad(
            self.params, self.parameters, weighted, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([part.reshape(-1) for part in parts]) + self.damping * v

    @torch.no_grad()
    def _tangent(self, v: Tensor) -> Tensor:
        """J v = (params(theta + h v) - params(theta - h v)) / 2h, h = 1e-3 max(1, |theta|) / |v|."""
        length = v.norm()
        if length == 0:
            return torch.zeros_like(self.params)
        h = 1e-3 * self.here.norm().clamp(min=1.0) / length
        sides = []
        for sign in (1, -1):
            vector_to_parameters(self.here + sign * h * v, self.parameters)
            sides.append(self.policy.params(self.batch.observations))
        vector_to_parameters(self.here, self.parameters)
        return (sides[0] - sides[1]) / (2 * h)


@dataclass(frozen=True)
class Trial:
    """One step length of the line search: its fraction of the full step, the KL and the surrogate gained there."""

    fraction: float
    kl: float
    improvement: float


def backtrack(
    parameters: list[nn.Parameter],
    step: Tensor,
    measure: Callable[[], tuple[Tensor, Tensor]],
    max_kl: float,
    shrink: float,
    tries: int,
) -> tuple[bool, list[Trial]]:
    """Shorten `step` until KL <= max_kl and the surrogate improves; else put the old parameters back, bit for bit.

    measure() -> (KL(old || here), surrogate gained here). Returns whether a step was accepted, and every trial.
    (Schulman et al. 2015, appendix C)
    """
    saved = [parameter.detach().clone() for parameter in parameters]
    start = parameters_to_vector(parameters).detach().clone()
    trials = []
    for index in range(tries):
        fraction = shrink**index
        vector_to_parameters(start + fraction * step, parameters)
        with torch.no_grad():
            kl, improvement = measure()
        trials.append(Trial(fraction, float(kl), float(improvement)))
        if trials[-1].kl <= max_kl and trials[-1].improvement > 0:
            return True, trials
    with torch.no_grad():
        for parameter, old in zip(parameters, saved, strict=True):
            parameter.copy_(old)
    return False, trials
