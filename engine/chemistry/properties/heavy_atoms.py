"""Size: atoms other than hydrogen."""

from typing import Any

from rdkit import Chem

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _heavy_atoms(molecule: Chem.Mol, prepared: Any) -> float:
    return float(molecule.GetNumHeavyAtoms())


PROPERTY = Property(
    "heavy_atoms",
    "Size",
    "atoms",
    "Atoms other than hydrogen; most drugs have 15 to 40",
    (10.0, 45.0),
    _heavy_atoms,
    Window(low=15.0, high=40.0, width=5.0),
)
