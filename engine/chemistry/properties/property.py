"""What a molecule property is: a name, what its number means, and the function that computes it."""

from collections.abc import Callable
from dataclasses import dataclass

from rdkit import Chem


@dataclass(frozen=True)
class Property:
    """compute(molecule, reference) gives the raw value; reference is None unless needs_reference.

    usual: the range that most drug-like molecules fall in, in `unit`.
    """

    name: str
    label: str
    unit: str
    meaning: str
    usual: tuple[float, float]
    compute: Callable[[Chem.Mol, Chem.Mol | None], float]
    needs_reference: bool = False
