"""What QED is made of: eight desirabilities, each 0 to 1 (Bickerton et al. 2012, table 1). Runs in worker processes."""

from collections.abc import Mapping
from typing import Any

from rdkit.Chem import QED

from engine.chemistry.parsing import NoMolecule, parse

# RDKit's name of each property, in words.
WORDS = {
    "MW": "Size",
    "ALOGP": "Fat or water",
    "HBA": "Hydrogen bonds taken",
    "HBD": "Hydrogen bonds given",
    "PSA": "Polar surface",
    "ROTB": "Flexibility",
    "AROM": "Aromatic rings",
    "ALERTS": "Warning signs",
}


def desirabilities(smiles: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"parts": [[words, raw value, desirability, weight]]}; QED is their weighted geometric mean."""
    try:
        properties = QED.properties(parse(smiles))
    except NoMolecule as error:
        return {"failure": str(error)}
    parts = []
    for (name, words), weight in zip(WORDS.items(), QED.WEIGHT_MEAN, strict=True):
        value = float(getattr(properties, name))
        parts.append([words, round(value, 4), round(QED.ads(value, QED.adsParameters[name]), 6), weight])
    return {"parts": parts}
