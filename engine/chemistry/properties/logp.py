"""Oil against water: logP as a sum over atom types (Wildman and Crippen 1999, J. Chem. Inf. Comput. Sci. 39:868)."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Window


def _logp(molecule: Chem.Mol, prepared: Any) -> float:
    return rdMolDescriptors.CalcCrippenDescriptors(molecule)[0]


PROPERTY = Property(
    "logp",
    "logP",
    "",
    "logP: how much the molecule prefers oil to water, in powers of ten; most oral drugs lie between 1 and 4",
    (-1.0, 6.0),
    _logp,
    Window(low=1.0, high=4.0, width=1.0),
)
