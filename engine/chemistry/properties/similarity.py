"""Likeness to a given molecule: Tanimoto on Morgan bits (Rogers and Hahn 2010, J. Chem. Inf. Model. 50:742)."""

from functools import lru_cache

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from engine.chemistry.properties.property import Property

RADIUS, BITS = 2, 2048
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


@lru_cache(maxsize=8)
def _fingerprint(smiles: str) -> DataStructs.ExplicitBitVect:
    return _MORGAN.GetFingerprint(Chem.MolFromSmiles(smiles))


def _similarity(molecule: Chem.Mol, reference: Chem.Mol | None) -> float:
    """Shared bits over all bits set in either: 1 for equal fingerprints, which different molecules may have."""
    if reference is None:
        raise ValueError("similarity needs a reference molecule")
    return DataStructs.TanimotoSimilarity(_MORGAN.GetFingerprint(molecule), _fingerprint(Chem.MolToSmiles(reference)))


PROPERTY = Property(
    "similarity",
    "Similarity",
    "",
    "Tanimoto similarity to the reference molecule (Morgan, radius 2, 2048 bits); above 0.4 chemists see a relative",
    (0.0, 1.0),
    _similarity,
    needs_reference=True,
)
