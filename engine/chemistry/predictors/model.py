"""The predictor itself: kernel ridge regression, all of it plain arrays.

k(a, b) = w Tanimoto(counts of a, b) + (1 - w) exp(-|d_a - d_b|^2 / (2 * 8)), d the standardised descriptors; the
prediction is mean + sum_i c_i k(x, x_i) with c = (K + alpha I)^-1 (y - mean). (Rasmussen and Williams 2006, ch. 2)
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

SHARE_OF_COUNTS = 0.6
Features = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Predictor:
    """Learned from n molecules with K different keys in all.

    columns [K] int64, sorted keys; starts [K + 1] and rows [...] int32: which molecules have each key; totals [n]:
    keys of each molecule; descriptors [n, 8] standardised by centre and scale [8]; coefficients [n]; mean [1].
    """

    columns: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    totals: np.ndarray
    descriptors: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    mean: np.ndarray

    def similarity(self, keys: np.ndarray) -> np.ndarray:
        """Tanimoto on counts with each molecule learned from, [n]."""
        shared = np.zeros(len(self.totals))
        places = np.searchsorted(self.columns, keys)
        for place, key in zip(places, keys, strict=True):
            if place < len(self.columns) and self.columns[place] == key:
                shared[self.rows[self.starts[place] : self.starts[place + 1]]] += 1
        return shared / np.maximum(1.0, self.totals + len(keys) - shared)

    def predict(self, seen: Features) -> tuple[float, float]:
        """(the prediction, similarity to the nearest molecule learned from, 0 to 1)."""
        similarity = self.similarity(seen[0])
        kernel = _mixed(similarity, self.descriptors - (seen[1] - self.centre) / self.scale)
        return float(self.mean[0] + kernel @ self.coefficients), float(similarity.max())

    def arrays(self) -> dict[str, np.ndarray]:
        return {field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)}


def _mixed(similarity: np.ndarray, apart: np.ndarray) -> np.ndarray:
    near = np.exp(-(apart**2).sum(-1) / (2.0 * apart.shape[-1]))
    return SHARE_OF_COUNTS * similarity + (1.0 - SHARE_OF_COUNTS) * near


def unfitted(molecules: Sequence[Features]) -> Predictor:
    """A predictor that knows its molecules, and predicts 0 for all."""
    totals = np.array([len(keys) for keys, _ in molecules], np.float64)
    keys = np.concatenate([keys for keys, _ in molecules])
    owners = np.repeat(np.arange(len(molecules), dtype=np.int32), totals.astype(np.int64))
    order = np.argsort(keys, kind="stable")
    columns, first = np.unique(keys[order], return_index=True)
    raw = np.array([descriptors for _, descriptors in molecules])
    centre, scale = raw.mean(0), raw.std(0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    return Predictor(
        columns,
        np.append(first, len(keys)).astype(np.int32),
        owners[order],
        totals,
        (raw - centre) / scale,
        centre,
        scale,
        np.zeros(len(molecules)),
        np.zeros(1),
    )


def kernel(model: Predictor, molecules: Sequence[Features]) -> np.ndarray:
    """k of each of the molecules with each that the model knows, [m, n]."""
    return np.array(
        [
            _mixed(model.similarity(keys), model.descriptors - (descriptors - model.centre) / model.scale)
            for keys, descriptors in molecules
        ]
    )
