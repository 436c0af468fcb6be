"""Runs in the store: making, finding, changing state, deleting. Functions of an open transaction."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from engine.store.database import Database
from engine.store.packing import SPANS
from engine.store.recording import metric_names, metric_rows, summarise_steps
from engine.store.records import (
    ENDED_STATES,
    LIVE_STATES,
    STATES,
    RunRecord,
    StaleAttempt,
    StoreError,
    UnknownRun,
)
from engine.store.sparklines import cut_sparkline
from engine.store.tables import BELONGING_TO_RUNS, EVENTS, METRICS, ROLLUPS, RUNS

ORPHANED = "The program ended while this run was training. Resume goes on from where it was last kept."
NEVER_BEGAN = "The app ended before this run's turn came. Resume starts it."
ORPHANS = {"training": ORPHANED, "queued": NEVER_BEGAN}  # by the state that nobody lives up to any more

# How a config, which is compact JSON, begins to say what is learned; a search looks at what follows.
TASK_STARTS = ('"env_id":"', '"map":"', '"objective":"')

_FIELDS = [field.name for field in fields(RunRecord)]
_RECORDS = sa.select(*(RUNS.c[name] for name in _FIELDS))


@dataclass(frozen=True)
class Filter:
    """Which runs: search matches name, id, task, algorithm, tags, notes; the others are equal to the column."""

    search: str | None = None
    state: str | None = None
    task: str | None = None
    algorithm: str | None = None
    group_id: str | None = None
    deleted: bool = False


def insert_run(
    connection: sa.Connection,
    config_json: str,
    name: str,
    task: str,
    algorithm: str,
    seed: int,
    group_id: str | None,
) -> str:
    """A new run in state queued; returns its id, 12 random hex digits."""
    config = json.loads(config_json)
    if not isinstance(config, dict):
        raise ValueError("A run's config must be a JSON object")
    run_id = secrets.token_hex(6)
    values: dict[str, Any] = {"run_id": run_id, "group_id": group_id, "name": name, "config": config_json, "task": task}
    values |= {"algorithm": algorithm, "seed": seed, "state": "queued", "budget": config.get("budget")}
    connection.execute(RUNS.insert().values(**values, created_at=time.time()))
    return run_id


def run_key(connection: sa.Connection, run_id: str) -> int:
    key = connection.scalar(sa.select(RUNS.c.run_key).where(RUNS.c.run_id == str(run_id)))
    if key is None:
        raise UnknownRun(f"There is no run {str(run_id)[:40]!r}")
    return key


def read_run(connection: sa.Connection, run_id: str, owned: bool) -> RunRecord:
    row = connection.execute(_RECORDS.where(RUNS.c.run_id == str(run_id))).first()
    if row is None:
        raise UnknownRun(f"There is no run {str(run_id)[:40]!r}")
    return as_record(row, owned)


def read_runs(connection: sa.Connection, which: Filter, limit: int, offset: int, owned: bool) -> list[RunRecord]:
    """Newest first."""
    query = _RECORDS.where(*_conditions(which, owned)).order_by(RUNS.c.run_key.desc())
    return [as_record(row, owned) for row in connection.execute(query.limit(limit).offset(offset)).all()]


def read_runs_beginning(connection: sa.Connection, beginning: str, owned: bool) -> list[RunRecord]:
    """Newest first; ids are compared in lower case, as they are."""
    named = RUNS.c.run_id.startswith(beginning, autoescape=True)
    query = _RECORDS.where(named, *_conditions(Filter(), owned)).order_by(RUNS.c.run_key.desc())
    return [as_record(row, owned) for row in connection.execute(query).all()]


def count_runs(connection: sa.Connection, which: Filter, owned: bool) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(RUNS).where(*_conditions(which, owned))) or 0


def _conditions(which: Filter, owned: bool) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        RUNS.c.deleted_at.is_not(None) if which.deleted else RUNS.c.deleted_at.is_(None)
    ]
    for column, value in ((RUNS.c.task, which.task), (RUNS.c.algorithm, which.algorithm)):
        if value is not None:
            conditions.append(column == value)
    if which.group_id is not None:
        conditions.append(RUNS.c.group_id == which.group_id)
    if which.state is not None:
        states = [which.state] if owned or which.state not in LIVE_STATES else []
        if not owned and which.state == "interrupted":
            states += LIVE_STATES
        conditions.append(RUNS.c.state.in_(states))
    searched = (RUNS.c.name, RUNS.c.run_id, RUNS.c.task, RUNS.c.algorithm, RUNS.c.tags, RUNS.c.notes)
    for word in (which.search or "").split():
        places = [column.icontains(word, autoescape=True) for column in searched]
        places += [RUNS.c.config.icontains(start + word, autoescape=True) for start in TASK_STARTS]
        conditions.append(sa.or_(*places))
    return conditions


def as_record(row: Any, owned: bool) -> RunRecord:
    """A row of _RECORDS. owned: an engine holds the store; without one nobody trains, whatever the row says."""
    values = dict(zip(_FIELDS, row, strict=True))
    values["config"] = json.loads(values["config"])
    values["tags"] = tuple(json.loads(values["tags"])) if values["tags"] != "[]" else ()
    values["result"] = json.loads(values["result"]) if values["result"] else None
    if not owned and values["state"] in LIVE_STATES:
        values |= {"state": "interrupted", "message": ORPHANS[values["state"]]}
    return RunRecord(**values)


def change_state(
    database: Database,
    connection: sa.Connection,
    run_id: str,
    state: str,
    message: str | None,
    details: str | None,
    result: Mapping[str, Any] | None,
    attempt: int | None,
) -> None:
    if state not in STATES:
        raise ValueError(f"state is {state!r}; it must be one of {', '.join(STATES)}")
    row = connection.execute(sa.select(RUNS).where(RUNS.c.run_id == run_id).with_for_update()).first()
    if row is None:
        raise UnknownRun(f"There is no run {str(run_id)[:40]!r}")
    if attempt is not None and attempt != row.attempt:
        raise StaleAttempt(f"Run {run_id} is at attempt {row.attempt}; attempt {attempt} can no longer change it")
    now = time.time()
    values: dict[str, Any] = {"state": state, "message": message, "details": details}
    if result is not None:
        values["result"] = json.dumps(result)
    if state == "training" and row.started_at is None:
        values["started_at"] = now
    values["ended_at"] = now if state in ENDED_STATES else None
    connection.execute(sa.update(RUNS).where(RUNS.c.run_key == row.run_key).values(values))
    insert_event(connection, row.run_key, row.iteration, "state", {"state": state, "message": message})
    if state == "finished":
        _drop_overtaken(database, connection, row)


def _drop_overtaken(database: Database, connection: sa.Connection, row: Any) -> None:
    """Remove what an earlier attempt recorded beyond the end of the attempt that finished.

    An attempt killed at step 97 goes on from its checkpoint at 90, and writes 91 to 97 again; if it then ends at 95
    (a setting was changed), 96 and 97 never were steps of this run.
    """
    beyond = sa.and_(METRICS.c.run_key == row.run_key, METRICS.c.step > row.iteration, METRICS.c.attempt < row.attempt)
    if not connection.execute(sa.delete(METRICS).where(beyond)).rowcount:
        return
    connection.execute(sa.delete(ROLLUPS).where(ROLLUPS.c.run_key == row.run_key, ROLLUPS.c.last_step > row.iteration))
    cut_sparkline(connection, row.run_key, row.iteration)
    start = row.iteration // SPANS[-1] * SPANS[-1]
    steps = [left.step for left in metric_rows(connection, row.run_key, start, row.iteration)]
    if steps:
        summarise_steps(database, connection, row.run_key, metric_names(connection, row.run_key), steps)


def begin_attempt(connection: sa.Connection, run_id: str) -> int:
    query = sa.select(RUNS.c.run_key, RUNS.c.attempt).where(RUNS.c.run_id == run_id).with_for_update()
    row = connection.execute(query).first()
    if row is None:
        raise UnknownRun(f"There is no run {str(run_id)[:40]!r}")
    connection.execute(sa.update(RUNS).where(RUNS.c.run_key == row.run_key).values(attempt=row.attempt + 1))
    return row.attempt + 1


def interrupt_orphans(connection: sa.Connection) -> list[str]:
    """Every run in a live state becomes interrupted; returns their ids, oldest first."""
    rows = connection.execute(
        sa.select(RUNS.c.run_id, RUNS.c.run_key, RUNS.c.iteration, RUNS.c.state)
        .where(RUNS.c.state.in_(LIVE_STATES))
        .order_by(RUNS.c.run_key)
    ).all()
    for row in rows:
        message = ORPHANS[row.state]
        values = {"state": "interrupted", "message": message, "ended_at": time.time()}
        connection.execute(sa.update(RUNS).where(RUNS.c.run_key == row.run_key).values(values))
        insert_event(connection, row.run_key, row.iteration, "state", {"state": "interrupted", "message": message})
    return [row.run_id for row in rows]


def insert_event(connection: sa.Connection, key: int, step: int, kind: str, payload: Mapping[str, Any]) -> None:
    values = {"run_key": key, "step": step, "kind": kind, "at": time.time(), "payload": json.dumps(payload)}
    connection.execute(EVENTS.insert().values(values))


def mark_deleted(connection: sa.Connection, run_id: str, deleted: bool) -> None:
    row = connection.execute(sa.select(RUNS.c.run_key, RUNS.c.state).where(RUNS.c.run_id == run_id)).first()
    if row is None:
        raise UnknownRun(f"There is no run {str(run_id)[:40]!r}")
    if deleted and row.state in LIVE_STATES:
        raise StoreError(f"Run {run_id} is {row.state}; stop it before deleting it")
    at = time.time() if deleted else None
    connection.execute(sa.update(RUNS).where(RUNS.c.run_key == row.run_key).values(deleted_at=at))


def purge_deleted(connection: sa.Connection, older_than_s: float) -> list[str]:
    """Remove runs deleted at least so long ago, with all that belongs to them; returns their ids."""
    rows = connection.execute(
        sa.select(RUNS.c.run_key, RUNS.c.run_id).where(RUNS.c.deleted_at <= time.time() - older_than_s)
    ).all()
    for row in rows:
        for table in (*BELONGING_TO_RUNS, RUNS):
            connection.execute(sa.delete(table).where(table.c.run_key == row.run_key))
    return [row.run_id for row in rows]


def write_notes(
    connection: sa.Connection, run_id: str, name: str | None, tags: Sequence[str] | None, notes: str | None
) -> None:
    key = run_key(connection, run_id)
    values: dict[str, Any] = {"name": name, "notes": notes}
    values["tags"] = None if tags is None else json.dumps(list(dict.fromkeys(tags)), ensure_ascii=False)
    changed = {column: value for column, value in values.items() if value is not None}
    if changed:
        connection.execute(sa.update(RUNS).where(RUNS.c.run_key == key).values(changed))
