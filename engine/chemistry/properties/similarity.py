"""Likeness to a given molecule: Tanimoto on circular, pair or pharmacophore fingerprints.

Sources: Morgan or ECFP (Rogers and Hahn 2010, J. Chem. Inf. Model. 50:742), atom pairs (Carhart et al. 1985), 2D
pharmacophores (Gobbi and Poppinger 1998). On counts: sum of smaller over sum of larger counts, as GuacaMol has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D

from engine.chemistry.checking import MAX_CHARACTERS
from engine.chemistry.parsing import NoMolecule, parse
from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Identity
from engine.settings import Settings, setting

RADIUS, BITS = 2, 2048
PAIR_LENGTH = 10  # bonds between the atoms of a pair, at most
_FEATURES = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()


def _counts(radius: int, features: bool) -> Callable[[Chem.Mol], Any]:
    """Each environment up to `radius` bonds with how often it is there, not folded."""
    invariants = {"atomInvariantsGenerator": _FEATURES} if features else {}
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, **invariants).GetSparseCountFingerprint


def _pharmacophores(molecule: Chem.Mol) -> DataStructs.SparseBitVect:
    """Pairs and triples of donors, acceptors, charges, rings and greasy groups, with the distances between them."""
    return Generate.Gen2DFingerprint(molecule, Gobbi_Pharm2D.factory)  # type: ignore[no-untyped-call]


FINGERPRINTS: dict[str, Callable[[Chem.Mol], Any]] = {
    "bits": rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS).GetFingerprint,
    "ECFP4": _counts(2, features=False),
    "ECFP6": _counts(3, features=False),
    "FCFP4": _counts(2, features=True),
    "FCFP6": _counts(3, features=True),
    "atom_pairs": rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=PAIR_LENGTH).GetSparseCountFingerprint,
    "pharmacophore": _pharmacophores,
}


class SimilarityParameters(Settings):
    """To what, and by which parts."""

    smiles: str = setting(
        "", label="Compare with", help="SMILES of a molecule; empty: the reference molecule.", max_length=MAX_CHARACTERS
    )
    fingerprint: Literal["bits", "ECFP4", "ECFP6", "FCFP4", "FCFP6", "atom_pairs", "pharmacophore"] = setting(
        "bits",
        label="By what",
        help="bits: surroundings within 2 bonds, there or not (2048 bits); ECFP4 and ECFP6: how often, within 2 or 3 "
        "bonds; FCFP: by the atoms' roles; atom_pairs: pairs up to 10 bonds apart; pharmacophore: roles and distances.",
    )


@dataclass(frozen=True)
class _Target:
    fingerprint: Any
    of: Callable[[Chem.Mol], Any]


def _prepare(parameters: SimilarityParameters) -> _Target:
    try:
        target = parse(parameters.smiles)
    except NoMolecule as error:
        raise BadParameter(
            f"smiles is {parameters.smiles[:60]!a}; it must be the SMILES of a molecule: {error}"
        ) from None
    of = FINGERPRINTS[parameters.fingerprint]
    return _Target(of(target), of)


def _similarity(molecule: Chem.Mol, target: _Target) -> float:
    """What both share over what either has: 1 for equal fingerprints, which different molecules may have."""
    return DataStructs.TanimotoSimilarity(target.of(molecule), target.fingerprint)


PROPERTY = Property(
    "similarity",
    "Similarity",
    "",
    "Tanimoto similarity to the molecule compared with (unless said otherwise: Morgan, radius 2, 2048 bits); above 0.4 "
    "chemists see a relative",
    (0.0, 1.0),
    _similarity,
    Identity(),
    SimilarityParameters,
    _prepare,
)
