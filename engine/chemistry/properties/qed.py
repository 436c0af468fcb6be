"""Drug-likeness: QED, the weighted geometric mean of eight desirabilities (Bickerton et al. 2012, Nat. Chem. 4:90)."""

from typing import Any

from rdkit import Chem
from rdkit.Chem import QED

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Identity


def _qed(molecule: Chem.Mol, prepared: Any) -> float:
    return QED.qed(molecule)


PROPERTY = Property(
    "qed",
    "Drug-likeness",
    "",
    "QED: how much size, polarity, rings and alerts look like those of oral drugs; 0 to 1, drugs average about 0.6",
    (0.2, 0.95),
    _qed,
    Identity(),
)
