"""One optimiser step that refuses to poison the parameters."""

import torch
from torch import Tensor, nn

MAX_SKIPPED_IN_A_ROW = 3


class NonFiniteGradient(FloatingPointError):
    """The gradient was NaN or infinite several updates in a row; the parameters are still those before them."""


class Optimiser:
    """Adam (eps 1e-5) with a bound on the global gradient norm; a step with a NaN or infinite gradient is skipped."""

    def __init__(self, parameters: list[nn.Parameter]):
        self.parameters = parameters
        self.adam = torch.optim.Adam(parameters, eps=1e-5, fused=parameters[0].device.type in ("cpu", "cuda"))
        self.skipped = 0

    def step(self, loss: Tensor, learning_rate: float, max_gradient_norm: float) -> Tensor:
        """Descend on `loss` once; returns the gradient's norm before clipping. Raises NonFiniteGradient."""
        self.adam.param_groups[0]["lr"] = learning_rate
        self.adam.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, max_gradient_norm)
        if not torch.isfinite(norm):
            self._skip(norm)
            return norm
        self.skipped = 0
        self.adam.step()
        return norm

    def _skip(self, norm: Tensor) -> None:
        self.skipped += 1
        if self.skipped >= MAX_SKIPPED_IN_A_ROW:
            raise NonFiniteGradient(
                f"the gradient's norm was {float(norm)} for {self.skipped} updates in a row; "
                "a smaller learning rate usually helps"
            )

    def state_dict(self) -> dict:
        return {"adam": self.adam.state_dict(), "skipped": self.skipped}

    def load_state_dict(self, state: dict) -> None:
        self.adam.load_state_dict(state["adam"])
        self.skipped = state["skipped"]
