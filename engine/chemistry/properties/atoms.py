"""How many atoms of one element a molecule has."""

from typing import Any

from rdkit import Chem

from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Gaussian
from engine.settings import Settings, setting


class AtomParameters(Settings):
    """Which element."""

    element: str = setting("C", label="Element", help="Its symbol, as C, N, F or Cl; H counts all.", max_length=2)


def element_count(molecule: Chem.Mol, element: str) -> int:
    """Hydrogens are counted whether they are written or not."""
    atoms = molecule.GetAtoms()
    written = sum(atom.GetSymbol() == element for atom in atoms)
    return written + sum(atom.GetTotalNumHs() for atom in atoms) if element == "H" else written


def known(element: str) -> bool:
    """Whether this is an element's symbol."""
    table = Chem.GetPeriodicTable()
    return element in {table.GetElementSymbol(number) for number in range(1, 119)}


def _prepare(parameters: AtomParameters) -> str:
    if not known(parameters.element):
        raise BadParameter(f"element is {parameters.element!a}; it must be an element's symbol, as C, N, F or Cl")
    return parameters.element


def _atoms(molecule: Chem.Mol, prepared: Any) -> float:
    return float(element_count(molecule, prepared))


PROPERTY = Property(
    "atoms",
    "Atoms of an element",
    "",
    "How many atoms of one element the molecule has",
    (0.0, 30.0),
    _atoms,
    Gaussian(mu=1.0, sigma=1.0),
    AtomParameters,
    _prepare,
)
