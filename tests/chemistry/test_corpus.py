"""Corpora: cleaned as said, each line left out with its reason, and written anew without becoming other molecules."""

import gzip
import random

import pytest
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from engine.chemistry import corpus, corpus_files
from engine.chemistry.corpus import Dropped, Unfit
from engine.chemistry.corpus_files import UnreadableCorpus
from engine.chemistry.tokens import split_selfies

ASPIRIN, IBUPROFEN = "CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(C(C)C(=O)O)cc1"


def test_cleaning_by_example():
    assert corpus.clean("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]") == ASPIRIN  # its sodium salt
    assert corpus.clean("C[C@H](N)Cc1ccc(O)cc1") == "CC(N)Cc1ccc(O)cc1"  # no stereo
    assert corpus.clean("O.O.O.O.O.O." + ASPIRIN) == ASPIRIN  # a hydrate
    assert corpus.clean("C[N+](C)(C)CCc1ccccc1.[Cl-]") == "C[N+](C)(C)CCc1ccccc1"  # no proton can take this charge
    assert corpus.clean("O=[N+]([O-])c1ccc(Cl)cc1") == "O=[N+]([O-])c1ccc(Cl)cc1"


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("CCO", "it has 3 heavy atoms; 10 to 45 are taught"),
        ("C" * 46, "it has 46 heavy atoms; 10 to 45 are taught"),
        ("CCCC[Sn](CCCC)(CCCC)CCCC", "it holds Sn; only C, N, O, S, P, F, Cl, Br, I are taught"),
        ("[CH2]c1ccc(O)cc1CCC", "it is a radical"),
        ("[13CH3]c1ccc(O)cc1CCC", "it holds a marked isotope"),
        ("C1CCC", "RDKit reads no molecule in it"),
        ("not a molecule", "it holds ' ', which no SMILES string has"),
        ("", "it is empty"),
    ],
)
def test_what_is_not_taught_and_why(smiles, reason):
    with pytest.raises(Unfit) as refused:
        corpus.clean(smiles)
    assert str(refused.value) == reason


def test_what_is_loaded_is_clean_unique_and_of_common_symbols():
    given = [smiles for _, smiles in zip(range(600), corpus.shipped(), strict=False)]
    dropped = []
    molecules = corpus.load([*given, *given, "C[Si](C)(C)c1ccc(O)cc1C"], dropped=dropped.append)
    assert 300 < len(molecules) < 600
    assert len(set(molecules)) == len(molecules) == 1201 - len(dropped)
    assert dropped[-1].line == 1201 or any(item.line == 1201 and "Si" in item.reason for item in dropped)
    for smiles in molecules:
        molecule = Chem.MolFromSmiles(smiles)
        assert 10 <= molecule.GetNumHeavyAtoms() <= 45
        assert Chem.MolToSmiles(molecule) == smiles
        assert "." not in smiles and "@" not in smiles


def test_random_strings_are_the_same_molecules():
    canonical = [ASPIRIN, "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5"]
    molecules = [Chem.MolFromSmiles(smiles) for smiles in canonical]
    rng = random.Random(3)
    seen = [corpus.randomised(molecules, rng) for _ in range(20)]
    assert len({strings[2] for strings in seen}) > 10
    for strings in seen:
        parsed = [Chem.MolFromSmiles(smiles) for smiles in strings]
        assert [Chem.MolToSmiles(molecule) for molecule in parsed] == canonical
        formulas = [rdMolDescriptors.CalcMolFormula(molecule) for molecule in parsed]
        assert formulas == ["C9H8O4", "C8H10N4O2", "C17H19NO3"]  # aspirin, caffeine, morphine


def alkyl_phenols(n):
    return ["C" * length + "c1ccc(O)cc1" for length in range(4, 4 + n)]


