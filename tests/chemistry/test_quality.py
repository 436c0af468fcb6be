"""A prior's figures beside scipy, a hand calculation, RDKit, and the strings themselves counted here."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED
from scipy.linalg import sqrtm

from engine.chemistry import prior, quality
from engine.chemistry.quality import DESCRIPTORS, Described, check, describe, frechet_distance, internal_diversity


def described(mean, covariance):
    return Described(1, 0.5, 10.0, 1.0, 1.0, list(mean), np.asarray(covariance).tolist())


def test_distance_of_two_bells_by_hand():
    # In one dimension it is the difference of the means squared + that of the deviations squared, in deviations of
    # the taught: ((7 - 4) / 2)^2 + (6 / 2 - 2 / 2)^2 = 2.25 + 4.
    assert frechet_distance(described([7.0], [[36.0]]), described([4.0], [[4.0]])) == pytest.approx(6.25)
    assert frechet_distance(described([4.0], [[4.0]]), described([4.0], [[4.0]])) == pytest.approx(0, abs=1e-12)


def test_distance_beside_scipys_matrix_root():
    rng = np.random.default_rng(0)
    first, second = (np.cov(rng.normal(size=(5, 40)) * scale[:, None]) for scale in rng.uniform(0.5, 3, (2, 5)))
    means = rng.normal(size=(2, 5))
    deviation = np.sqrt(np.diag(second))
    a, b = (m / np.outer(deviation, deviation) for m in (first, second))
    expected = ((means[0] - means[1]) ** 2 / deviation**2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(described(means[0], first), described(means[1], second)) == pytest.approx(expected)


def test_molecules_described_by_hand():
    found = describe(["CCO", "CCO", "OCC", "c1ccccc1C", "C1CC"])
    ethanol, toluene = Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("Cc1ccccc1")
    assert found.molecules == 4
    assert found.mean_heavy_atoms == (3 * 3 + 7) / 4
    assert found.mean_qed == pytest.approx((3 * QED.qed(ethanol) + QED.qed(toluene)) / 4)
    assert found.scaffold_diversity == 1.0  # none and benzene, of two molecules
    weights = dict(zip(DESCRIPTORS, found.mean, strict=True))
    assert weights["weight"] == pytest.approx((3 * 46.069 + 92.141) / 4, abs=2e-3)  # g/mol
    assert (
        weights["donors"] == 0.75
        and weights["aromatic_rings"] == 0.25
        and weights["sp3_share"] == pytest.approx((3 * 1 + 1 / 7) / 4)
    )
    with pytest.raises(ValueError, match="no molecule"):
        describe(["C1CC"])


def test_diversity_of_one_molecule_is_none_and_of_two_strangers_half():
    one, other = Chem.MolFromSmiles("CCCCCCCC"), Chem.MolFromSmiles("FC(F)(F)S(=O)(=O)c1ccncc1")
    assert internal_diversity([one] * 5) == 0
    assert internal_diversity([one, other]) == pytest.approx(0.5, abs=0.02)  # half of the pairs are a molecule's own


def test_figures_of_samples_counted_here():
    shipped = prior.read()
    texts = quality.samples(shipped, 300, seed=3)
    canonical = [Chem.MolToSmiles(m) for text in texts if text and (m := Chem.MolFromSmiles(text)) is not None]
    figures = check(shipped, 300, seed=3)
    assert figures["valid"] == len(canonical) / 300
    assert figures["unique"] == len(set(canonical)) / len(canonical)
    assert figures["mean_heavy_atoms"] == pytest.approx(
        np.mean([Chem.MolFromSmiles(smiles).GetNumHeavyAtoms() for smiles in canonical])
    )
    assert 0 < figures["descriptor_distance"] < 1 and 0.8 < figures["internal_diversity"] < 0.95


def test_a_low_temperature_writes_safer_strings():
    shipped = prior.read()
    cold, warm = (check(shipped, 200, 1, temperature)["valid"] for temperature in (0.5, 1.5))
    assert cold > warm + 0.2
