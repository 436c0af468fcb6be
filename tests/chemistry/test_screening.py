"""Screening: the model beside scikit-learn's, and which molecules it has scored."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from engine.chemistry import screening
from engine.chemistry.scoring import Scored
from engine.chemistry.screening import LEAST, PENALTY, WIDTH, Screen, Surrogate, folded


def molecules(n, seed=0):
    """Sparse counts [n, WIDTH + 1], the last of them the one that stands for the intercept, and scores [n]."""
    random = np.random.default_rng(seed)
    rows = random.poisson(0.05, (n, WIDTH + 1)).astype(float)
    rows[:, WIDTH] = 1.0
    return rows, rows[:, :5].sum(1) / 10 + random.normal(0, 0.01, n)


def test_it_expects_what_scikit_learn_s_ridge_does_however_the_molecules_came():
    rows, scores = molecules(150)
    surrogate = Surrogate()
    for part in (slice(0, 60), slice(60, 61), slice(61, 150)):
        surrogate.learn(rows[part], scores[part])
    others, _ = molecules(40, seed=1)
    peer = Ridge(alpha=PENALTY, fit_intercept=False).fit(rows, scores)
    assert surrogate.expects(others) == pytest.approx(peer.predict(others), abs=1e-9)


def test_what_it_learned_is_kept_bit_for_bit_and_on_its_own():
    rows, scores = molecules(LEAST)
    surrogate, again = Surrogate(), Surrogate()
    assert not surrogate.ready
    surrogate.learn(rows, scores)
    saved = surrogate.state_dict()
    again.load_state_dict(saved)
    assert again.ready and np.array_equal(again.expects(rows), surrogate.expects(rows))
    again.learn(rows, scores)
    assert torch.equal(saved["squares"], torch.from_numpy(surrogate.squares))


def test_surroundings_that_fall_together_are_counted_together():
    row = folded([3, 3 + WIDTH, 7, 2**40 * WIDTH + 7])
    assert row[3] == 2 and row[7] == 2 and row[WIDTH] == 1 and row.sum() == 5


class Told:
    """A scorer whose molecules are C, CC, CCC...: surroundings by their length."""

    def __init__(self):
        self.asked = []

    def surroundings(self, molecules):
        self.asked += molecules
        return [[len(smiles)] * len(smiles) for smiles in molecules]


def drawn(*lengths):
    """What was drawn, by length; 0 is no molecule, -1 one whose reading failed."""
    return [
        Scored("C" * n, "C" * n) if n > 0 else Scored("?", None, broken=n < 0, reason="it is none") for n in lengths
    ]


def taught(monkeypatch):
    """A screen that has seen that longer is better."""
    monkeypatch.setattr(screening, "LEAST", 3)
    screen = Screen(Told())
    screen.learn(["C" * n for n in (10, 20, 30)], [0.1, 0.2, 0.3])
    return screen


def test_the_most_promising_new_ones_are_scored_in_the_order_in_which_they_came(monkeypatch):
    screen = taught(monkeypatch)
    places = screen.columns(drawn(10, 0, 30, 20, 30, 30, -1, 20), 2, known={})
    assert places == [2, 3]  # 30 once, then 20: a repetition in the batch is not new
    assert screen.expectation == pytest.approx(0.25, abs=0.01)
    assert screen.columns(drawn(10, 0, 30, 20, 30), 2, known={"C" * 30}) == [0, 3]


def test_where_too_few_are_new_the_first_of_the_others_fill_up(monkeypatch):
    screen = taught(monkeypatch)
    assert screen.columns(drawn(0, 10, 10, -1, 20, 30), 4, known={"C" * 20, "C" * 30}) == [0, 1, 2, 3]
    assert screen.columns(drawn(0, 0, 0), 2, known={}) == [0, 1]


def test_before_it_knows_enough_the_first_new_ones_are_scored():
    screen = Screen(Told())
    assert screen.columns(drawn(10, 0, 30, 20, 40), 3, known={}) == [0, 2, 3]
    assert math.isnan(screen.expectation)


def test_nothing_is_looked_at_twice_between_asking_and_learning(monkeypatch):
    screen = taught(monkeypatch)
    asked = len(screen._scorer.asked)
    screen.columns(drawn(11, 12, 13), 2, known={})
    screen.learn(["C" * 12, "C" * 13], [0.12, 0.13])
    assert len(screen._scorer.asked) == asked + 3
    screen.learn([], [])
    assert screen.surrogate.count == 5
