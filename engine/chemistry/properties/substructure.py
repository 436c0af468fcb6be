"""A part that a molecule must have, or must not have: a SMARTS pattern."""

from typing import Any

from rdkit import Chem, rdBase

from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Identity
from engine.settings import Settings, setting


class SubstructureParameters(Settings):
    """Which part, and whether it is wanted."""

    smarts: str = setting(
        "", label="Part", help="SMARTS pattern, as c1ccccc1 for a benzene ring.", max_length=300, min_length=1
    )
    wanted: bool = setting(True, label="Wanted", help="Whether it earns 1 to have it, or 1 not to have it.")


def _prepare(parameters: SubstructureParameters) -> tuple[Chem.Mol, bool]:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(parameters.smarts)
    if pattern is None or not pattern.GetNumAtoms():
        raise BadParameter(f"smarts is {parameters.smarts[:60]!a}; it must be a SMARTS pattern, as c1ccccc1")
    return pattern, parameters.wanted


def _found(molecule: Chem.Mol, prepared: Any) -> float:
    pattern, wanted = prepared
    return float(molecule.HasSubstructMatch(pattern) == wanted)


PROPERTY = Property(
    "substructure",
    "Has the part",
    "",
    "1 where a given part is there (or, where it is unwanted, is not), otherwise 0",
    (0.0, 1.0),
    _found,
    Identity(),
    SubstructureParameters,
    _prepare,
)