def write(path, text, packed=False):
    if packed:
        path = path.with_name(path.name + ".gz")
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_each_kind_of_file_gives_its_molecules_and_names_the_lines_left_out(tmp_path, packed):
    good = alkyl_phenols(22)
    smi = "smiles name\n# a remark\n\n" + "".join(f"{s}\tnumber {i}\n" for i, s in enumerate(good)) + "C1CC bad\nCCO\n"
    table = 'id,"SMILES"\n' + "".join(f'"one, two",{s}\n' for s in good) + "x,C1CC\ny,\nz\nz,CCO\n"
    sdf = "".join(Chem.MolToMolBlock(Chem.MolFromSmiles(s)) + "$$$$\n" for s in [*good, "CCO"]) + "junk\n$$$$\n"
    found, dropped = corpus_files.load(write(tmp_path / "c.smi", smi, packed))
    assert found == [Chem.CanonSmiles(s) for s in good]
    no_molecule, small = "RDKit reads no molecule in it", "it has 3 heavy atoms; 10 to 45 are taught"
    assert dropped == [Dropped(26, "C1CC", no_molecule), Dropped(27, "CCO", small)]
    found, dropped = corpus_files.load(write(tmp_path / "c.csv", table, packed))
    assert found == [Chem.CanonSmiles(s) for s in good]
    empty = "its cell is empty"
    assert [(item.line, item.reason) for item in dropped] == [(24, no_molecule), (25, empty), (26, empty), (27, small)]
    found, dropped = corpus_files.load(write(tmp_path / "c.sdf", sdf, packed))
    assert found == [Chem.CanonSmiles(s) for s in good]
    records = [line for line, text in enumerate(["$$$$", *sdf.splitlines()], 1) if text == "$$$$"]
    assert [(item.line, item.reason) for item in dropped] == [
        (records[22], small),
        (records[23], "RDKit reads no molecule in its record"),
    ]


def test_repeated_molecules_and_rare_symbols_name_where(tmp_path):
    text = "\n".join([*alkyl_phenols(21), ASPIRIN, "OC(=O)c1ccccc1OC(C)=O", "CCCCCCCCCCBr"])
    _, dropped = corpus_files.load(write(tmp_path / "c.smi", text))
    assert (23, "it is the molecule of line 22 again") in [(item.line, item.reason) for item in dropped]
    assert dropped[-1].line == 24 and dropped[-1].reason.startswith("its symbol Br is found in 1 molecules")


def test_other_columns_tabs_and_selfies(tmp_path):
    good = alkyl_phenols(22)
    path = write(tmp_path / "c.tsv", "id\tmine\n" + "".join(f"1\t{s}\n" for s in good))
    assert len(corpus_files.load(path, "mine")[0]) == 22
    with pytest.raises(UnreadableCorpus, match="has no column named smiles; give --column, one of 'id', 'mine'"):
        corpus_files.load(path)
    with pytest.raises(UnreadableCorpus, match=r"column is .theirs.; c\.tsv has .id., .mine."):
        corpus_files.load(path, "theirs")
    assert len(corpus_files.load(path, "mine", split_selfies)[0]) == 22


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("c.pdf", b"C", "must be a file whose name ends in .smi"),
        ("c.smi", b"", "leaves 0 molecules to teach of 0 lines; at least 20 are needed"),
        ("c.smi", b"CCO\nCCO\n", "2 x it has 3 heavy atoms; 10 to 45 are taught"),
        ("c.smi.gz", b"C" * 50, "cannot be read"),
        ("c.smi.gz", gzip.compress(b"CCO\n" * 1000, mtime=0)[:-10], "cannot be read"),
        ("c.smi", b"\x00\xff\xfe" * 50, "leaves 0 molecules"),
        ("c.csv", b"", "has no column named smiles; give --column, one of none"),
        ("c.smi", b"C" * 200_000, "a line of more than 100,000 characters"),
        ("c.sdf", b"\n" * 500_000 + b"$$$$\n", "1 x its record has 500,000 characters"),
    ],
)
def test_files_that_are_no_corpus_are_refused_in_a_sentence(tmp_path, name, body, message):
    (tmp_path / name).write_bytes(body)
    with pytest.raises(UnreadableCorpus, match=message):
        corpus_files.load(tmp_path / name)
    with pytest.raises(UnreadableCorpus, match="No such file"):
        corpus_files.load(tmp_path / "gone.smi")
    with pytest.raises(UnreadableCorpus, match="has no columns"):
        corpus_files.load(tmp_path / "gone.smi", "smiles")


def test_a_summary_keeps_the_numbers_that_all_of_a_kind_share():
    reasons = ["it has 3 heavy atoms; 5 to 50 are taught", "it has 99 heavy atoms; 5 to 50 are taught", "gone"]
    found = corpus_files.summary([Dropped(line, "", reason) for line, reason in enumerate(["gone", *reasons])])
    assert found == [("gone", 2), ("it has N heavy atoms; 5 to 50 are taught", 2)]


def test_the_report_is_a_table_that_no_spreadsheet_runs(tmp_path):
    corpus_files.write_report(tmp_path / "r.csv", [Dropped(3, "=HYPERLINK(1)", "it, as said")])
    assert (tmp_path / "r.csv").read_text().splitlines() == ["line,text,reason", "3,'=HYPERLINK(1)',\"it, as said\""]
