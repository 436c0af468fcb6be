"""Trains a run in this process and follows it on the terminal until it ends; Ctrl-C checkpoints."""

import shlex
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from engine.commands.stores import DEFAULT
from engine.commands.text import duration, number, plain, print_json
from engine.service import Engine
from engine.store import MetricTable, RunRecord, Store, open_store

LOOK_SECONDS = 0.25
SHOWN = {"return_mean": "score", "kl": "KL", "entropy": "entropy", "eval_return_mean": "test"}
RESULTS = [
    *("env_steps", "wall_s", "cpu_s", "env_steps_per_cpu_s"),
    *("eval_return_mean", "eval_return_sd", "eval_episodes", "solved_at_env_steps"),
]
MOLECULE_RESULTS = ["oracle_calls", "auc_top10", "top10_mean", "valid", "unique", "new", "best_smiles"]


def follow(engine: Engine, run_id: str, address: str, as_json: bool) -> int:
    """Wait for the run, with a progress bar on a terminal; closes the engine. Returns 1 if the run failed, else 0.

    SIGINT and SIGTERM let it checkpoint, say how to go on, and count as done.
    """
    asked = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *_: asked.set()) for each in signals]
    try:
        watch(engine, run_id, asked)
        if asked.is_set():
            print("\nSaving a checkpoint...", file=sys.stderr)
    finally:
        engine.close()
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
    with open_store(address, create=False) as store:
        run = store.get_run(run_id)
    tell(run, address)
    if as_json:
        print_json(outcome(run))
    return 1 if run.state == "failed" else 0


def watch(engine: Engine, run_id: str, asked: threading.Event) -> None:
    """Keep the bar up to date until the run ends or a signal comes."""
    budget, newest = engine.store.get_run(run_id).budget, 0
    with tqdm(total=budget, unit=" steps", unit_scale=True, disable=None, dynamic_ncols=True) as bar:
        figures: dict[str, str] = {}
        ended, told = False, None
        while not ended and not asked.is_set():
            ended = engine.wait(run_id, LOOK_SECONDS)
            run, table = engine.store.get_run(run_id), engine.store.metrics(run_id, since=newest, names=SHOWN)
            newest = table.last_step
            figures |= last_figures(table)
            bar.n = min(run.env_steps, budget or run.env_steps)
            bar.set_postfix(figures)
            notice = engine.status()["training"].get(run_id, {}).get("notice")
            if notice not in (None, told):
                bar.write(notice, file=sys.stderr)
            told = notice


def last_figures(table: MetricTable) -> dict[str, str]:
    """The last measured value of each metric that the bar shows."""
    found = {}
    for column, name in enumerate(table.names):
        measured = [value for value in table.values[:, column].tolist() if value == value]
        if measured:
            found[SHOWN[name]] = number(measured[-1])
    return found


def tell(run: RunRecord, address: str) -> None:
    """How it ended, for the person at the terminal; on stderr, so that stdout stays for the result."""
    print(f"Run {run.run_id} ({plain(run.name)}): {run.state} after {run.env_steps:,} steps.", file=sys.stderr)
    result = run.result or {}
    if result.get("eval_return_mean") is not None:
        mean, episodes = number(result["eval_return_mean"]), result.get("eval_episodes")
        print(f"Average score {mean} over {episodes} test tries, {duration(run.wall_s)}.", file=sys.stderr)
    if run.message:
        print(run.message, file=sys.stderr)
    if run.state == "failed":
        print(f"The traceback: python -m engine show {run.run_id}{_store(address)}", file=sys.stderr)
    if run.state in ("interrupted", "paused", "stopped", "failed"):
        print(f"To go on: python -m engine resume {run.run_id}{_store(address)}", file=sys.stderr)


def _store(address: str) -> str:
    return "" if address == DEFAULT else f" --store {shlex.quote(address)}"


def outcome(run: RunRecord) -> dict[str, Any]:
    """The object that --json prints at the end; null where there is nothing to say."""
    names = RESULTS + (MOLECULE_RESULTS if run.task == "molecules" else [])
    result = run.result or {}
    known = {"run_id": run.run_id, "state": run.state, "message": run.message}
    figures = {name: result.get(name) for name in names}
    return known | figures | {"env_steps": run.env_steps, "wall_s": run.wall_s}


def train_here(address: str, begin: Callable[[Engine], str], as_json: bool) -> int:
    """Follow the run whose id `begin(engine)` returns, in an engine of this process on the store; both are made where
    there are none, and closed again where the run is refused. Raises StoreInUse with the pid of another engine."""
    store: Store = open_store(address)
    try:
        engine = Engine(store, max_concurrent=1)
    except BaseException:
        store.close()
        raise
    try:
        run_id = begin(engine)
    except BaseException:
        engine.close()
        raise
    return follow(engine, run_id, address, as_json)
