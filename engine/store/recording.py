"""The way of a metric row into the store: a buffer, a thread that commits it, rollups written as points arrive."""

import itertools
import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import numpy as np
import sqlalchemy as sa

from engine.store.database import Database
from engine.store.packing import SPANS, as_statistics, merge, pack, unpack
from engine.store.records import StaleAttempt, StoreError, UnknownRun
from engine.store.sparklines import update_sparkline
from engine.store.tables import METRIC_NAMES, METRICS, ROLLUPS, RUNS

COMMIT_SECONDS = 0.12  # from the first row in the buffer to its commit, while somebody reads what is committed
UNREAD_SECONDS = 0.5  # the same while nobody does: a commit costs as much for one row as for a hundred
READ_LATELY = 5.0  # seconds for which a reader counts as one
RETRY_SECONDS = 1.0  # between tries while the disk is full
BUFFER_ROWS = 100_000  # kept in memory while nothing can be written
MAX_NAMES = 512
RETURN = "return_mean"  # the metric behind last_return, best and the sparkline

Row = tuple[int, dict[str, float]]  # step, metrics

# Built once: building a statement costs more than running it.
_RUN = (
    sa.select(RUNS.c.run_key, RUNS.c.attempt, RUNS.c.best)
    .where(RUNS.c.run_id == sa.bindparam("run_id"))
    .with_for_update()
)
_NAMES = (
    sa.select(METRIC_NAMES.c.name)
    .where(METRIC_NAMES.c.run_key == sa.bindparam("run_key"))
    .order_by(METRIC_NAMES.c.position)
)
_ROWS = (
    sa.select(METRICS.c.step, METRICS.c.attempt, METRICS.c.packed)
    .where(METRICS.c.run_key == sa.bindparam("run_key"))
    .where(METRICS.c.step.between(sa.bindparam("low"), sa.bindparam("high")))
    .order_by(METRICS.c.step)
)


class MetricWriter:
    """Buffers rows of any number of runs and threads; a thread of its own commits them within 250 ms, or within 600 ms
    where this store's metrics were not read lately.

    A row that cannot be committed stays in the buffer, `problem` says why, and the thread tries again each second.
    Reads see committed rows only, so what was shown is on disk.
    """

    def __init__(self, database: Database) -> None:
        self.problem: StoreError | None = None
        self._database = database
        self._buffer: list[tuple[str, int, int, dict[str, float]]] = []
        self._attempts: dict[str, int] = {}
        self._changed = threading.Condition()
        self._committing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._read_at = -math.inf
        self._closed = threading.Event()

    def add(self, run_id: str, attempt: int, step: int, metrics: Mapping[str, float]) -> None:
        """Take one row. Raises StaleAttempt, UnknownRun, ValueError, or the problem once the buffer is at its limit."""
        if step < 0:
            raise ValueError(f"step is {step}; it must be 0 or larger")
        row = {name: float(value) for name, value in metrics.items()}
        self._check_attempt(run_id, attempt)
        with self._changed:
            if self._closed.is_set():
                raise StoreError("The store is closed; nothing can be recorded in it")
            if self.problem and len(self._buffer) >= BUFFER_ROWS:
                raise self.problem
            if not self._buffer:
                self._changed.notify()
            self._buffer.append((run_id, attempt, int(step), row))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()

    def begin(self, run_id: str, attempt: int) -> None:
        """From now on, rows of earlier attempts are refused."""
        with self._changed:
            self._attempts[run_id] = attempt

    def was_read(self) -> None:
        """Somebody read committed rows, and may want the next ones soon."""
        with self._changed:
            waits = self.pause > COMMIT_SECONDS
            self._read_at = monotonic()
            if waits:
                self._changed.notify()

    @property
    def pause(self) -> float:
        """Seconds from the first row in the buffer to the next try to commit."""
        if self.problem:
            return RETRY_SECONDS
        return COMMIT_SECONDS if monotonic() - self._read_at < READ_LATELY else UNREAD_SECONDS

    def flush(self) -> None:
        """Commit what is in the buffer now. Raises StoreError and keeps the rows if that fails."""
        with self._committing:
            with self._changed:
                batch, self._buffer = self._buffer, []
            if not batch:
                return
            try:
                attempts = commit_rows(self._database, batch)
            except BaseException as error:
                with self._changed:
                    self._buffer = batch + self._buffer
                    self._changed.notify()  # the thread may have gone to sleep on an empty buffer meanwhile
                    self.problem = (
                        error if isinstance(error, StoreError) else StoreError(f"Metrics were not written: {error!r}")
                    )
                raise
            with self._changed:
                self.problem = None
                self._attempts.update(attempts)

    def close(self) -> None:
        """Commit the rest and end the thread."""
        with self._changed:
            self._closed.set()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _check_attempt(self, run_id: str, attempt: int) -> None:
        current = self._attempts.get(run_id)
        if current is None:
            with self._database.read() as connection:
                current = connection.scalar(sa.select(RUNS.c.attempt).where(RUNS.c.run_id == run_id))
            if current is None:
                raise UnknownRun(f"There is no run {run_id}")
            self.begin(run_id, current)
        if attempt != current:
            raise StaleAttempt(f"Run {run_id} is at attempt {current}; attempt {attempt} can no longer write to it")

    def _run(self) -> None:
        while self._wait():
            with suppress(Exception):  # kept in `problem`, for the engine to see; the rows are still in the buffer
                self.flush()

    def _wait(self) -> bool:
        """Until the first row in the buffer has waited for what is a pause by then; False: nothing more will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._buffer or self._closed.is_set())
            since = monotonic()
            while not self._closed.is_set() and (left := since + self.pause - monotonic()) > 0:
                self._changed.wait(left)
            return not self._closed.is_set()


def commit_rows(database: Database, batch: Iterable[tuple[str, int, int, dict[str, float]]]) -> dict[str, int]:
    """Write rows (run_id, attempt, step, metrics), their rollups and the runs' progress in one transaction.

    Rows of deleted runs and of attempts that are not the current one are left out. Returns the current attempts.
    """
    runs: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for run_id, attempt, step, metrics in batch:
        runs[run_id][attempt].append((step, metrics))
    current = {}
    with database.write_rows() as connection:
        for run_id, attempts in runs.items():
            run = connection.execute(_RUN, {"run_id": run_id}).first()
            if run is None:
                continue
            current[run_id] = run.attempt
            if rows := attempts.get(run.attempt):
                _write_run(database, connection, run, rows)
    return current


def _write_run(database: Database, connection: sa.Connection, run: Any, rows: list[Row]) -> None:
    by_step = dict(rows)  # a step recorded twice: the last counts
    steps = sorted(by_step)
    names = metric_names(connection, run.run_key)
    known = set(names)
    new = list(dict.fromkeys(name for row in by_step.values() for name in row if name not in known))
    if len(names) + len(new) > MAX_NAMES:
        raise StoreError(f"A run has {len(names) + len(new)} metric names; at most {MAX_NAMES} are allowed")
    if new:
        positions = [
            {"run_key": run.run_key, "position": len(names) + index, "name": name} for index, name in enumerate(new)
        ]
        connection.execute(METRIC_NAMES.insert(), positions)
        names += new
    table = np.array([[by_step[step].get(name, math.nan) for name in names] for step in steps])
    connection.execute(
        database.upsert(METRICS),
        [
            {"run_key": run.run_key, "step": step, "attempt": run.attempt, "packed": packed}
            for step, packed in zip(steps, pack(table), strict=True)
        ],
    )
    summarise_steps(database, connection, run.run_key, names, steps)
    _write_progress(connection, run, rows[-1], [row.get(RETURN, math.nan) for _, row in rows])


def metric_names(connection: sa.Connection, run_key: int) -> list[str]:
    """The names of a run's packed columns, in their order."""
    return list(connection.scalars(_NAMES, {"run_key": run_key}))


