"""Reading metric rows: as they were recorded, or thinned from the rollups with their extremes kept."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from engine.store.packing import MEAN, SPANS, STATISTICS, as_statistics, merge, thin, unpack
from engine.store.recording import metric_names, metric_rows
from engine.store.records import MetricTable
from engine.store.tables import METRICS, ROLLUPS

# Statistics of some groups of steps: [n, 5, k], first step [n], last step [n], attempt [n].
Groups = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def read_metrics(
    connection: sa.Connection,
    run_key: int,
    since: int,
    until: int | None,
    max_rows: int | None,
    wanted: Sequence[str] | None,
) -> MetricTable:
    """Rows with since < step <= until; if they are more than max_rows, groups of them (see MetricTable.thinned)."""
    names = metric_names(connection, run_key)
    last_step = connection.scalar(sa.select(sa.func.max(METRICS.c.step)).where(METRICS.c.run_key == run_key)) or 0
    columns = len(names)
    low, high = since + 1, last_step if until is None else min(until, last_step)
    first_step = connection.scalar(
        sa.select(sa.func.min(METRICS.c.step)).where(METRICS.c.run_key == run_key, METRICS.c.step >= low)
    )
    low = first_step if first_step is not None else low
    count = max(high - low + 1, 0)
    means = None
    if max_rows is not None and count > max_rows:
        groups = max(max_rows // 2, 1)
        span = next((span for span in reversed(SPANS) if count // span >= groups), None)
        if span is None:
            rows, steps, attempts = _rows(connection, run_key, columns, low, high)
            parts = as_statistics(rows), steps, steps, attempts
        else:
            parts = _rollups_with_edges(connection, run_key, columns, span, low, high, last_step)
        steps, values, means, attempts = _thinned(parts, groups)
    else:
        values, steps, attempts = _rows(connection, run_key, columns, low, high)
    kept = [index for index, name in enumerate(names) if wanted is None or name in wanted]
    names = [names[index] for index in kept]
    if means is None:
        return MetricTable(names, steps, values[:, kept], attempts, last_step)
    return MetricTable(names, steps, values[:, kept], attempts, last_step, True, means[:, kept])


def _thinned(parts: Groups, groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """At most so many groups as rows: (steps [m], their extremes [m, k], their means [m, k], attempts [m])."""
    statistics, first, last, attempts = parts
    size = max(-(-len(first) // groups), 1)
    starts = np.arange(0, len(first), size)
    ends = np.minimum(starts + size, len(first)) - 1
    merged = merge(statistics, size)
    steps, values, group = thin(merged, first[starts], last[ends])
    return steps, values, merged[group, MEAN], attempts[ends][group]


def _rows(
    connection: sa.Connection, run_key: int, columns: int, low: int, high: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows with low <= step <= high: (values [n, k], steps [n], attempts [n])."""
    rows = metric_rows(connection, run_key, low, high)
    steps = np.array([row[0] for row in rows], dtype=np.int64)
    attempts = np.array([row[1] for row in rows], dtype=np.int64)
    return unpack([row[2] for row in rows], columns)[:, 0], steps, attempts


def _rollups_with_edges(
    connection: sa.Connection, run_key: int, columns: int, span: int, low: int, high: int, last_step: int
) -> Groups:
    """Whole buckets from the rollups; the cut ones at both ends from the rows in them."""
    first_bucket = -(-low // span)
    end_bucket = last_step // span + 1 if high == last_step else (high + 1) // span
    query = sa.select(ROLLUPS).where(
        ROLLUPS.c.run_key == run_key,
        ROLLUPS.c.span == span,
        ROLLUPS.c.bucket >= first_bucket,
        ROLLUPS.c.bucket < end_bucket,
    )
    rows = connection.execute(query.order_by(ROLLUPS.c.bucket)).all()
    whole = (
        unpack([row.packed for row in rows], columns, STATISTICS),
        np.array([row.first_step for row in rows], dtype=np.int64),
        np.array([row.last_step for row in rows], dtype=np.int64),
        np.array([row.attempt for row in rows], dtype=np.int64),
    )
    parts = [whole]
    if low < first_bucket * span:
        parts.insert(0, _edge(connection, run_key, columns, low, min(first_bucket * span - 1, high)))
    if high != last_step and high >= end_bucket * span:
        parts.append(_edge(connection, run_key, columns, max(end_bucket * span, low), high))
    statistics, first, last, attempts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return statistics, first, last, attempts


def _edge(connection: sa.Connection, run_key: int, columns: int, low: int, high: int) -> Groups:
    """The rows with low <= step <= high as one group, or none if there are none."""
    values, steps, attempts = _rows(connection, run_key, columns, low, high)
    return merge(as_statistics(values), max(len(steps), 1)), steps[:1], steps[-1:], attempts[-1:]
