"""Scores over few seeds summed up as rliable does: interquartile mean, stratified bootstrap (Agarwal et al. 2021)."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 20_000


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """The mean of the middle half of the last axis: a quarter of the scores, rounded down, is cut off at each end."""
    ordered = np.sort(scores, axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(-1)


def bootstrap_interval(strata: Sequence[np.ndarray], seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval of the interquartile mean over all scores of `strata` (one array for each task).

    Seeds are drawn with replacement within each task by itself, as often as it has seeds.
    """
    random = np.random.default_rng(seed)
    drawn = [scores[random.integers(0, len(scores), (RESAMPLES, len(scores)))] for scores in strata]
    low, high = np.percentile(interquartile_mean(np.concatenate(drawn, axis=1)), [2.5, 97.5])
    return float(low), float(high)
