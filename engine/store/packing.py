"""Metric rows as bytes, and what a group of rows amounts to: pure functions of arrays.

A statistic of k metrics is [5, k]: minimum, maximum, mean, count (of values that are not NaN), and rising (1 if the
minimum came at or before the maximum). NaN is "not measured" and counts nowhere.
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

MINIMUM, MAXIMUM, MEAN, COUNT, RISING = range(5)
STATISTICS = 5
SPANS = (16, 256)  # steps per rollup bucket, finest first


def pack(rows: np.ndarray) -> list[bytes]:
    """[n, ...] -> n strings of little-endian float64."""
    raw = np.ascontiguousarray(rows, dtype="<f8").tobytes()
    size = len(raw) // max(len(rows), 1)
    return [raw[start : start + size] for start in range(0, len(raw), size)] if size else [b""] * len(rows)


def unpack(blobs: Sequence[bytes], columns: int, leading: int = 1) -> np.ndarray:
    """n strings of float64 -> [n, leading, columns], NaN in columns that the older, shorter rows don't have."""
    table = np.full((len(blobs), leading, columns), np.nan)
    start = 0
    for size, group in groupby(blobs, key=len):
        raw = b"".join(group)
        count = len(raw) // size if size else 0
        rows = np.frombuffer(raw, dtype="<f8").reshape(count, leading, -1)
        table[start : start + count, :, : rows.shape[2]] = rows[:, :, :columns]
        start += count
    return table


def as_statistics(rows: np.ndarray) -> np.ndarray:
    """[n, k] rows -> [n, 5, k]: each row is its own minimum, maximum and mean."""
    return np.stack([rows, rows, rows, ~np.isnan(rows), np.ones_like(rows)], axis=1)


def merge(statistics: np.ndarray, size: int) -> np.ndarray:
    """Merge each `size` neighbours of [n, 5, k] into one: [ceil(n / size), 5, k]."""
    count, _, columns = statistics.shape
    groups = -(-count // size)
    padded = np.full((groups * size, STATISTICS, columns), np.nan)
    padded[:count] = statistics
    grouped = padded.reshape(groups, size, STATISTICS, columns)
    low, high, mean, counts, rising = (grouped[:, :, row] for row in range(STATISTICS))
    total = np.nansum(counts, axis=1)
    where_low = np.where(np.isnan(low), np.inf, low).argmin(axis=1)
    where_high = np.where(np.isnan(high), -np.inf, high).argmax(axis=1)
    inside = np.take_along_axis(rising, where_low[:, None], axis=1)[:, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(np.where(counts > 0, mean * counts, 0.0), axis=1) / total
    merged = np.empty((groups, STATISTICS, columns))
    merged[:, MINIMUM] = np.fmin.reduce(low, axis=1)
    merged[:, MAXIMUM] = np.fmax.reduce(high, axis=1)
    merged[:, MEAN] = means
    merged[:, COUNT] = total
    merged[:, RISING] = np.where(where_low == where_high, inside, where_low < where_high)
    return merged


def thin(statistics: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw each group as two rows that keep its extremes: (steps [m], rows [m, k], group of each row [m]).

    The extreme that came first stands at the group's first step, the other at its last, so that a falling metric is
    drawn falling. A group of one step is one row.
    """
    rising = statistics[:, RISING] > 0
    low, high = statistics[:, MINIMUM], statistics[:, MAXIMUM]
    early, late = np.where(rising, low, high), np.where(rising, high, low)
    steps = np.stack([first, last], axis=1).reshape(-1)
    rows = np.stack([early, late], axis=1).reshape(-1, statistics.shape[2])
    groups = np.repeat(np.arange(len(first)), 2)
    keep = np.ones(len(steps), dtype=bool)
    keep[1::2] = first != last
    return steps[keep], rows[keep], groups[keep]
