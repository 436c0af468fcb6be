"""Two molecules side by side with what differs marked, and molecules as MDL blocks. Runs in worker processes only."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor, rdFMCS

from engine.chemistry.drawing import svg
from engine.chemistry.parsing import NoMolecule, parse

SEARCH_S = 2  # seconds for the largest common part; what was found by then is taken


def compare(pair: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"before", "after": {"svg", "svg_dark"}, "changed": atoms, "common": atoms} of two SMILES as a JSON array.

    The common part is the largest one connected by the same atoms and bonds, whole rings only (maximum common
    substructure, FMCS); it lies the same way up in both drawings, all other atoms are marked.
    """
    try:
        before, after = (parse(smiles) for smiles in json.loads(pair))
    except NoMolecule as error:
        return {"failure": str(error)}
    shared = rdFMCS.FindMCS([before, after], timeout=SEARCH_S, ringMatchesRingOnly=True, completeRingsOnly=True)
    pattern = Chem.MolFromSmarts(shared.smartsString) if shared.numAtoms else None
    here, there = (() if pattern is None else side.GetSubstructMatch(pattern) for side in (before, after))
    rdDepictor.Compute2DCoords(before)
    if here and there:
        rdDepictor.GenerateDepictionMatching2DStructure(after, before, list(zip(here, there, strict=True)))
    drawn = {name: _marked(side, kept) for name, side, kept in (("before", before, here), ("after", after, there))}
    return drawn | {"changed": after.GetNumAtoms() - len(there), "common": len(there)}


def _marked(molecule: Chem.Mol, kept: Sequence[int]) -> dict[str, str]:
    others = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetIdx() not in set(kept)]
    return {"svg": svg(molecule, False, others), "svg_dark": svg(molecule, True, others)}


def block(smiles: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"block"}: an MDL V2000 block with coordinates on paper."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"failure": str(error)}
    rdDepictor.Compute2DCoords(molecule)
    return {"block": Chem.MolToMolBlock(molecule)}
