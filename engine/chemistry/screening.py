"""Screening: more molecules are drawn than scored, and a model learned from the scores so far says which to score."""

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from engine.chemistry.scoring import Scored, Scorer
from engine.settings import Settings, setting

WIDTH = 2048  # places that the surroundings of a molecule's atoms are folded into, a power of two
SCATTER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: multiplicative hashing (Knuth, TAOCP 3, 6.4)
BEST, LATEST = 200, 400  # of the molecules scored, which the model learns from
NOISE = 0.01  # of a score's variance, what likeness to other molecules does not explain
LEAST = 100  # molecules scored, before the model has a say

Floats = npt.NDArray[np.floating]


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


def folded(keys: Sequence[int]) -> Floats:
    """How many of the surroundings (predictors.features.keys) fall into each of WIDTH places [WIDTH]."""
    places = (np.asarray(keys, np.uint64) * SCATTER) >> np.uint64(64 - WIDTH.bit_length() + 1)
    return np.bincount(places.astype(np.int64), minlength=WIDTH).astype(np.float32)


def likeness(some: Floats, others: Floats) -> Floats:
    """Tanimoto's, [M, N], of rows [M, WIDTH] and [N, WIDTH]: ab / (aa + bb - ab). (Ralaivola et al. 2005)

    An empty row, of a molecule that could not be looked at, is like none.
    """
    shared = (some @ others.T).astype(np.float64)
    return shared / np.maximum((some * some).sum(1)[:, None] + (others * others).sum(1) - shared, 1)


def posterior(covariance: Floats, cross: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Mean [M] and standard deviation [M] of what molecules score, by a Gaussian process without a mean of its own.

    Of the scored molecules [N] it takes K [N, N], their likeness, and y [N], their scores; of the others k [M, N],
    their likeness to these. mean = k (K + NOISE I)^-1 y, variance = a (1 - k (K + NOISE I)^-1 k') (Rasmussen and
    Williams 2006, equations 2.25 and 2.26), in units of a = y' (K + NOISE I)^-1 y / N, the likeliest prior variance
    (equation 2.30).
    """
    factor = cho_factor(covariance + NOISE * np.eye(len(covariance)), lower=True)
    weights = cho_solve(factor, scores)
    explained = (cross * cho_solve(factor, cross.T).T).sum(1)
    amplitude = scores @ weights / len(scores)
    return cross @ weights, np.sqrt(amplitude * np.maximum(1 - explained, 0))


class Screen:
    """Which of the molecules drawn are scored: those not scored before of which the model hopes most.

    It hopes for a standard deviation more than it expects: an upper confidence bound (Srinivas et al. 2010), which
    prefers of two that promise the same the one that it knows less of.
    """

    def __init__(self, scorer: Scorer):
        self._scorer = scorer
        self._rows: dict[str, Floats] = {}  # of the molecules learned from and looked at last
        self.expectation = math.nan  # mean of what was expected of those chosen last

    def columns(self, drawn: Sequence[Scored], n: int, known: Mapping[str, Any], scores: Sequence[float]) -> list[int]:
        """n of the places in `drawn`, rising; where too few are new, of the others the first.

        known: canonical SMILES of all molecules scored so far, in the order of their `scores`.
        """
        new: dict[str, int] = {}
        for place, item in enumerate(drawn):
            if item.canonical is not None and not item.broken and item.canonical not in known:
                new.setdefault(item.canonical, place)
        places = list(new.values())
        self.expectation = math.nan
        if len(scores) >= LEAST and new:
            mean, deviation = self.judged(list(new), list(known), scores)
            most = np.argsort(-(mean + deviation), kind="stable")[:n]
            places = [places[number] for number in most]
            self.expectation = float(mean[most].mean())
        taken = set(places)
        others = (place for place in range(len(drawn)) if place not in taken)
        return sorted([*places, *others][:n])

    def judged(self, molecules: list[str], known: list[str], scores: Sequence[float]) -> tuple[Floats, Floats]:
        """Mean [M] and standard deviation [M] of what molecules score, from the best known and the latest."""
        best = heapq.nlargest(BEST, range(len(scores)), key=scores.__getitem__)
        places = sorted({*best, *range(max(0, len(scores) - LATEST), len(scores))})
        held = [known[place] for place in places]
        self._look_at([*held, *molecules])
        rows, others = (np.stack([self._rows[smiles] for smiles in some]) for some in (held, molecules))
        earned = np.array([scores[place] for place in places])
        mean, deviation = posterior(likeness(rows, rows), likeness(others, rows), earned)
        return mean, deviation * others.any(1)  # nothing is hoped of one that could not be looked at

    def _look_at(self, molecules: list[str]) -> None:
        asked = [smiles for smiles in molecules if smiles not in self._rows]
        found = zip(asked, map(folded, self._scorer.surroundings(asked)), strict=True)
        rows = self._rows | dict(found)
        self._rows = {smiles: rows[smiles] for smiles in molecules}
