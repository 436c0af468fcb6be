"""The shipped molecules: cleaned as said, and written anew without becoming others."""

import random

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry import corpus


def test_cleaning_by_example():
    assert corpus.clean("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]") == "CC(=O)Oc1ccccc1C(=O)O"  # aspirin's sodium salt
    assert corpus.clean("C[C@H](N)Cc1ccc(O)cc1") == "CC(N)Cc1ccc(O)cc1"  # no stereo
    assert corpus.clean("CCO") is None  # under 10 heavy atoms
    assert corpus.clean("C" * 46) is None
    assert corpus.clean("CCCC[Sn](CCCC)(CCCC)CCCC") is None
    assert corpus.clean("not a molecule") is None
    assert corpus.clean("") is None


def test_what_is_loaded_is_clean_unique_and_of_common_symbols():
    given = [smiles for _, smiles in zip(range(600), corpus.shipped(), strict=False)]
    molecules = corpus.load([*given, *given, "C[Si](C)(C)c1ccc(O)cc1C"])
    assert 300 < len(molecules) < 600
    assert len(set(molecules)) == len(molecules)
    assert not any("Si" in smiles for smiles in molecules)
    for smiles in molecules:
        molecule = Chem.MolFromSmiles(smiles)
        assert 10 <= molecule.GetNumHeavyAtoms() <= 45
        assert Chem.MolToSmiles(molecule) == smiles
        assert "." not in smiles and "@" not in smiles


def test_random_strings_are_the_same_molecules():
    canonical = ["CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5"]
    molecules = [Chem.MolFromSmiles(smiles) for smiles in canonical]
    rng = random.Random(3)
    seen = [corpus.randomised(molecules, rng) for _ in range(20)]
    assert len({strings[2] for strings in seen}) > 10
    for strings in seen:
        parsed = [Chem.MolFromSmiles(smiles) for smiles in strings]
        assert [Chem.MolToSmiles(molecule) for molecule in parsed] == canonical
        formulas = [rdMolDescriptors.CalcMolFormula(molecule) for molecule in parsed]
        assert formulas == ["C9H8O4", "C8H10N4O2", "C17H19NO3"]  # aspirin, caffeine, morphine
