"""Property values against published ones, and against RDKit called directly."""

import csv
import math
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig
from rdkit.Chem import QED, AllChem, Crippen, Descriptors

from engine.chemistry import properties
from engine.chemistry.properties import PROPERTIES, BadParameter, similarity

DRUGS = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5",
]


def value(name, molecule, **parameters):
    known = PROPERTIES[name]
    return known.compute(Chem.MolFromSmiles(molecule), known.prepare(known.parameters(**parameters)))


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
    assert value("similarity", DRUGS[0], smiles=DRUGS[2]) == pytest.approx(expected, abs=1e-12)
    assert value("similarity", DRUGS[3], smiles=DRUGS[3]) == 1.0


@pytest.mark.parametrize(
    "smiles, expected",  # counted by hand on the structures; TPSA from the paper's table of fragments
    [
        ("CC(=O)Oc1ccccc1C(=O)O", {"donors": 1, "acceptors": 3, "rings": 1, "aromatic_rings": 1, "heavy_atoms": 13}),
        ("OCC(O)CO", {"donors": 3, "acceptors": 3, "rings": 0, "rotatable_bonds": 2, "tpsa": 3 * 20.23}),
        ("C1CC1c1ccccc1", {"rings": 2, "aromatic_rings": 1, "rotatable_bonds": 1, "tpsa": 0.0}),
        ("c1ccncc1", {"donors": 0, "acceptors": 1, "aromatic_rings": 1, "tpsa": 12.89}),
    ],
)
def test_counts_by_hand(smiles, expected):
    assert {name: value(name, smiles) for name in expected} == pytest.approx(expected, abs=1e-9)


def test_elements_are_counted_with_hidden_hydrogens():
    assert value("atoms", "OCC", element="H") == 6 and value("atoms", "[H]OCC", element="H") == 6
    assert value("atoms", "ClCCl", element="Cl") == 2 and value("atoms", "ClCCl", element="C") == 1


def test_formula_closeness_by_hand():
    assert value("formula", "CCO", formula="C2H6O") == pytest.approx(1.0)
    # Methanol CH4O for C2H6O: C off by 1, H by 2, O right, 6 of 9 atoms; the mean is over four Gaussians.
    expected = math.exp(-0.5 * (1 + 4 + 0 + (3 / 2) ** 2) / 4)
    assert value("formula", "CO", formula="C2H6O") == pytest.approx(expected)


@pytest.mark.parametrize("fingerprint", similarity.FINGERPRINTS)
def test_every_fingerprint_tells_the_same_from_the_different_and_nothing_else(fingerprint, capfd):
    """RDKit warns of its older functions at each call, which a run makes by the ten thousand."""
    one, other = DRUGS[0], DRUGS[1]
    assert value("similarity", one, smiles=one, fingerprint=fingerprint) == 1.0
    assert 0 <= value("similarity", one, smiles=other, fingerprint=fingerprint) < 0.5
    assert capfd.readouterr().err == ""


def test_substructures_wanted_and_unwanted():
    assert value("substructure", "OCC", smarts="[OX2H]") == 1 and value("substructure", "COC", smarts="[OX2H]") == 0
    assert value("substructure", "OCC", smarts="[OX2H]", wanted=False) == 0


@pytest.mark.parametrize(
    "smiles, catalog",  # rhodanine: PAINS class ene_rhod_A; acyl chloride and aldehyde: Brenk's table
    [("O=C1NC(=S)SC1=Cc1ccccc1", "PAINS"), ("CC(=O)Cl", "Brenk"), ("CCCC=O", "Brenk")],
)
def test_published_alerts_are_found(smiles, catalog):
    assert value("alerts", smiles, catalog=catalog) >= 1
    assert value("alerts", smiles) >= value("alerts", smiles, catalog=catalog)
    assert value("alerts", "c1ccccc1", catalog=catalog) == 0


@pytest.mark.parametrize(
    "kind, parameters, part",
    [
        ("similarity", {"smiles": "C1CC"}, "smiles is 'C1CC'"),
        ("substructure", {"smarts": "c1cc("}, "smarts is 'c1cc('"),
        ("formula", {"formula": "C2X6"}, "formula is 'C2X6'"),
        ("formula", {"formula": "C2C3"}, "formula"),
        ("formula", {"formula": "C0"}, "formula"),
        ("formula", {"formula": "c6h6"}, "formula"),
        ("atoms", {"element": "Qq"}, "element is 'Qq'"),
    ],
)
def test_parameters_that_stand_for_nothing_are_refused_by_name(kind, parameters, part):
    with pytest.raises(BadParameter) as caught:
        value(kind, "CCO", **parameters)
    assert part in str(caught.value)


def test_every_file_is_registered():
    folder = Path(properties.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__", "property"} == set(PROPERTIES)
