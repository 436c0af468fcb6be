"""The small return curve of each run in lists: at most 80 numbers, kept up to date as points arrive."""

import functools
import math

import numpy as np
import sqlalchemy as sa

from engine.store.database import Database
from engine.store.packing import COUNT, MEAN, SPANS, STATISTICS, unpack
from engine.store.tables import ROLLUPS, RUNS, SPARKLINES

CAPACITY = 80  # means over `stride` steps each; the stride doubles when they would be more


def update_sparkline(
    database: Database,
    connection: sa.Connection,
    run_key: int,
    steps: list[int],
    returns: dict[int, float],
    columns: int,
    column: int,
) -> None:
    """Compute anew the means that hold these steps.

    returns: the return at each step of every coarse rollup bucket touched. column: where the return is among the
    `columns` of the run's rollups, which must be written already.
    """
    row = connection.execute(
        sa.select(SPARKLINES.c.stride, SPARKLINES.c.packed).where(SPARKLINES.c.run_key == run_key)
    ).first()
    stride = row.stride if row else 1
    means = np.frombuffer(row.packed, dtype="<f4").astype(float) if row else np.empty(0)
    while steps[-1] // stride >= CAPACITY:
        stride *= 2
        means = _halved(means)
    curve = np.full(max(len(means), steps[-1] // stride + 1), np.nan)
    curve[: len(means)] = means
    for position in sorted({step // stride for step in steps}):
        first, last = position * stride, (position + 1) * stride
        if stride <= SPANS[-1]:
            inside = [returns[step] for step in range(first, last) if math.isfinite(returns.get(step, math.nan))]
            curve[position] = sum(inside) / len(inside) if inside else math.nan
        else:
            curve[position] = _mean_of_rollups(connection, run_key, first, last, columns, column)
    values = {"run_key": run_key, "stride": stride, "packed": curve.astype("<f4").tobytes()}
    connection.execute(database.upsert(SPARKLINES), values)


def _mean_of_rollups(
    connection: sa.Connection, run_key: int, first: int, last: int, columns: int, column: int
) -> float:
    """The mean return over the steps in [first, last), which are whole coarse buckets; NaN if there is none."""
    span = SPANS[-1]
    blobs = connection.scalars(
        sa.select(ROLLUPS.c.packed).where(
            ROLLUPS.c.run_key == run_key,
            ROLLUPS.c.span == span,
            ROLLUPS.c.bucket >= first // span,
            ROLLUPS.c.bucket < last // span,
        )
    ).all()
    statistics = unpack(blobs, columns, STATISTICS)[:, :, column]
    statistics = statistics[statistics[:, COUNT] > 0]
    return float(np.average(statistics[:, MEAN], weights=statistics[:, COUNT])) if len(statistics) else math.nan


def _halved(means: np.ndarray) -> np.ndarray:
    padded = np.append(means, [np.nan] * (len(means) % 2)).reshape(-1, 2)
    low, high = padded[:, 0], padded[:, 1]
    return np.where(np.isnan(low), high, np.where(np.isnan(high), low, (low + high) / 2))


def cut_sparkline(connection: sa.Connection, run_key: int, last_step: int) -> None:
    """Forget what lies beyond a step; the stretch that holds it is to be computed anew."""
    row = connection.execute(sa.select(SPARKLINES).where(SPARKLINES.c.run_key == run_key)).first()
    if row is not None:
        packed = row.packed[: 4 * (last_step // row.stride + 1)]
        connection.execute(sa.update(SPARKLINES).where(SPARKLINES.c.run_key == run_key).values(packed=packed))


def read_sparklines(connection: sa.Connection, run_ids: list[str], points: int) -> dict[str, list[float]]:
    """At most `points` finite numbers per run, oldest first; an empty list for a run without a return yet."""
    query = sa.select(RUNS.c.run_id, SPARKLINES.c.packed).join(SPARKLINES, SPARKLINES.c.run_key == RUNS.c.run_key)
    curves: dict[str, list[float]] = {run_id: [] for run_id in run_ids}
    for start in range(0, len(run_ids), 500):
        rows = connection.execute(query.where(RUNS.c.run_id.in_(run_ids[start : start + 500]))).all()
        for run_id, packed in rows:
            means = np.frombuffer(packed, dtype="<f4")
            means = means[np.isfinite(means)]
            if len(means) > points:
                edges, sizes = _stretches(len(means), points)
                means = np.add.reduceat(means, edges, dtype=float) / sizes
            curves[run_id] = means.tolist()
    return curves


@functools.cache
def _stretches(count: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Where `points` stretches of `count` numbers begin, and how long each is."""
    edges = np.arange(points) * count // points
    return edges, np.diff(edges, append=count)
