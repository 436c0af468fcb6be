"""What is refused before RDKit sees it, and what is refused after parsing: always with the reason."""

import pytest

from engine.chemistry.checking import refusal
from engine.chemistry.parsing import NoMolecule, parse

K50 = "".join(f"[*]{''.join(f'%{10 + j}' for j in range(40))}" for _ in range(7))

TEXT = [
    ("", "empty"),
    ("C" * 301, "301 characters"),
    ("C" * 100_000, "100,000 characters"),
    ("CCO ethanol", "' '"),
    ("CCO\tC", "'\\t'"),
    ("CCO\nCCC", "'\\n'"),
    ("C\x00C", "'\\x00'"),
    ("CC\U0001f600", "'\\U0001f600'"),
    ("CС", "'\\u0421'"),  # a Cyrillic letter that looks like C
    ("ＣＣ", "'\\uff23'"),
    ("b'CC'", '"\'"'),
    ("CCO |$;;R$|", "' '"),
    ("CCO|c:1|", "'|'"),
    ("<b>C</b>", "'<'"),
    ("[*]C", "*"),
    ("*" * 50, "*"),
    (K50, "861 characters"),
    ("[Na+999999999]", "charge"),
    ("[C--------]", "charge"),
    ("[99999C]", "isotope"),
    ("C1CC1" * 21, "42 ring labels"),
    ("C.C.C.C.C.C", "6 fragments"),
]


@pytest.mark.parametrize("smiles, part", TEXT)
def test_refused_by_its_characters(smiles, part):
    assert part in (refusal(smiles) or "")
    with pytest.raises(NoMolecule):
        parse(smiles)


@pytest.mark.parametrize(
    "smiles, part",
    [
        ("C1CC", "do not match"),
        ("C(C", "do not match"),
        ("C)C", "do not match"),
        ("C)C(", "do not match"),
        ("C[CH3", "do not match"),
        ("C]C", "do not match"),
        ("C1CC2", "do not match"),
        ("[13CH4]C%11CC", "do not match"),
        ("[Xx]", "against the rules of SMILES"),
        ("hello", "against the rules of SMILES"),
        ("C==C", "against the rules of SMILES"),
        ("C()C", "against the rules of SMILES"),
        ("-C1CC%01", "against the rules of SMILES"),
        ("C(C)(C)(C)(C)C", "atom 1 (C) has more bonds"),
        ("c1ccccc1F(C)C", "atom 7 (F) has more bonds"),
        ("c1cccc1", "aromatic ring"),
        ("[H][H]", "0 heavy atoms"),
        ("C" * 101, "101 heavy atoms"),
        ("C1CC1" * 16, "16 rings"),
    ],
)
def test_refused_by_its_chemistry(smiles, part):
    assert refusal(smiles) is None
    with pytest.raises(NoMolecule) as caught:
        parse(smiles)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "smiles", ["C", "[NH4+]", "CC(=O)Oc1ccccc1C(=O)O", "[13CH4]", "C/C=C\\C", "CCN(CC)CC.Cl", "C" * 100]
)
def test_ordinary_molecules_pass(smiles):
    assert parse(smiles).GetNumHeavyAtoms() >= 1
