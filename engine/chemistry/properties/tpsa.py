"""Polar surface: TPSA as a sum over fragments (Ertl, Rohde and Selzer 2000, J. Med. Chem. 43:3714)."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _tpsa(molecule: Chem.Mol, prepared: Any) -> float:
    return rdMolDescriptors.CalcTPSA(molecule)


PROPERTY = Property(
    "tpsa",
    "Polar surface",
    "Å²",
    "TPSA: surface of oxygens, nitrogens and their hydrogens; below 140 Å² most drugs "
    "are absorbed, below 90 they may reach the brain",
    (0.0, 140.0),
    _tpsa,
    Window(low=20.0, high=140.0, width=20.0),
)
