"""What the store costs, beside a plain SQLite table with one row per metric value (the peer), as one JSON object.

python benchmarks/store.py [--iterations 31250] [--metrics 32] [--runs 10000]

Both write the same values in the same commits (WAL, synchronous=NORMAL) and answer the same questions: a run's page
(every metric in at most 2,000 rows that keep the extremes), the rows since the last look, the list of all runs with a
curve of 40 points each. The store also keeps rollups, progress and curves up to date while it writes; the peer works
them out when asked. Reads are the median of 5, in milliseconds; a ratio above 1 says that the store is better.
"""

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from engine.store import Store, open_store
from engine.store.runs import insert_run

COMMIT_ROWS = 500
PAGE_ROWS = 2000
LIST_STEPS = 60
CONFIG = json.dumps({"budget": 200_000, "task": {"kind": "gym", "env_id": "CartPole-v1"}, "algorithm": {"kind": "ppo"}})


def milliseconds(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)


def new_runs(store: Store, count: int) -> list[str]:
    """In one transaction: each create_run() waits for the disk, which is not what is measured here."""
    with store.database.write() as connection:
        return [insert_run(connection, CONFIG, f"run {i}", "gym", "ppo", i, None) for i in range(count)]


def write_store(store: Store, names: list[str], values: np.ndarray) -> tuple[str, float]:
    run_id = new_runs(store, 1)[0]
    attempt = store.begin_attempt(run_id)
    rows = [dict(zip(names, row, strict=True)) for row in values.tolist()]
    began = time.perf_counter()
    for step, row in enumerate(rows, start=1):
        store.record(run_id, attempt, step, row)
        if step % COMMIT_ROWS == 0:
            store.flush()
    store.flush()
    return run_id, len(values) / (time.perf_counter() - began)


def open_peer(path: Path) -> sqlite3.Connection:
    peer = sqlite3.connect(path, isolation_level=None)
    peer.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    peer.execute(
        "CREATE TABLE metrics (run INTEGER, name TEXT, step INTEGER, value REAL, PRIMARY KEY (run, name, step)) "
        "WITHOUT ROWID"
    )
    peer.execute("CREATE TABLE runs (run INTEGER PRIMARY KEY, name TEXT, config TEXT)")
    return peer


def write_peer(peer: sqlite3.Connection, run: int, names: list[str], values: np.ndarray) -> float:
    rows = values.tolist()
    peer.execute("INSERT INTO runs VALUES (?, ?, ?)", (run, f"run {run}", CONFIG))
    began = time.perf_counter()
    for start in range(0, len(rows), COMMIT_ROWS):
        peer.execute("BEGIN IMMEDIATE")
        peer.executemany(
            "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
            [
                (run, name, start + offset + 1, value)
                for offset, row in enumerate(rows[start : start + COMMIT_ROWS])
                for name, value in zip(names, row, strict=True)
            ],
        )
        peer.execute("COMMIT")
    return len(values) / (time.perf_counter() - began)


def peer_page(peer: sqlite3.Connection, names: list[str]) -> list[np.ndarray]:
    """Each metric's smallest and largest value in 1,000 groups."""
    page = []
    for name in names:
        rows = peer.execute("SELECT value FROM metrics WHERE run = 1 AND name = ? ORDER BY step", (name,)).fetchall()
        values = np.array([row[0] for row in rows])
        starts = np.arange(0, len(values), -(-len(values) // (PAGE_ROWS // 2)))
        page.append(np.stack([np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)]))
    return page


def peer_list(peer: sqlite3.Connection) -> list[tuple[dict, list[float]]]:
    listed = []
    for run, _, config in peer.execute("SELECT run, name, config FROM runs ORDER BY run DESC").fetchall():
        rows = peer.execute(
            "SELECT value FROM metrics WHERE run = ? AND name = 'return_mean' ORDER BY step", (run,)
        ).fetchall()
        values = np.array([row[0] for row in rows])
        groups = np.array_split(values, min(40, len(values)))
        listed.append((json.loads(config), [float(group.mean()) for group in groups]))
    return listed


def one_run(folder: Path, iterations: int, metrics: int) -> dict:
    names = ["return_mean", *(f"metric_{i:02d}" for i in range(1, metrics))]
    values = np.random.default_rng(0).normal(size=(iterations, metrics))
    with open_store(folder / "run.db") as store, open_peer(folder / "run-peer.db") as peer:
        run_id, ours_per_s = write_store(store, names, values)
        peers_per_s = write_peer(peer, 1, names, values)
        tail = "SELECT name, step, value FROM metrics WHERE run = 1 AND name = ? AND step > ?"
        asked = {
            "page_ms": (
                milliseconds(lambda: store.metrics(run_id, max_rows=PAGE_ROWS)),
                milliseconds(lambda: peer_page(peer, names)),
            ),
            "tail_ms": (
                milliseconds(lambda: store.metrics(run_id, since=iterations - 5)),
                milliseconds(lambda: [peer.execute(tail, (name, iterations - 5)).fetchall() for name in names]),
            ),
        }
        page_rows = len(store.metrics(run_id, max_rows=PAGE_ROWS).steps)
    peer.close()
    points = iterations * metrics
    ours_bytes, peers_bytes = (os.path.getsize(folder / f"run{end}.db") for end in ("", "-peer"))
    return {
        "iterations": iterations,
        "metrics": metrics,
        "iterations_per_s": compared(round(ours_per_s), round(peers_per_s), higher_is_better=True),
        "bytes_per_million_points": compared(
            round(ours_bytes * 1e6 / points), round(peers_bytes * 1e6 / points), higher_is_better=False
        ),
        "page_rows": page_rows,
        **{name: compared(*both, higher_is_better=False) for name, both in asked.items()},
    }


def many_runs(folder: Path, count: int) -> dict:
    with open_store(folder / "list.db") as store, open_peer(folder / "list-peer.db") as peer:
        ids = new_runs(store, count)
        values = np.random.default_rng(1).normal(size=(LIST_STEPS, 1))
        peer.execute("BEGIN")
        for number, run_id in enumerate(ids, start=1):
            for step, value in enumerate(values[:, 0].tolist(), start=1):
                store.record(run_id, 0, step, {"return_mean": value})
                peer.execute("INSERT INTO metrics VALUES (?, 'return_mean', ?, ?)", (number, step, value))
            peer.execute("INSERT INTO runs VALUES (?, ?, ?)", (number, f"run {number}", CONFIG))
        peer.execute("COMMIT")
        store.flush()

        def ours() -> dict[str, list[float]]:
            return store.sparkline([run.run_id for run in store.runs(limit=count)])

        everything = milliseconds(ours), milliseconds(lambda: peer_list(peer))
        page = milliseconds(lambda: store.sparkline([run.run_id for run in store.runs(limit=100)]))
        search = milliseconds(lambda: (store.runs(search="run 77"), store.count_runs(search="run 77")))
    peer.close()
    listed = compared(*everything, higher_is_better=False)
    return {"runs": count, "list_ms": listed, "first_100_ms": page, "search_ms": search}


def compared(store: float, peer: float, *, higher_is_better: bool) -> dict:
    """ratio > 1: the store is better."""
    ratio = store / peer if higher_is_better else peer / store
    return {"store": store, "peer": peer, "ratio": round(ratio, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=31_250)
    parser.add_argument("--metrics", type=int, default=32)
    parser.add_argument("--runs", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = one_run(Path(folder), options.iterations, options.metrics)
        listed = many_runs(Path(folder), options.runs)
    print(json.dumps({"benchmark": "store", "one_run": measured, "list": listed}, indent=2))


if __name__ == "__main__":
    main()
