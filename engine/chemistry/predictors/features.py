"""What a predictor sees of a molecule: how often each surrounding occurs, and eight plain properties."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

from engine.chemistry.parsing import NoMolecule, parse

RADIUS = 2
MOST_COUNTED = 15  # of one surrounding; more are as many
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS)
DESCRIPTORS = ("logP", "TPSA", "heavy atoms", "donors", "acceptors", "rotatable bonds", "aromatic rings", "sp3 carbons")


def keys(molecule: Chem.Mol) -> list[int]:
    """The Morgan counts as a set: surrounding s that occurs n times gives 16 s + 1 ... 16 s + n.

    Shared keys over all keys is then Tanimoto on counts.
    """
    counts = _MORGAN.GetSparseCountFingerprint(molecule).GetNonzeroElements()
    return [16 * part + level for part, n in counts.items() for level in range(1, min(n, MOST_COUNTED) + 1)]


def descriptors(molecule: Chem.Mol) -> list[float]:
    """As DESCRIPTORS names them."""
    return [
        rdMolDescriptors.CalcCrippenDescriptors(molecule)[0],
        rdMolDescriptors.CalcTPSA(molecule),
        float(molecule.GetNumHeavyAtoms()),
        float(rdMolDescriptors.CalcNumHBD(molecule)),
        float(rdMolDescriptors.CalcNumHBA(molecule)),
        float(rdMolDescriptors.CalcNumRotatableBonds(molecule)),
        float(rdMolDescriptors.CalcNumAromaticRings(molecule)),
        rdMolDescriptors.CalcFractionCSP3(molecule),
    ]


def seen(molecule: Chem.Mol) -> tuple[np.ndarray, np.ndarray]:
    """(keys [k] int64, descriptors [8] float64)."""
    return np.array(keys(molecule), np.int64), np.array(descriptors(molecule))


def features(smiles: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """A worker's answer: {"canonical", "scaffold", "keys", "descriptors"}, or a "reason" why there is no molecule."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"canonical": None, "reason": str(error)}
    canonical = Chem.MolToSmiles(molecule)
    known = Chem.MolFromSmiles(canonical)
    scaffold = Chem.MolToSmiles(MurckoScaffold.GetScaffoldForMol(known))
    return {"canonical": canonical, "scaffold": scaffold, "keys": keys(known), "descriptors": descriptors(known)}
