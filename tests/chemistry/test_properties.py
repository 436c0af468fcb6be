"""Property values against published ones, and against RDKit called directly."""

import csv
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig
from rdkit.Chem import QED, AllChem, Crippen, Descriptors

from engine.chemistry import properties
from engine.chemistry.properties import PROPERTIES

DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5",
]


def value(name, smiles, reference=None):
    return PROPERTIES[name].compute(Chem.MolFromSmiles(smiles), reference and Chem.MolFromSmiles(reference))


@pytest.mark.parametrize(
    "smiles, published",  # of the authors' own implementation, as RDKit's documentation quotes them (cut, not rounded)
    [
        ("N=C(CCSCc1csc(N=C(N)N)n1)NS(N)(=O)=O", 0.253),
        ("CNC(=NCCSCc1nc[nH]c1C)NC#N", 0.234),
        ("CCCCCNC(=N)NN=Cc1c[nH]c2ccc(CO)cc12", 0.234),
    ],
)
def test_qed_of_the_paper(smiles, published):
    assert published <= value("qed", smiles) < published + 0.001


def test_logp_of_benzene_from_the_papers_table():
    # Six aromatic CH (C18: 0.1581) with their hydrogens (H1: 0.1230).
    assert value("logp", "c1ccccc1") == pytest.approx(6 * (0.1581 + 0.1230), abs=1e-9)


def test_weight_of_aspirin_from_atomic_weights():
    # C9H8O4 with the standard atomic weights 12.011, 1.008, 15.999.
    assert value("weight", DRUGS[0]) == pytest.approx(9 * 12.011 + 8 * 1.008 + 4 * 15.999, abs=0.01)


def test_sa_scores_as_published_with_the_score():
    with open(Path(RDConfig.RDContribDir, "SA_Score", "data", "zim.100.txt")) as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert len(rows) == 100
    for row in rows:
        assert value("sa", row["smiles"]) == pytest.approx(float(row["sa_score"]), abs=0.002)


@pytest.mark.parametrize("smiles", DRUGS)
def test_values_are_rdkits(smiles):
    molecule = Chem.MolFromSmiles(smiles)
    assert value("qed", smiles) == QED.qed(molecule)
    assert value("logp", smiles) == Crippen.MolLogP(molecule)
    assert value("weight", smiles) == Descriptors.MolWt(molecule)


def test_similarity_is_shared_bits_over_all_bits():
    bits = [set(AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(s), 2, 2048).GetOnBits()) for s in DRUGS[::2]]
    expected = len(bits[0] & bits[1]) / len(bits[0] | bits[1])
    assert 0 < expected < 1
    assert value("similarity", DRUGS[0], DRUGS[2]) == pytest.approx(expected, abs=1e-12)
    assert value("similarity", DRUGS[3], DRUGS[3]) == 1.0
    with pytest.raises(ValueError, match="reference"):
        value("similarity", DRUGS[0])


def test_every_file_is_registered():
    folder = Path(properties.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__", "property"} == set(PROPERTIES)
