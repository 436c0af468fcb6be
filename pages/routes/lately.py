"""What every open tab asks several times a second, read once for all of them: a run's newest rows, and what it is."""

import threading
from typing import Any, NamedTuple

from engine.store import MetricTable, Store
from pages.routes.runs import described

TAIL = 64  # iterations; a tab asks for what a quarter of a second brought
MAX_RUNS = 64


class Tail(NamedTuple):
    """The newest rows of a run as they stood when the store had this version; all of its rows after step `since`."""

    version: int
    since: int
    table: MetricTable


_reading = threading.Lock()  # those who ask meanwhile wait for the one answer
_described: dict[tuple[int, str], tuple[int, dict[str, Any]]] = {}
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
        version, known = store.version, _described.get(key)
        if known is not None and known[0] == version:
            return known[1]
        newest = store.newest_step(run_id, "picture")
        run = {**described(store, run_id), "picture_step": newest}
        _described[key] = (version, run)
        _forget(_described)
    return run


def _forget(known: dict) -> None:
    """The oldest of too many; a dict keeps the order in which its keys came."""
    while len(known) > MAX_RUNS:
        del known[next(iter(known))]
