"""Closeness to a molecular formula, as GuacaMol has it (Brown et al. 2019, J. Chem. Inf. Model. 59:1096)."""

import math
import re
from typing import Any

from rdkit import Chem

from engine.chemistry.properties.atoms import element_count, known
from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Identity, bell
from engine.settings import Settings, setting

ELEMENT_WIDTH, TOTAL_WIDTH = 1.0, 2.0
MOST_ATOMS = 300
_PART = re.compile(r"([A-Z][a-z]?)([0-9]{0,3})")


class FormulaParameters(Settings):
    """Which formula."""

    formula: str = setting(
        "", label="Formula", help="As C7H8N2O2: elements with their numbers.", min_length=1, max_length=60
    )


def parse_formula(text: str) -> dict[str, int]:
    """C2H6O -> {"C": 2, "H": 6, "O": 1}. Raises BadParameter."""
    parts = _PART.findall(text)
    counts = {element: int(number or 1) for element, number in parts}
    fits = parts and "".join(element + number for element, number in parts) == text and len(counts) == len(parts)
    if not fits or not all(known(element) for element in counts) or not 1 <= sum(counts.values()) <= MOST_ATOMS:
        raise BadParameter(
            f"formula is {text[:60]!a}; it must be elements with their numbers, each once, as C7H8N2O2, "
            f"1 to {MOST_ATOMS} atoms in all"
        )
    return counts


def _prepare(parameters: FormulaParameters) -> dict[str, int]:
    return parse_formula(parameters.formula)


def _closeness(molecule: Chem.Mol, prepared: Any) -> float:
    """Geometric mean of a Gaussian of each element's number (sigma 1) and one of the number of atoms (sigma 2)."""
    parts = [bell(element_count(molecule, element) - wanted, ELEMENT_WIDTH) for element, wanted in prepared.items()]
    atoms = molecule.GetNumAtoms() + sum(atom.GetTotalNumHs() for atom in molecule.GetAtoms())
    parts.append(bell(atoms - sum(prepared.values()), TOTAL_WIDTH))
    return math.prod(parts) ** (1.0 / len(parts))


PROPERTY = Property(
    "formula",
    "Formula",
    "",
    "How close the numbers of atoms are to a given formula; 1 where they are the same",
    (0.0, 1.0),
    _closeness,
    Identity(),
    FormulaParameters,
    _prepare,
)
