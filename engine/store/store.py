"""The Store: every question to the database is a method here, and one transaction."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from engine.store import attachments, runs
from engine.store.claim import Claim
from engine.store.database import Database, open_database
from engine.store.reading import read_metrics
from engine.store.recording import MetricWriter
from engine.store.records import Artifact, Checkpoint, Event, MetricTable, RunRecord, StoreError
from engine.store.runs import Filter
from engine.store.sparklines import read_sparklines


def open_store(path_or_url: str | Path, create: bool = True) -> "Store":
    """Open the store in an SQLite file (made where there is none, if create) or at an SQLAlchemy URL.

    Raises StoreError with a sentence: no such store, not a store, damaged, of a newer Uphill, not accessible.
    """
    return Store(open_database(path_or_url, create))


class Store:
    """See engine.store for the contract: threads, processes, what is committed when, and who may write what."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writer = MetricWriter(database)
        self._claim = Claim(database.path) if database.path else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is buffered, give up the claim, close the connections. Raises StoreError if rows were lost."""
        try:
            self._writer.close()
        finally:
            if self._claim:
                self._claim.release()
            self.database.close()

    # Ownership

    @property
    def path(self) -> Path | None:
        """The SQLite file, None for another database."""
        return self.database.path

    def claim(self) -> None:
        """Become the one engine of this store until close(). Raises StoreInUse with the pid of the one there is."""
        if self._claim is None:
            raise StoreError(f"An engine can own an SQLite store only, not {self.database.shown}")
        self._claim.take(os.getpid())

    def owner_alive(self) -> bool:
        """Does an engine hold this store, here or in another process? At most 1 s old."""
        return self._claim is None or self._claim.owner_alive()

    def owner_pid(self) -> int | None:
        """The process id of the engine that holds the store, None if nobody does."""
        return self._claim.owner_pid() if self._claim and self.owner_alive() else None

    def recover(self) -> list[str]:
        """After claim(), before any run starts: runs left queued or training become interrupted; their ids."""
        if self._claim is not None and not self._claim.held:
            raise StoreError("recover() is for the engine that claimed the store")
        with self.database.write(durable=True) as connection:
            return runs.interrupt_orphans(connection)

    # Runs

    def create_run(
        self, config_json: str, name: str, task: str, algorithm: str, seed: int, group_id: str | None = None
    ) -> str:
        """A new run in state queued; returns its id, 12 random hex digits. Durable when it returns."""
        with self.database.write(durable=True) as connection:
            return runs.insert_run(connection, config_json, name, task, algorithm, seed, group_id)

    def get_run(self, run_id: str) -> RunRecord:
        """Raises UnknownRun. A deleted run is still there (deleted_at) until it is purged."""
        owned = self.owner_alive()
        with self.database.read() as connection:
            return runs.read_run(connection, run_id, owned)

    def runs(
        self,
        search: str | None = None,
        state: str | None = None,
        task: str | None = None,
        algorithm: str | None = None,
        limit: int = 100,
        offset: int = 0,
        group_id: str | None = None,
        deleted: bool = False,
    ) -> list[RunRecord]:
        """Newest first.

        search: words that all occur in name, id, task, algorithm, tags or notes, or begin the environment or map.
        """
        owned = self.owner_alive()
        with self.database.read() as connection:
            which = Filter(search, state, task, algorithm, group_id, deleted)
            return runs.read_runs(connection, which, limit, offset, owned)

    def runs_beginning(self, beginning: str) -> list[RunRecord]:
        """The runs whose id begins so, however many runs there are; deleted ones are left out."""
        owned = self.owner_alive()
        with self.database.read() as connection:
            return runs.read_runs_beginning(connection, beginning, owned)

    def count_runs(
        self,
        search: str | None = None,
        state: str | None = None,
        task: str | None = None,
        algorithm: str | None = None,
        group_id: str | None = None,
        deleted: bool = False,
    ) -> int:
        """How many runs() would return without limit and offset."""
        owned = self.owner_alive()
        with self.database.read() as connection:
            return runs.count_runs(connection, Filter(search, state, task, algorithm, group_id, deleted), owned)

    def set_state(
        self,
        run_id: str,
        state: str,
        message: str | None = None,
        details: str | None = None,
        result: Mapping[str, Any] | None = None,
        attempt: int | None = None,
    ) -> None:
        """Change the state, durably, after committing what is buffered; adds an event of kind "state".

        message (for everybody) and details (for developers) replace the former ones, result only if given. With
        attempt, a change by an attempt that is no longer the current one raises StaleAttempt.
        """
        self._writer.flush()
        with self.database.write(durable=True) as connection:
            runs.change_state(self.database, connection, run_id, state, message, details, result, attempt)

    def begin_attempt(self, run_id: str) -> int:
        """The number (1, 2, ...) of a new attempt. What earlier attempts still write is refused: StaleAttempt."""
        self._writer.flush()
        with self.database.write(durable=True) as connection:
            attempt = runs.begin_attempt(connection, run_id)
        self._writer.begin(run_id, attempt)
        return attempt

    def update_notes(
        self,
        run_id: str,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> None:
        """Change what people wrote about a run; None leaves it as it is."""
        with self.database.write(durable=True) as connection:
            runs.write_notes(connection, run_id, name, tags, notes)

    def delete_run(self, run_id: str) -> None:
        """Hide a run; undelete_run brings it back until purge(). Refused (StoreError) while queued or training."""
        with self.database.write(durable=True) as connection:
            runs.mark_deleted(connection, run_id, True)

    def undelete_run(self, run_id: str) -> None:
        with self.database.write(durable=True) as connection:
            runs.mark_deleted(connection, run_id, False)

    def purge(self, older_than_s: float = 0.0) -> list[str]:
        """Remove runs deleted at least so long ago for good and give their space back; the caller removes the
        checkpoint files of the ids returned."""
        with self.database.write(durable=True) as connection:
            purged = runs.purge_deleted(connection, older_than_s)
        if purged:
            self.database.shrink()
        return purged

    @property
    def version(self) -> int:
        """Grows with everything that this process commits: what was read at the same version is still so."""
        return self.database.version

    @property
    def version_besides_rows(self) -> int:
        """Grows with everything but metric rows and the progress that comes with them: states, events, pictures."""
        return self.database.version_besides_rows

    # Metrics

    @property
    def problem(self) -> StoreError | None:
        """Why the last batch of metrics could not be committed (StoreFull: the disk is full), None if all is well.

        The rows wait in memory and are tried again each second; None again means that they are committed.
        """
        return self._writer.problem

    def record(self, run_id: str, attempt: int, step: int, metrics: Mapping[str, float]) -> None:
        """Take the metrics of an iteration; committed within 250 ms (600 where nobody reads) with the run's progress.

        The same step replaces its row. Raises StaleAttempt, UnknownRun, ValueError; `problem` where 100,000 rows wait.
        """
        self._writer.add(run_id, attempt, step, metrics)

    def flush(self) -> None:
        """Commit all that was recorded. Raises StoreError (StoreFull) if that fails; the rows are kept and retried."""
        self._writer.flush()

    def metrics(
        self,
        run_id: str,
        since: int = 0,
        until: int | None = None,
        max_rows: int | None = None,
        names: Iterable[str] | None = None,
    ) -> MetricTable:
        """Committed rows with since < step <= until. names: only these metrics, in the store's order.

        With max_rows, more rows than that come as about max_rows that keep each group's smallest and largest value.
        """
        self._writer.was_read()
        with self.database.read() as connection:
            key = runs.run_key(connection, run_id)
            wanted = None if names is None else list(names)
            return read_metrics(connection, key, since, until, max_rows, wanted)

    def sparkline(self, run_ids: Iterable[str], points: int = 40) -> dict[str, list[float]]:
        """The curve of return_mean of each run in at most `points` finite numbers (at most 80 are kept)."""
        with self.database.read() as connection:
            return read_sparklines(connection, list(run_ids), points)

    # Events, artifacts, checkpoints

    def add_event(self, run_id: str, step: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Keep that something happened: a changed setting, a warning, ... (state changes add their own)."""
        with self.database.write() as connection:
            runs.insert_event(connection, runs.run_key(connection, run_id), step, kind, payload)

    def events(self, run_id: str, since: int = 0) -> list[Event]:
        """Events with event_id > since, oldest first."""
        with self.database.read() as connection:
            return attachments.read_events(connection, runs.run_key(connection, run_id), since)

    def put_artifact(self, run_id: str, name: str, step: int, mime: str, body: bytes, keep: int = 1) -> None:
        """Store bytes (64 MiB at most) under a name; the `keep` newest steps of that name stay."""
        with self.database.write() as connection:
            key = runs.run_key(connection, run_id)
            attachments.write_artifact(self.database, connection, key, name, step, mime, body, keep)

    def artifact(self, run_id: str, name: str, step: int | None = None) -> Artifact | None:
        """The one at this step, or the newest; None if there is none."""
        with self.database.read() as connection:
            return attachments.read_artifact(connection, runs.run_key(connection, run_id), name, step)

    def newest_step(self, run_id: str, name: str) -> int | None:
        """The step of the newest artifact of this name; None if there is none."""
        with self.database.read() as connection:
            return attachments.newest_step(connection, runs.run_key(connection, run_id), name)

    def artifacts(self, run_id: str) -> list[Artifact]:
        """All of a run, without their bodies, by name and step."""
        with self.database.read() as connection:
            return attachments.list_artifacts(connection, runs.run_key(connection, run_id))

    def publish_checkpoint(
        self,
        run_id: str,
        attempt: int,
        step: int,
        path: str | Path,
        sha256: str,
        size: int,
        is_best: bool = False,
        keep: int = 3,
    ) -> list[Checkpoint]:
        """Make a saved checkpoint the one to resume from, durably, after committing the metrics before it.

        Returns the checkpoints that are still known (the `keep` newest and the best); the files of all others may go:
        checkpoint.prune(directory, [c.path for c in returned]).
        """
        self._writer.flush()
        with self.database.write(durable=True) as connection:
            attachments.write_checkpoint(
                self.database, connection, run_id, attempt, step, Path(path), sha256, size, is_best, keep
            )
            return attachments.read_checkpoints(self.database, connection, runs.run_key(connection, run_id))

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """The one to resume from first, then older ones to fall back on."""
        with self.database.read() as connection:
            return attachments.read_checkpoints(self.database, connection, runs.run_key(connection, run_id))
