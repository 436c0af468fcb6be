"""Hydrogen-bond acceptors: how many atoms accept a hydrogen bond, by RDKit's pattern."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import MinGaussian


def _acceptors(molecule: Chem.Mol, prepared: Any) -> float:
    return float(rdMolDescriptors.CalcNumHBA(molecule))


PROPERTY = Property(
    "acceptors",
    "Hydrogen-bond acceptors",
    "",
    "Atoms that accept a hydrogen bond, mostly O and N; at most 10 in most oral drugs",
    (0.0, 10.0),
    _acceptors,
    MinGaussian(mu=10.0, sigma=2.0),
)
