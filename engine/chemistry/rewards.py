"""What a molecule is worth: raw values of its components, each turned into 0..1, and their weighted mean."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.chemistry.components import question
from engine.chemistry.properties import PROPERTIES
from engine.chemistry.properties.predictor import PredictorParameters


@dataclass(frozen=True)
class Objective:
    """Components, the kind of mean, and the molecule to be found again where there is one."""

    components: tuple[Any, ...]
    mean: Literal["arithmetic", "geometric"] = "arithmetic"
    target: str | None = None

    def __post_init__(self) -> None:
        if not any(component.weight > 0 for component in self.components):
            raise ValueError("components: one must have a weight above 0")
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice:
            raise ValueError(f"components: {twice[0]} is the name of two; each must have its own")

    @property
    def names(self) -> tuple[str, ...]:
        return names_of(self.components)

    @property
    def questions(self) -> dict[str, str]:
        """What is to be computed of a molecule, by component name; formulas last, because they take the others."""
        pairs = sorted(zip(self.names, self.components, strict=True), key=lambda pair: pair[1].kind == "expression")
        return {name: question(component) for name, component in pairs}

    @property
    def predictors(self) -> tuple[str, ...]:
        """The names of the trained predictors that it asks."""
        asked = (item.model for item in self.components if isinstance(item, PredictorParameters))
        return tuple(dict.fromkeys(asked))

    @property
    def labels(self) -> dict[str, str]:
        """What people read, by component name."""
        return {
            name: component.name.replace("_", " ").capitalize()
            if component.name not in ("", component.kind)
            else PROPERTIES[component.kind].label
            for name, component in zip(self.names, self.components, strict=True)
        }

    def parts(self, values: Mapping[str, float]) -> dict[str, float]:
        """Each component's share of 0..1; NaN where its raw value is NaN or missing."""
        parts = {}
        for name, component in zip(self.names, self.components, strict=True):
            value = values.get(name, math.nan)
            parts[name] = component.transform(value) if math.isfinite(value) else math.nan
        return parts

    def score(self, values: Mapping[str, float]) -> float:
        """sum(w_i s_i) / sum(w_i), or prod(s_i^w_i)^(1 / sum(w_i)); 0..1, and NaN where a part that counts is."""
        parts = [part for part in zip(self.parts(values).values(), self._weights, strict=True) if part[1] > 0]
        total = math.fsum(weight for _, weight in parts)
        if self.mean == "arithmetic" or any(math.isnan(part) for part, _ in parts):
            return math.fsum(weight * part for part, weight in parts) / total
        if any(part <= 0.0 for part, _ in parts):
            return 0.0
        return math.exp(math.fsum(weight * math.log(part) for part, weight in parts) / total)

    @property
    def _weights(self) -> tuple[float, ...]:
        return tuple(component.weight for component in self.components)


def names_of(components: tuple[Any, ...]) -> tuple[str, ...]:
    """Each component's own name, or its kind, numbered where a kind comes twice."""
    kinds, given = Counter(component.kind for component in components), Counter[str]()
    names = []
    for component in components:
        given[component.kind] += 1
        number = f"_{given[component.kind]}" if kinds[component.kind] > 1 else ""
        names.append(component.name or f"{component.kind}{number}")
    return tuple(names)
