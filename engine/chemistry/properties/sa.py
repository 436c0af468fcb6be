"""Ease of making: the SA score (Ertl and Schuffenhauer 2009, J. Cheminform. 1:8), as in RDKit's Contrib."""

from functools import cache
from types import ModuleType
from typing import Any

from rdkit import Chem

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Ramp


@cache
def _scorer() -> ModuleType:
    """RDKit's own implementation; its table of fragments is read at the first use (a quarter of a second, 60 MB)."""
    from rdkit.Contrib.SA_Score import sascorer

    return sascorer


def _sa(molecule: Chem.Mol, prepared: Any) -> float:
    return _scorer().calculateScore(molecule)


PROPERTY = Property(
    "sa",
    "Synthetic accessibility",
    "",
    "SA score: how hard the molecule looks to make; 1 is easy, 10 is very hard, most drugs lie between 2 and 4",
    (1.0, 6.0),
    _sa,
    Ramp(zero=6.0, one=1.0),
)
