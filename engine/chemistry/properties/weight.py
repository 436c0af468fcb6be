"""Molecular weight: mass of one mole with natural isotopes, all hydrogens counted."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import Descriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _weight(molecule: Chem.Mol, prepared: Any) -> float:
    return Descriptors.MolWt(molecule)  # type: ignore[attr-defined]


PROPERTY = Property(
    "weight",
    "Molecular weight",
    "g/mol",
    "Mass of one mole; most oral drugs lie between 150 and 500 g/mol",
    (150.0, 500.0),
    _weight,
    Window(low=150.0, high=500.0, width=50.0),
)