def metric_rows(connection: sa.Connection, run_key: int, low: int, high: int) -> Sequence[Any]:
    """(step, attempt, packed) of the rows with low <= step <= high, in the order of their steps."""
    return connection.execute(_ROWS, {"run_key": run_key, "low": low, "high": high}).all()


def summarise_steps(
    database: Database, connection: sa.Connection, run_key: int, names: list[str], steps: list[int]
) -> None:
    """Write the rollups and the sparkline anew where these steps fall, from the rows that are there now."""
    coarse = SPANS[-1]
    column = names.index(RETURN) if RETURN in names else None
    returns: dict[int, float] = {}
    rollups: list[dict[str, Any]] = []
    for bucket, group in itertools.groupby(sorted(steps), key=lambda step: step // coarse):
        touched = list(group)
        rows = metric_rows(connection, run_key, bucket * coarse, (bucket + 1) * coarse - 1)
        stored = np.array([row.step for row in rows])
        values = np.full((coarse, len(names)), np.nan)
        values[stored - bucket * coarse] = unpack([row.packed for row in rows], len(names))[:, 0]
        if column is not None:
            returns.update(zip(stored.tolist(), values[stored - bucket * coarse, column].tolist(), strict=True))
        statistics, merged = as_statistics(values), 1
        for span in SPANS:
            statistics, merged = merge(statistics, span // merged), span
            packed = pack(statistics)
            for part in sorted({step // span for step in touched}):
                inside = np.flatnonzero(stored // span == part)
                first, last = rows[inside[0]], rows[inside[-1]]
                rollup = {"run_key": run_key, "span": span, "bucket": part, "attempt": last.attempt}
                rollup |= {"first_step": first.step, "last_step": last.step}
                rollups.append({**rollup, "packed": packed[part - bucket * coarse // span]})
    connection.execute(database.upsert(ROLLUPS), rollups)
    if column is not None:
        update_sparkline(database, connection, run_key, steps, returns, len(names), column)


def _write_progress(connection: sa.Connection, run: Any, last: Row, returns: list[float]) -> None:
    step, metrics = last
    progress: dict[str, Any] = {"iteration": step}
    for name, kind in (("env_steps", int), ("wall_s", float)):
        if math.isfinite(metrics.get(name, math.nan)):
            progress[name] = kind(metrics[name])
    measured = [value for value in returns if not math.isnan(value)]
    if measured:
        progress["last_return"] = measured[-1]
        progress["best"] = max([*measured, *([] if run.best is None else [run.best])])
    connection.execute(sa.update(RUNS).where(RUNS.c.run_key == run.run_key).values(progress))
