"""What an objective ready to pick is: its words, its components, its kind of mean."""

from dataclasses import dataclass
from typing import Any, Literal

from engine.chemistry.rewards import Objective


@dataclass(frozen=True)
class Ready:
    """limits: the score is 0..1 and more is better; `best` says what 1 means.

    Where needs_reference, components that compare with "" compare with the reference molecule. rediscovers: the
    SMILES to be found again, or "" for the reference.
    """

    title: str
    sentence: str
    best: str
    components: tuple[Any, ...]
    mean: Literal["arithmetic", "geometric"] = "arithmetic"
    rediscovers: str | None = None

    @property
    def needs_reference(self) -> bool:
        return any(getattr(component, "smiles", None) == "" for component in self.components)

    def objective(self, reference: str = "") -> Objective:
        """The goal itself, with the reference molecule filled in."""
        target = None if self.rediscovers is None else self.rediscovers or reference
        return Objective(with_reference(self.components, reference), self.mean, target)


def with_reference(components: tuple[Any, ...], reference: str) -> tuple[Any, ...]:
    """The components, those that compare with no molecule of their own comparing with the reference."""
    return tuple(
        component.model_copy(update={"smiles": reference}) if getattr(component, "smiles", None) == "" else component
        for component in components
    )
