"""One optimiser step that refuses to poison the parameters."""

import math

import torch
from torch import Tensor, nn

from engine import flat, kernels

MAX_SKIPPED_IN_A_ROW = 3
BETAS, EPSILON = (0.9, 0.999), 1e-5


class NonFiniteGradient(FloatingPointError):
    """The gradient was NaN or infinite several updates in a row; the parameters are still those before them."""


class Optimiser:
    """Adam (eps 1e-5) with a bound on the global gradient norm; a step with a NaN or infinite gradient is skipped.

    The parameters and their gradients become views of one vector each, so that a step is a dozen operations however
    many layers there are. (torch's own Adam takes five times as long on a small perceptron.)
    """

    def __init__(self, parameters: list[nn.Parameter]):
        self.parameters = flat.in_one(parameters)
        self.gradient = torch.zeros_like(self.parameters)
        for parameter, slope in zip(parameters, flat.parts(self.gradient, parameters), strict=True):
            parameter.grad = slope
        self.first, self.second = torch.zeros_like(self.parameters), torch.zeros_like(self.parameters)
        vectors = (self.parameters, self.gradient, self.first, self.second)
        self.arrays = tuple(vector.numpy() for vector in vectors) if self.gradient.device.type == "cpu" else None
        self.steps = self.skipped = 0

    def step(self, loss: Tensor, learning_rate: float, max_gradient_norm: float) -> float:
        """Descend on `loss` once; returns the gradient's norm before clipping. Raises NonFiniteGradient."""
        self.slope(loss)
        return self.descend(learning_rate, max_gradient_norm)

    def slope(self, loss: Tensor) -> None:
        """Put the gradient of `loss` into `gradient`."""
        self.gradient.zero_()
        loss.backward()

    def descend(self, learning_rate: float, max_gradient_norm: float) -> float:
        """One step along `gradient`; returns its norm before clipping. Raises NonFiniteGradient.

        m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, theta <- theta - lr m^ / (sqrt(v^) + eps), where ^ divides
        by 1 - b^t. (Kingma & Ba 2015, algorithm 1)
        """
        norm = float(self.gradient.norm()) if self.arrays is None else kernels.norm(self.arrays[1])
        if not math.isfinite(norm):
            self._skip(norm)
            return norm
        self.skipped = 0
        self.steps += 1
        share = min(1.0, max_gradient_norm / (norm + 1e-6))
        bias = [1 - beta**self.steps for beta in BETAS]
        root = math.sqrt(bias[1])  # both sides of the fraction times it: one operation less
        rate, epsilon = learning_rate * root / bias[0], EPSILON * root
        if self.arrays is not None:
            kernels.adam(*self.arrays, share, rate, epsilon, *BETAS)
        else:
            self._adam(share, rate, epsilon)
        return norm

    @torch.no_grad()
    def _adam(self, share: float, rate: float, epsilon: float) -> None:
        """What kernels.adam does, on a device."""
        self.gradient.mul_(share)
        self.first.lerp_(self.gradient, 1 - BETAS[0])
        self.second.mul_(BETAS[1]).addcmul_(self.gradient, self.gradient, value=1 - BETAS[1])
        self.parameters.addcdiv_(self.first, self.second.sqrt().add_(epsilon), value=-rate)

    def _skip(self, norm: float) -> None:
        self.skipped += 1
        self.refuse_after_skipping(norm)

    def refuse_after_skipping(self, norm: float) -> None:
        """Raise NonFiniteGradient where too many steps in a row were skipped; `norm` is the last gradient's."""
        if self.skipped >= MAX_SKIPPED_IN_A_ROW:
            raise NonFiniteGradient(
                f"the gradient's norm was {norm} for {self.skipped} updates in a row; "
                "a smaller learning rate usually helps"
            )

    def state_dict(self) -> dict:
        return {"first": self.first, "second": self.second, "steps": self.steps, "skipped": self.skipped}

    def load_state_dict(self, state: dict) -> None:
        self.first.copy_(state["first"])
        self.second.copy_(state["second"])
        self.steps, self.skipped = state["steps"], state["skipped"]
