"""Aromatic rings: those of the smallest rings that are aromatic."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import MinGaussian


def _aromatic_rings(molecule: Chem.Mol, prepared: Any) -> float:
    return float(rdMolDescriptors.CalcNumAromaticRings(molecule))


PROPERTY = Property(
    "aromatic_rings",
    "Aromatic rings",
    "",
    "Flat, stable rings as in benzene; more than 3 make a molecule hard to dissolve",
    (0.0, 4.0),
    _aromatic_rings,
    MinGaussian(mu=3.0, sigma=1.0),
)
