"""Rings: smallest set of smallest rings."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _rings(molecule: Chem.Mol, prepared: Any) -> float:
    return float(rdMolDescriptors.CalcNumRings(molecule))


PROPERTY = Property(
    "rings",
    "Rings",
    "",
    "Smallest rings of the molecule; most drugs have 1 to 5",
    (0.0, 6.0),
    _rings,
    Window(low=1.0, high=5.0, width=1.0),
)
