"""Screening: more molecules are drawn than scored, and a model learned from the scores so far says which to score."""

import math
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.linalg import cho_factor, cho_solve

from engine.chemistry.scoring import Scored, Scorer
from engine.settings import Settings, setting

WIDTH = 1024  # places that the surroundings of a molecule's atoms are folded into
PENALTY = 1.0  # on the squared weights
LEAST = 100  # molecules scored, before the model has a say

Vector = npt.NDArray[np.float64]


class Screening(Settings):
    """How many molecules are drawn for one that is scored."""

    screen: int = setting(
        1,
        label="Drawn for each one scored",
        help="Of so many times the batch size only a batch is scored and learned from: the molecules that a model, "
        "learned from the scores so far, expects most of. 1: all that are drawn.",
        ge=1,
        le=20,
        expert=True,
    )


def folded(keys: Sequence[int]) -> Vector:
    """How many of the surroundings (predictors.features.keys) fall into each of WIDTH places, and a one [WIDTH + 1]."""
    row = np.zeros(WIDTH + 1)
    np.add.at(row, np.asarray(keys, np.int64) % WIDTH, 1.0)
    row[WIDTH] = 1.0
    return row


class Surrogate:
    """Ridge regression of scores on folded surroundings: w = (X'X + PENALTY I)^-1 X'y. (Hoerl and Kennard 1970)"""

    def __init__(self) -> None:
        self.squares, self.products, self.count = np.eye(WIDTH + 1) * PENALTY, np.zeros(WIDTH + 1), 0

    @property
    def ready(self) -> bool:
        return self.count >= LEAST

    def learn(self, rows: Vector, scores: Vector) -> None:
        """Take in molecules [N, WIDTH + 1] and their scores [N]."""
        self.squares += rows.T @ rows
        self.products += rows.T @ scores
        self.count += len(rows)

    def expects(self, rows: Vector) -> Vector:
        """Scores [N] of molecules [N, WIDTH + 1]."""
        return rows @ cho_solve(cho_factor(self.squares, lower=True), self.products)

    def state_dict(self) -> dict[str, Any]:
        arrays = {"squares": self.squares, "products": self.products}
        return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()} | {"count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.squares, self.products = state["squares"].numpy().copy(), state["products"].numpy().copy()
        self.count = state["count"]


class Screen:
    """Which of the molecules drawn are scored: those not scored before of which the model expects most."""

    def __init__(self, scorer: Scorer):
        self._scorer, self.surrogate = scorer, Surrogate()
        self._rows: dict[str, Vector] = {}  # of the molecules looked at last
        self.expectation = math.nan  # mean of what was expected of those chosen last

    def columns(self, drawn: Sequence[Scored], n: int, known: Container[str]) -> list[int]:
        """n of the places in `drawn`, rising; where too few are new, of the others the first."""
        new: dict[str, int] = {}
        for place, item in enumerate(drawn):
            if item.canonical is not None and not item.broken and item.canonical not in known:
                new.setdefault(item.canonical, place)
        self.expectation = math.nan
        if self.surrogate.ready and new:
            expected = self.surrogate.expects(self._looked_at(list(new)))
            most = sorted(zip(-expected, new, strict=True))[:n]
            new = {smiles: new[smiles] for _, smiles in most}
            self.expectation = -sum(less for less, _ in most) / len(most)
        places = list(new.values())[:n]
        taken = set(places)
        return sorted(places + [place for place in range(len(drawn)) if place not in taken][: n - len(places)])

    def learn(self, molecules: Sequence[str], scores: Sequence[float]) -> None:
        """Take in what molecules that were new scored."""
        if molecules:
            self.surrogate.learn(self._looked_at(molecules), np.array(scores))

    def _looked_at(self, molecules: Sequence[str]) -> Vector:
        asked = [smiles for smiles in molecules if smiles not in self._rows]
        found = dict(zip(asked, map(folded, self._scorer.surroundings(asked)), strict=True))
        self._rows = {smiles: self._rows[smiles] if smiles in self._rows else found[smiles] for smiles in molecules}
        return np.stack(list(self._rows.values()))
