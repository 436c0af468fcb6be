"""Screening: the model beside scikit-learn's and RDKit's, and which molecules it has scored."""

import math

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from engine.chemistry import screening
from engine.chemistry.predictors.features import keys
from engine.chemistry.scoring import Scored
from engine.chemistry.screening import NOISE, WIDTH, Screen, folded, likeness, posterior


def points(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 3))


def test_it_expects_and_doubts_as_scikit_learn_s_process_does():
    """Whose prior variance is a parameter here: set to the likeliest, both are the same."""
    known, others, shape = points(60, 0), points(25, 1), RBF(1.5)
    scores = 0.5 + known[:, 0] * np.sin(known[:, 1]) / 4
    mean, deviation = posterior(shape(known), shape(others, known), scores)

    def peer(amplitude):
        kernel = ConstantKernel(amplitude) * shape
        return GaussianProcessRegressor(kernel, alpha=amplitude * NOISE, optimizer=None).fit(known, scores)

    likeliest = max(np.geomspace(1e-3, 10, 4001), key=lambda a: peer(a).log_marginal_likelihood_value_)
    their_mean, their_deviation = peer(likeliest).predict(others, return_std=True)
    assert mean == pytest.approx(their_mean, abs=1e-6)
    assert deviation == pytest.approx(their_deviation, rel=2e-3)


def test_of_scores_that_are_all_nought_nothing_is_hoped():
    mean, deviation = posterior(np.eye(3), np.full((2, 3), 0.5), np.zeros(3))
    assert not mean.any() and not deviation.any()


def test_likeness_is_rdkit_s_tanimoto_on_counts():
    """To the last digit where each surrounding has a place of its own, and nearly so where they share 2,048."""
    molecules = [Chem.MolFromSmiles(text) for text in ("CCO", "CCCCO", "c1ccccc1C(=O)NC", "c1ccccc1C(=O)NCC", "CC(C)N")]
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    counts = [morgan.GetSparseCountFingerprint(molecule) for molecule in molecules]
    theirs = np.array([[DataStructs.TanimotoSimilarity(one, other) for other in counts] for one in counts])
    seen = [keys(molecule) for molecule in molecules]
    every = sorted({key for one in seen for key in one})
    apart = np.array([[key in one for key in every] for one in seen], np.float32)
    assert likeness(apart, apart) == pytest.approx(theirs, abs=1e-7)
    rows = np.stack([folded(one) for one in seen])
    assert likeness(rows, rows) == pytest.approx(theirs, abs=0.03)


def test_surroundings_are_scattered_and_counted():
    """Keys as molecules have them, 16 s + level, leave no more places empty than chance does: exp(-2000 / WIDTH)."""
    row = folded([16 * part + level for part in range(500) for level in range(1, 5)])
    assert row.sum() == 2000
    assert (row == 0).mean() < math.exp(-2000 / WIDTH) + 0.02
    assert folded([7, 7, 7]).max() == 3


class Told:
    """A scorer whose molecules are C, CC, CCC...: a longer one has all surroundings of a shorter one and more."""

    def __init__(self):
        self.asked = []

    def surroundings(self, molecules):
        self.asked += molecules
        return [list(range(len(smiles))) for smiles in molecules]


def drawn(*lengths):
    """What was drawn, by length; 0 is no molecule, -1 one whose reading failed."""
    return [
        Scored("C" * n, "C" * n) if n > 0 else Scored("?", None, broken=n < 0, reason="it is none") for n in lengths
    ]


KNOWN, SCORES = ["C" * n for n in (10, 20, 30)], [0.1, 0.2, 0.3]  # longer is better


def chosen(screen, lengths, n, known=KNOWN, scores=SCORES):
    """The places of the n molecules that are to be scored of those drawn, by length."""
    return screen.columns(drawn(*lengths), n, dict.fromkeys(known), scores)


@pytest.fixture
def screen(monkeypatch):
    """One that needs to know no more than three molecules."""
    monkeypatch.setattr(screening, "LEAST", 3)
    return Screen(Told())


def test_the_most_promising_new_ones_are_scored_in_the_order_in_which_they_came(screen):
    assert chosen(screen, (12, 0, 31, 21, 31, 31, -1, 21), 2) == [2, 3]  # a repetition in the batch is not new
    assert screen.expectation == pytest.approx(0.25, abs=0.02)
    assert chosen(screen, (12, 0, 30, 21, 30), 2) == [0, 3]  # 30 is known


def test_where_too_few_are_new_the_first_of_the_others_fill_up(screen):
    assert chosen(screen, (0, 12, 12, -1, 20, 30), 4) == [0, 1, 2, 3]
    assert chosen(screen, (0, 0, 0), 2) == [0, 1]


def test_before_it_knows_enough_the_first_new_ones_are_scored():
    screen = Screen(Told())
    assert chosen(screen, (12, 0, 30, 21, 40), 3) == [0, 3, 4]
    assert math.isnan(screen.expectation)


def test_of_two_of_which_it_expects_nearly_the_same_it_takes_the_one_it_knows_less_of(screen):
    """All scored .5, and both are like them: .494 +- .109 and .488 +- .161."""
    assert chosen(screen, (21, 25), 1, scores=[0.5] * 3) == [1]


def test_a_molecule_that_could_not_be_looked_at_is_like_none(screen, monkeypatch):
    """Known or drawn, it takes no other's place and stops nothing."""
    told = screen._scorer.surroundings
    monkeypatch.setattr(
        screen._scorer, "surroundings", lambda asked: [[] if len(one) in (20, 40) else told([one])[0] for one in asked]
    )
    assert chosen(screen, (12, 40, 31), 2) == [0, 2]
    assert screen.expectation == pytest.approx(0.2, abs=0.02)


def test_no_molecule_is_looked_at_twice_while_it_is_learned_from(screen):
    chosen(screen, (11, 12, 13), 2)
    chosen(screen, (14,), 1, [*KNOWN, "C" * 12, "C" * 13], [*SCORES, 0.12, 0.13])
    assert sorted(map(len, screen._scorer.asked)) == [10, 11, 12, 13, 14, 20, 30]


def test_it_learns_from_the_best_and_the_latest(screen, monkeypatch):
    monkeypatch.setattr(screening, "BEST", 2)
    monkeypatch.setattr(screening, "LATEST", 3)
    chosen(screen, (101,), 1, ["C" * n for n in range(1, 101)], [1 / n for n in range(1, 101)])
    assert sorted(map(len, screen._scorer.asked)) == [1, 2, 98, 99, 100, 101]
