"""Complexity: Bertz's index (Bertz 1981, J. Am. Chem. Soc. 103:3599), as RDKit has it."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import GraphDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _complexity(molecule: Chem.Mol, prepared: Any) -> float:
    return float(GraphDescriptors.BertzCT(molecule))  # type: ignore[no-untyped-call]


PROPERTY = Property(
    "complexity",
    "Complexity",
    "",
    "Bertz index: how many different connections the molecule has; most drugs lie between 300 and 1500",
    (100.0, 1500.0),
    _complexity,
    Window(low=300.0, high=1500.0, width=200.0),
)
