"""What a molecule is worth: raw property values, each mapped to 0..1, mixed by weight."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ramp:
    """A straight line from 0 at `zero` to 1 at `one`, level beyond them; `one` may be the smaller."""

    zero: float
    one: float

    def __call__(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.zero) / (self.one - self.zero)))


@dataclass(frozen=True)
class Window:
    """1 from `low` to `high`, and beyond them a Gaussian fall: exp(-(distance / width)^2 / 2)."""

    low: float
    high: float
    width: float

    def __call__(self, value: float) -> float:
        distance = max(self.low - value, value - self.high, 0.0)
        return math.exp(-0.5 * (distance / self.width) ** 2)


Transform = Ramp | Window


@dataclass(frozen=True)
class Component:
    """One property in an objective, how its value becomes 0..1, and its weight (> 0) in the mean."""

    name: str
    transform: Transform
    weight: float = 1.0


@dataclass(frozen=True)
class Objective:
    """Weighted arithmetic mean of components; reference is the SMILES that likeness is measured against."""

    components: tuple[Component, ...]
    reference: str | None = None

    def __post_init__(self) -> None:
        if not self.components or any(component.weight <= 0 for component in self.components):
            raise ValueError("an objective needs a component, and every weight must be above 0")

    @property
    def properties(self) -> tuple[str, ...]:
        return tuple(component.name for component in self.components)

    def parts(self, values: Mapping[str, float]) -> dict[str, float]:
        """Each component's share of 0..1; NaN where its raw value is NaN or missing."""
        parts = {}
        for component in self.components:
            value = values.get(component.name, math.nan)
            parts[component.name] = component.transform(value) if math.isfinite(value) else math.nan
        return parts

    def score(self, values: Mapping[str, float]) -> float:
        """sum(w_i s_i) / sum(w_i), 0..1; NaN where any component is."""
        parts = self.parts(values)
        total = sum(component.weight for component in self.components)
        return sum(component.weight * parts[component.name] for component in self.components) / total
