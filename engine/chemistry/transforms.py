"""How a raw value becomes a part of the score: functions of one number, 0 to 1, each with its settings.

`__call__(value)` takes any finite number. Sources: the sigmoids as REINVENT 4 has them (Loeffler et al. 2024,
J. Cheminform. 16:20), the Gaussians and the ramp as GuacaMol has them (Brown et al. 2019, JCIM 59:1096).
"""

import math
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from engine.settings import Settings, setting

Model = TypeVar("Model")
FAR = 1e9  # no property comes near
LIMIT: dict[str, Any] = {"ge": -FAR, "le": FAR}
WIDTH: dict[str, Any] = {"gt": 0.0, "le": FAR}


class Identity(Settings):
    """The value as it is, cut off at 0 and at 1."""

    kind: Literal["identity"] = "identity"

    def __call__(self, value: float) -> float:
        return min(1.0, max(0.0, value))


class Ramp(Settings):
    """A straight line from 0 at `zero` to 1 at `one`, level beyond them; `one` may be the smaller."""

    kind: Literal["ramp"] = "ramp"
    zero: float = setting(0.0, label="Worthless at", help="Here and beyond it earns 0.", **LIMIT)
    one: float = setting(1.0, label="Best from", help="Here and beyond it earns 1.", **LIMIT)

    @model_validator(mode="after")
    def _is_no_point(self) -> Self:
        if self.zero == self.one:
            raise ValueError(f"one is {self.one}; it must differ from zero, which is the same")
        return self

    def __call__(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.zero) / (self.one - self.zero)))


class Step(Settings):
    """1 from `low` to `high`, both included, and 0 elsewhere."""

    kind: Literal["step"] = "step"
    low: float = setting(-FAR, label="From", help="The lowest value that earns 1.", **LIMIT)
    high: float = setting(FAR, label="To", help="The highest value that earns 1.", **LIMIT)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return in_order(self, self.low, self.high)

    def __call__(self, value: float) -> float:
        return float(self.low <= value <= self.high)


class Window(Settings):
    """1 from `low` to `high`, and beyond them a Gaussian fall: exp(-(distance / width)^2 / 2)."""

    kind: Literal["window"] = "window"
    low: float = setting(0.0, label="From", help="The lowest value that earns 1.", **LIMIT)
    high: float = setting(1.0, label="To", help="The highest value that earns 1.", **LIMIT)
    width: float = setting(1.0, label="Softness", help="So far outside it earns 0.61, twice as far 0.14.", **WIDTH)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return in_order(self, self.low, self.high)

    def __call__(self, value: float) -> float:
        return bell(max(self.low - value, value - self.high, 0.0), self.width)


class Gaussian(Settings):
    """A bell: 1 at `mu`, exp(-1/2) = 0.61 one `sigma` away on either side."""

    kind: Literal["gaussian"] = "gaussian"
    mu: float = setting(0.0, label="Best at", help="The value that earns 1.", **LIMIT)
    sigma: float = setting(1.0, label="Width", help="So far away it earns 0.61, twice as far 0.14.", **WIDTH)

    def __call__(self, value: float) -> float:
        return bell(value - self.mu, self.sigma)


class MinGaussian(Settings):
    """1 up to `mu`, above it half a bell: small values are wanted."""

    kind: Literal["min_gaussian"] = "min_gaussian"
    mu: float = setting(0.0, label="Best up to", help="Values up to here earn 1.", **LIMIT)
    sigma: float = setting(1.0, label="Width", help="So far above it earns 0.61, twice as far 0.14.", **WIDTH)

    def __call__(self, value: float) -> float:
        return bell(max(value - self.mu, 0.0), self.sigma)


class MaxGaussian(Settings):
    """1 from `mu` on, below it half a bell: large values are wanted."""

    kind: Literal["max_gaussian"] = "max_gaussian"
    mu: float = setting(0.0, label="Best from", help="Values from here on earn 1.", **LIMIT)
    sigma: float = setting(1.0, label="Width", help="So far below it earns 0.61, twice as far 0.14.", **WIDTH)

    def __call__(self, value: float) -> float:
        return bell(max(self.mu - value, 0.0), self.sigma)


class Sigmoid(Settings):
    """A smooth rise from `low` to `high`: 1 / (1 + 10^(-10 k (x - middle) / (high - low)))."""

    kind: Literal["sigmoid"] = "sigmoid"
    low: float = setting(0.0, label="From", help="The rise begins about here.", **LIMIT)
    high: float = setting(1.0, label="To", help="The rise ends about here.", **LIMIT)
    k: float = setting(0.5, label="Steepness", help="0.25 is gentle, 0.5 usual, 1 steep.", gt=0.0, le=100.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return in_order(self, self.low, self.high, apart=True)

    def __call__(self, value: float) -> float:
        return logistic(10.0 * self.k * (value - (self.low + self.high) / 2.0) / (self.high - self.low))


class ReverseSigmoid(Settings):
    """A smooth fall from `low` to `high`: 1 minus the sigmoid."""

    kind: Literal["reverse_sigmoid"] = "reverse_sigmoid"
    low: float = setting(0.0, label="From", help="The fall begins about here.", **LIMIT)
    high: float = setting(1.0, label="To", help="The fall ends about here.", **LIMIT)
    k: float = setting(0.5, label="Steepness", help="0.25 is gentle, 0.5 usual, 1 steep.", gt=0.0, le=100.0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return in_order(self, self.low, self.high, apart=True)

    def __call__(self, value: float) -> float:
        return logistic(10.0 * self.k * ((self.low + self.high) / 2.0 - value) / (self.high - self.low))


class DoubleSigmoid(Settings):
    """A smooth rise at `low` and a smooth fall at `high`: the difference of two logistic curves in powers of ten."""

    kind: Literal["double_sigmoid"] = "double_sigmoid"
    low: float = setting(0.0, label="Rises at", help="Half way up here.", **LIMIT)
    high: float = setting(1.0, label="Falls at", help="Half way down here.", **LIMIT)
    steepness: float = setting(
        1.0, label="Steepness", help="Powers of ten per unit: at 1, one unit outside earns about 0.09.", gt=0.0, le=FAR
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return in_order(self, self.low, self.high, apart=True)

    def __call__(self, value: float) -> float:
        rise, fall = self.steepness * (value - self.low), self.steepness * (value - self.high)
        return max(0.0, logistic(rise) - logistic(fall))


TRANSFORMS = (
    Identity,
    Ramp,
    Step,
    Window,
    Gaussian,
    MinGaussian,
    MaxGaussian,
    Sigmoid,
    ReverseSigmoid,
    DoubleSigmoid,
)
Transform = Annotated[
    Identity | Ramp | Step | Window | Gaussian | MinGaussian | MaxGaussian | Sigmoid | ReverseSigmoid | DoubleSigmoid,
    Field(discriminator="kind"),
]


def bell(distance: float, width: float) -> float:
    """exp(-(distance / width)^2 / 2)."""
    return math.exp(-0.5 * min(abs(distance / width), 1e3) ** 2)


def logistic(power: float) -> float:
    """1 / (1 + 10^-power), without overflow."""
    return 1.0 / (1.0 + 10.0 ** -max(-300.0, min(300.0, power)))


def in_order(settings: Model, low: float, high: float, apart: bool = False) -> Model:
    """The settings again where low <= high (or low < high). Raises ValueError."""
    if low > high or (apart and low == high):
        raise ValueError(f"low is {low}; it must be {'below' if apart else 'at most'} high, which is {high}")
    return settings
