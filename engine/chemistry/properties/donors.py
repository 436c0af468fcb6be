"""Hydrogen-bond donors: how many groups offer a hydrogen, by RDKit's pattern."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import MinGaussian


def _donors(molecule: Chem.Mol, prepared: Any) -> float:
    return float(rdMolDescriptors.CalcNumHBD(molecule))


PROPERTY = Property(
    "donors",
    "Hydrogen-bond donors",
    "",
    "Groups that offer a hydrogen, as OH and NH; at most 5 in most oral drugs",
    (0.0, 5.0),
    _donors,
    MinGaussian(mu=5.0, sigma=1.0),
)
