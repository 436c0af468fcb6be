"""The store: runs, their metrics, events, artifacts and checkpoints, behind one interface (open_store, Store).

What holds, whatever the database:

Threads. Every method may be called from any thread. Each is one short transaction; none stays open between calls.
Processes. Any number may read. One engine owns the store: claim() takes a lock that the operating system drops when
    the process dies, and a second claim() raises StoreInUse with the owner's pid. While nobody owns it, runs that
    the rows call queued or training are reported as interrupted; recover() makes that so.
Ownership. A run's metrics, checkpoints and state are written by its current attempt only: begin_attempt() gives the
    next number, and what an older attempt still writes raises StaleAttempt. Names, tags and notes belong to people,
    and may change at any time.
What is kept when. record() puts a row into memory, a thread commits it within 250 ms, within 600 where nobody has
    read metrics lately; reads return committed rows only, so a point that was shown survives kill -9. State changes,
    checkpoints and new runs are on the disk when their method returns, and the metrics recorded before them too.
Twice is once. Writing the same step, artifact or checkpoint again replaces it.
Failure. StoreError and its kinds carry a sentence for people. A full disk, or another process that holds the database,
    harms nothing written: rows wait in memory, `problem` is a StoreFull or StoreBusy, and recording goes on by itself.
Order. Runs are ordered as they were made and rows by step, never by a clock.
"""

from engine.store.packing import SPANS
from engine.store.recording import RETURN
from engine.store.records import (
    ENDED_STATES,
    LIVE_STATES,
    STATES,
    Artifact,
    Checkpoint,
    Event,
    MetricTable,
    NoStore,
    RunRecord,
    StaleAttempt,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreInUse,
    UnknownRun,
)
from engine.store.store import Store, open_store

__all__ = [
    "ENDED_STATES",
    "LIVE_STATES",
    "RETURN",
    "SPANS",
    "STATES",
    "Artifact",
    "Checkpoint",
    "Event",
    "MetricTable",
    "NoStore",
    "RunRecord",
    "StaleAttempt",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "UnknownRun",
    "open_store",
]
