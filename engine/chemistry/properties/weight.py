"""Molecular weight: the mean mass of a molecule with its natural isotopes."""

from rdkit import Chem
from rdkit.Chem import Descriptors

from engine.chemistry.properties.property import Property


def _weight(molecule: Chem.Mol, reference: Chem.Mol | None) -> float:
    return Descriptors.MolWt(molecule)  # type: ignore[attr-defined]


PROPERTY = Property(
    "weight",
    "Molecular weight",
    "g/mol",
    "Mass of one mole; most oral drugs lie between 150 and 500 g/mol",
    (150.0, 500.0),
    _weight,
)
