"""What hangs on a run beside its metrics: artifacts, checkpoints, events. Functions of an open transaction."""

import json
import time
from pathlib import Path

import sqlalchemy as sa

from engine.store.database import Database
from engine.store.records import Artifact, Checkpoint, Event, StaleAttempt, UnknownRun
from engine.store.tables import ARTIFACTS, CHECKPOINTS, EVENTS, RUNS

MAX_ARTIFACT_BYTES = 64 * 2**20


def write_artifact(
    database: Database,
    connection: sa.Connection,
    key: int,
    name: str,
    step: int,
    mime: str,
    body: bytes,
    keep: int,
) -> None:
    """Store a body under (name, step), and drop all but the `keep` newest of that name."""
    if len(body) > MAX_ARTIFACT_BYTES:
        raise ValueError(f"artifact {name} has {len(body):,} bytes; at most {MAX_ARTIFACT_BYTES:,} are allowed")
    if keep < 1:
        raise ValueError(f"keep is {keep}; it must be 1 or larger")
    values = {
        "run_key": key,
        "name": name,
        "step": step,
        "mime": mime,
        "size": len(body),
        "created_at": time.time(),
    }
    connection.execute(database.upsert(ARTIFACTS), {**values, "body": body})
    same = sa.and_(ARTIFACTS.c.run_key == key, ARTIFACTS.c.name == name)
    kept = sa.select(ARTIFACTS.c.step).where(same).order_by(ARTIFACTS.c.step.desc()).limit(keep)
    connection.execute(sa.delete(ARTIFACTS).where(same, ARTIFACTS.c.step.not_in(kept)))


def read_artifact(connection: sa.Connection, key: int, name: str, step: int | None) -> Artifact | None:
    query = sa.select(ARTIFACTS).where(ARTIFACTS.c.run_key == key, ARTIFACTS.c.name == name)
    if step is not None:
        query = query.where(ARTIFACTS.c.step == step)
    row = connection.execute(query.order_by(ARTIFACTS.c.step.desc()).limit(1)).first()
    return Artifact(row.name, row.step, row.mime, row.size, row.created_at, row.body) if row else None


def newest_step(connection: sa.Connection, key: int, name: str) -> int | None:
    query = sa.select(sa.func.max(ARTIFACTS.c.step)).where(ARTIFACTS.c.run_key == key, ARTIFACTS.c.name == name)
    return connection.scalar(query)


def list_artifacts(connection: sa.Connection, key: int) -> list[Artifact]:
    columns = (ARTIFACTS.c.name, ARTIFACTS.c.step, ARTIFACTS.c.mime, ARTIFACTS.c.size, ARTIFACTS.c.created_at)
    query = sa.select(*columns).where(ARTIFACTS.c.run_key == key).order_by(ARTIFACTS.c.name, ARTIFACTS.c.step)
    return [Artifact(*row) for row in connection.execute(query)]


def read_events(connection: sa.Connection, key: int, since: int) -> list[Event]:
    query = sa.select(EVENTS).where(EVENTS.c.run_key == key, EVENTS.c.event_id > since).order_by(EVENTS.c.event_id)
    return [
        Event(row.event_id, row.step, row.kind, row.at, json.loads(row.payload)) for row in connection.execute(query)
    ]


def write_checkpoint(
    database: Database,
    connection: sa.Connection,
    run_id: str,
    attempt: int,
    step: int,
    path: Path,
    sha256: str,
    size: int,
    is_best: bool,
    keep: int,
) -> None:
    """Make a checkpoint file known, and forget all but the `keep` newest and the best.

    A checkpoint beyond `step` is of an attempt that went further before this one began again: it is forgotten too,
    unless it is the best.
    """
    row = connection.execute(
        sa.select(RUNS.c.run_key, RUNS.c.attempt).where(RUNS.c.run_id == run_id).with_for_update()
    ).first()
    if row is None:
        raise UnknownRun(f"There is no run {run_id}")
    if row.attempt != attempt:
        raise StaleAttempt(f"Run {run_id} is at attempt {row.attempt}; attempt {attempt} can no longer write to it")
    own = CHECKPOINTS.c.run_key == row.run_key
    if is_best:
        connection.execute(sa.update(CHECKPOINTS).where(own).values(is_best=False))
    values = {"run_key": row.run_key, "step": step, "attempt": attempt, "path": _inside(database, path)}
    values |= {"sha256": sha256, "size": size, "is_best": is_best, "created_at": time.time()}
    connection.execute(database.upsert(CHECKPOINTS), values)
    connection.execute(sa.update(RUNS).where(RUNS.c.run_key == row.run_key).values(checkpoint_step=step))
    newest = sa.select(CHECKPOINTS.c.step).where(own, CHECKPOINTS.c.step <= step)
    newest = newest.order_by(CHECKPOINTS.c.step.desc()).limit(keep)
    connection.execute(
        sa.delete(CHECKPOINTS).where(own, CHECKPOINTS.c.is_best.is_(False), CHECKPOINTS.c.step.not_in(newest))
    )


def read_checkpoints(database: Database, connection: sa.Connection, key: int) -> list[Checkpoint]:
    """The one to go on from first: a later attempt's before an earlier one's, then by step."""
    query = sa.select(CHECKPOINTS).where(CHECKPOINTS.c.run_key == key)
    query = query.order_by(CHECKPOINTS.c.attempt.desc(), CHECKPOINTS.c.step.desc())
    folder = database.path.parent if database.path else Path()
    return [
        Checkpoint(row.step, row.attempt, folder / row.path, row.sha256, row.size, row.is_best, row.created_at)
        for row in connection.execute(query)
    ]


def _inside(database: Database, path: Path) -> str:
    """Relative to the store's folder where it lies inside, so that a folder that was moved still works."""
    absolute = Path(path).absolute()
    if database.path and absolute.is_relative_to(database.path.parent):
        return str(absolute.relative_to(database.path.parent))
    return str(absolute)
