"""What a molecule property is: a name, what its number means, and the function that computes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rdkit import Chem

from engine.chemistry.transforms import Identity, Transform
from engine.settings import Settings


class NoParameters(Settings):
    """Nothing to choose."""


class BadParameter(ValueError):
    """A parameter that stands for nothing; the message begins with its name and says what is allowed."""


AS_IT_IS = Identity()


@dataclass(frozen=True)
class Property:
    """compute(molecule, prepared) gives the raw value.

    usual: the range that most drug-like molecules fall in, in `unit`. transform: what the value earns where nothing
    else is said. parameters: what there is to choose; prepare(parameters) makes of it, once, what compute takes, and
    raises BadParameter. combine, in place of compute: combine(values of the other components, prepared).
    """

    name: str
    label: str
    unit: str
    meaning: str
    usual: tuple[float, float]
    compute: Callable[[Chem.Mol, Any], float]
    transform: Transform = AS_IT_IS
    parameters: type[Settings] = NoParameters
    prepare: Callable[[Any], Any] = lambda parameters: parameters
    combine: Callable[[Mapping[str, float], Any], float] | None = None
