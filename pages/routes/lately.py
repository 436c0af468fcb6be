"""What every open tab asks several times a second, read once for all of them: a run's newest rows, and what it is."""

import threading
import time
from typing import Any, NamedTuple

from engine.store import MetricTable, Store
from pages.routes.runs import described, progress

SENTENCE_S = 1.0  # what a run's rows say in words need not be newer than this
TAIL = 64  # iterations; a tab asks for what a quarter of a second brought
MAX_RUNS = 64


class Tail(NamedTuple):
    """The newest rows of a run as they stood when the store had this version; all of its rows after step `since`."""

    version: int
    since: int
    table: MetricTable


class Description(NamedTuple):
    """A run as it stood at this version of the store; its sentence and alarm as of `told` on the monotonic clock."""

    version: int
    besides_rows: int
    told: float
    run: dict[str, Any]


_reading = threading.Lock()  # those who ask meanwhile wait for the one answer
_described: dict[tuple[int, str], Description] = {}
_tails: dict[tuple[int, str], Tail] = {}


def newest_rows(store: Store, run_id: str, since: int, max_rows: int) -> MetricTable:
    """store.metrics(run_id, since=since, max_rows=max_rows), shared by tabs that have nearly everything already."""
    key = (id(store), run_id)
    with _reading:
        tail = _tails.get(key)
        if tail is None or tail.version != store.version:
            tail = _tails[key] = _tail(store, run_id, tail)
            _forget(_tails)
    new = tail.table.steps > since
    if since < tail.since or tail.table.thinned or new.sum() > max_rows:
        return store.metrics(run_id, since=since, max_rows=max_rows)
    rows = tail.table.steps[new], tail.table.values[new], tail.table.attempts[new]
    return MetricTable(tail.table.names, *rows, tail.table.last_step)


def _tail(store: Store, run_id: str, before: Tail | None) -> Tail:
    version = store.version
    since = max(0, before.table.last_step - TAIL // 2) if before is not None else store.get_run(run_id).iteration
    return Tail(version, since, store.metrics(run_id, since=since, max_rows=10 * TAIL))


def newest_description(store: Store, run_id: str) -> dict[str, Any]:
    """A run as `described` has it, with its newest picture's step. Raises UnknownRun."""
    key = (id(store), run_id)
    with _reading:
        known = _described.get(key)
        if known is None or known.version != store.version:
            known = _described[key] = _description(store, run_id, known)
            _forget(_described)
    return known.run


def _description(store: Store, run_id: str, before: Description | None) -> Description:
    """Told anew where more than rows came or it is long ago; else only its progress is."""
    version, besides_rows, now = store.version, store.version_besides_rows, time.monotonic()
    if before is not None and before.besides_rows == besides_rows and now - before.told < SENTENCE_S:
        return before._replace(version=version, run={**before.run, **progress(store.get_run(run_id))})
    run = {**described(store, run_id), "picture_step": store.newest_step(run_id, "picture")}
    return Description(version, besides_rows, now, run)


def _forget(known: dict) -> None:
    """The oldest of too many; a dict keeps the order in which its keys came."""
    while len(known) > MAX_RUNS:
        del known[next(iter(known))]
