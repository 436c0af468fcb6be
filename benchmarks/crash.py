"""Kills a training process (kill -9) at random moments, and checks that nothing it had shown is lost; prints JSON.

python benchmarks/crash.py [--kills 100] [--seed 1]
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine import checkpoint, loop
from engine.config import RunConfig
from engine.service import Engine
from engine.store import Store, open_store

LONGEST_SECONDS = 1.2  # from the first sign of training to the kill, at most
START_SECONDS = 60.0
CHECKPOINT_SECONDS = 0.1  # often, so that many kills fall into the writing of one
TIMED = ("time_", "wall_s", "steps_per_second")
CONFIG: dict[str, Any] = {
    "name": "Killed at random",
    "budget": 1_000_000_000,
    "task": {"kind": "gridworld", "map": "small-4x4", "n_envs": 8},
    "algorithm": {"kind": "ppo", "batch_size": 64, "minibatch_size": 64, "epochs": 1, "learning_rate": 0.01},
    "policy": {"hidden_sizes": []},
    "evaluation": {"every": 50, "episodes": 2, "final_episodes": 2, "stop_when_solved": False},
}


@dataclass
class Findings:
    """What was seen over all kills. A row is shown when a reader had it before the kill."""

    kills: int = 0
    kills_before_training: int = 0
    rows_shown: int = 0
    rows_lost: int = 0
    rows_changed: int = 0
    gaps: int = 0
    damaged_stores: int = 0
    damaged_checkpoints: int = 0
    not_resumed: int = 0
    seconds_lost_max: float = 0.0
    interrupted_after_s_max: float = 0.0
    wall_s: float = 0.0
    config: dict[str, Any] = field(default_factory=lambda: CONFIG)

    @property
    def broken(self) -> int:
        """How many promises were broken."""
        harm = self.rows_lost + self.rows_changed + self.gaps + self.not_resumed
        harm += self.damaged_stores + self.damaged_checkpoints
        return harm + (self.seconds_lost_max > 1.0) + (self.interrupted_after_s_max > 10.0)


def train(path: str, run_id: str, reached: Any) -> None:
    """The process that is killed: goes on with the run, and writes the iteration it is at into shared memory."""
    loop.CHECKPOINT_SECONDS = CHECKPOINT_SECONDS
    engine = Engine(open_store(path), max_concurrent=1)
    engine.resume(run_id)
    while True:
        for under_way in engine.status()["training"].values():
            reached.value = under_way["iteration"]
        time.sleep(0.002)


class Witness:
    """A reader of the store who remembers every row it was shown, bit for bit."""

    def __init__(self, store: Store, run_id: str):
        self.store, self.run_id = store, run_id
        self.rows: dict[int, dict[str, bytes]] = {}
        self.cursor = 0

    def look(self) -> None:
        table = self.store.metrics(self.run_id, since=self.cursor)
        self.cursor = table.last_step
        self.rows |= untimed_rows(table)

    def compare(self, findings: Findings) -> int:
        """Read everything again, count what is missing or different; returns the last committed step."""
        table = self.store.metrics(self.run_id)
        now = untimed_rows(table)
        findings.rows_lost += len(self.rows.keys() - now.keys())
        findings.rows_changed += sum(now[step] != row for step, row in self.rows.items() if step in now)
        findings.gaps += int((np.diff(table.steps, prepend=0) != 1).sum())
        self.rows = now
        findings.rows_shown = len(now)
        return table.last_step


def untimed_rows(table: Any) -> dict[int, dict[str, bytes]]:
    """Every row's metrics as bytes, without those a clock is behind: an iteration trained again must repeat them."""
    kept = [(column, name) for column, name in enumerate(table.names) if not name.startswith(TIMED)]
    return {
        int(step): {name: row[column].tobytes() for column, name in kept if not np.isnan(row[column])}
        for step, row in zip(table.steps, table.values, strict=True)
    }


def kill_once(path: Path, witness: Witness, chance: random.Random, findings: Findings) -> None:
    """Let a process train, kill it, and look at what is left."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["engine.service"])
    reached = context.Value("q", -1)
    process = context.Process(target=train, args=(str(path), witness.run_id, reached), daemon=True)
    attempt = witness.store.get_run(witness.run_id).attempt
    process.start()
    early = chance.random() < 0.2
    history = watch(reached, witness, chance.uniform(0, LONGEST_SECONDS), early, process)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    process.join()
    findings.kills += 1
    findings.kills_before_training += not history
    last = witness.compare(findings)
    lost_since = next((moment for moment, iteration in history if iteration > last), killed)
    findings.seconds_lost_max = max(findings.seconds_lost_max, killed - lost_since)
    run = witness.store.get_run(witness.run_id)
    findings.not_resumed += bool(history) and run.attempt == attempt
    while run.state != "interrupted" and time.monotonic() - killed < 20:
        time.sleep(0.02)
        run = witness.store.get_run(witness.run_id)
    findings.interrupted_after_s_max = max(findings.interrupted_after_s_max, time.monotonic() - killed)
    inspect(path, witness, findings)


def watch(reached: Any, witness: Witness, delay: float, early: bool, process: Any) -> list[tuple[float, int]]:
    """Look at the store for `delay` seconds of training (of starting, if early); when each iteration was reached."""
    history: list[tuple[float, int]] = []
    started = time.monotonic()
    ends = started + delay if early else None
    while ends is None or time.monotonic() < ends:
        if not process.is_alive() or time.monotonic() - started > START_SECONDS:
            raise SystemExit("the training process did not start")
        iteration = reached.value
        if iteration >= 0 and (not history or history[-1][1] != iteration):
            history.append((time.monotonic(), iteration))
            ends = ends or time.monotonic() + delay
        witness.look()
        time.sleep(0.005)
    return history


def inspect(path: Path, witness: Witness, findings: Findings) -> None:
    """SQLite's own check of the database, and the hash of every checkpoint."""
    with sqlite3.connect(path) as connection:
        findings.damaged_stores += connection.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    for known in witness.store.checkpoints(witness.run_id):
        try:
            checkpoint.load(known.path, known.sha256, known.size)
        except checkpoint.DamagedCheckpoint:
            findings.damaged_checkpoints += 1


def crash(folder: Path, kills: int, seed: int) -> Findings:
    """Kill one run `kills` times, each time by another process; a last one then trains on and is paused properly."""
    began, chance, findings = time.monotonic(), random.Random(seed), Findings()
    path = folder / "uphill.db"
    config = RunConfig.from_object(CONFIG)
    with open_store(path) as store:
        run_id = store.create_run(config.to_json(), config.name, "gridworld", "ppo", config.seed)
        witness = Witness(store, run_id)
        for _ in range(kills):
            kill_once(path, witness, chance, findings)
        findings.not_resumed += not goes_on(path, run_id)
        witness.compare(findings)
    findings.wall_s = time.monotonic() - began
    return findings


def goes_on(path: Path, run_id: str) -> bool:
    """Whether the run, after all that, trains beyond its last row in a process that lives."""
    engine = Engine(open_store(path), max_concurrent=1)
    try:
        last = engine.store.metrics(run_id).last_step
        engine.resume(run_id)
        deadline = time.monotonic() + START_SECONDS
        while engine.store.metrics(run_id, since=last).last_step < last + 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        engine.pause(run_id)
        engine.wait(run_id, START_SECONDS)
        return engine.store.metrics(run_id).last_step >= last + 5 and engine.store.get_run(run_id).state == "paused"
    finally:
        engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        findings = crash(Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(asdict(findings)))
    sys.exit(findings.broken > 0)
