"""Rotatable bonds: by RDKit's strict definition, without amides and the like."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import MinGaussian


def _rotatable_bonds(molecule: Chem.Mol, prepared: Any) -> float:
    return float(rdMolDescriptors.CalcNumRotatableBonds(molecule))


PROPERTY = Property(
    "rotatable_bonds",
    "Rotatable bonds",
    "",
    "Single bonds the molecule can turn around; stiff molecules bind better, at most 10 in most oral drugs",
    (0.0, 10.0),
    _rotatable_bonds,
    MinGaussian(mu=10.0, sigma=2.0),
)
