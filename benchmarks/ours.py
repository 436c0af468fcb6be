"""What Uphill does, in CPU seconds: through the engine's thread with its store, checkpoints and tests, all counted."""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from engine.config import RunConfig
from engine.devices import prepare_threads
from engine.presets import preset_config
from engine.service import Engine
from engine.store import open_store
from engine.training import Training

Changes = dict[str, dict[str, Any]]
WIDE: Changes = {
    "task": {"n_envs": 128},
    "algorithm": {"batch_size": 4096, "minibatch_size": 512, "epochs": 4},
}
AS_SB3: Changes = {
    "task": {"n_envs": 8},
    "algorithm": {
        "batch_size": 256,
        "minibatch_size": 256,
        "epochs": 20,
        "learning_rate": 0.001,
        "discount": 0.98,
        "gae_lambda": 0.8,
    },
}
UNTESTED: Changes = {"evaluation": {"every": 1_000_000, "final_episodes": 1, "stop_when_solved": False}}


def config(preset: str, seed: int, budget: int | None = None, *changes: Changes) -> RunConfig:
    given = preset_config(preset) | {"seed": seed}
    for sections in changes:
        for section, settings in sections.items():
            given[section] = {**given[section], **settings}
    return RunConfig.from_object(given | ({} if budget is None else {"budget": budget}))


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine on a store of its own that has read its compiled loops, as others have imported what they need."""
    prepare_threads()
    with tempfile.TemporaryDirectory() as folder:
        running = Engine(open_store(f"{folder}/runs.db"))
        yield running
        running.close()


def to_return(preset: str, seed: int, threshold: float) -> dict[str, Any]:
    """Train until one of the run's own tests reaches `threshold`, or to the end of its budget."""
    whole = {"evaluation": {"every": 5, "stop_when_solved": False}}
    with engine() as running:
        start, since, score = time.process_time(), 0, float("-inf")
        run_id = running.submit(config(preset, seed, None, whole))
        while not running.wait(run_id, 0.1):
            tests = running.store.metrics(run_id, since=since, names=["eval_return_mean"])
            since = tests.last_step
            score = max([score, *tests.values.ravel().tolist()], key=lambda x: (x == x, x))
            if score >= threshold:
                running.stop(run_id)
        cpu_s, run = time.process_time() - start, running.store.get_run(run_id)
    return {"cpu_s": cpu_s, "env_steps": run.env_steps, "score": score, "reached": score >= threshold}


def to_solved(preset: str, seed: int) -> dict[str, Any]:
    """Train until the preset's own test of 100 episodes says that the task is solved."""
    with engine() as running:
        start = time.process_time()
        run_id = running.submit(config(preset, seed))
        running.wait(run_id)
        cpu_s, run = time.process_time() - start, running.store.get_run(run_id)
    result = run.result or {}
    solved = result.get("solved_at_env_steps") is not None
    return {"cpu_s": cpu_s, "env_steps": run.env_steps, "score": result.get("eval_return_mean"), "reached": solved}


def speed(preset: str, seed: int, budget: int, changes: Changes) -> dict[str, Any]:
    """Env steps per CPU second over a whole run without tests."""
    with engine() as running:
        running.wait(running.submit(config(preset, seed, budget // 10, changes, UNTESTED)))
        start = time.process_time()
        run_id = running.submit(config(preset, seed, budget, changes, UNTESTED))
        running.wait(run_id)
        cpu_s, run = time.process_time() - start, running.store.get_run(run_id)
    return {"cpu_s": cpu_s, "env_steps": run.env_steps, "steps_per_cpu_s": run.env_steps / cpu_s}


def bare_speed(preset: str, seed: int, budget: int, changes: Changes) -> dict[str, Any]:
    """The same iterations and final test with nothing recorded, kept or looked at."""
    prepare_threads()
    settings = config(preset, seed, budget, changes, UNTESTED)
    training = Training(settings)
    training.iterate()
    start, before = time.process_time(), training.progress.env_steps
    while training.progress.env_steps < budget:
        training.iterate()
    training.evaluate(settings.evaluation.final_episodes, settings.evaluation.deterministic)
    cpu_s, steps = time.process_time() - start, training.progress.env_steps - before
    return {"cpu_s": cpu_s, "env_steps": steps, "steps_per_cpu_s": steps / cpu_s}


def first_metric(preset: str, seed: int) -> dict[str, Any]:
    """Seconds from submitting a run, in a process that has trained before, to its first row in the store."""
    with engine() as running:
        running.wait(running.submit(config(preset, seed, 5000, UNTESTED)))
        start = time.perf_counter()
        run_id = running.submit(config(preset, seed))
        while not len(running.store.metrics(run_id).steps):
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        running.stop(run_id)
        running.wait(run_id)
    return {"seconds": seconds}


def bound(minibatch: int, epochs: int) -> dict[str, Any]:
    """Env steps per CPU second if an update were its matrix products alone: 4-64-64-2 and 4-64-64-1."""
    torch.set_num_threads(1)
    products = []
    for outputs in (2, 1):
        for n, m, first in ((4, 64, True), (64, 64, False), (64, outputs, False)):
            x, weight, d = torch.randn(minibatch, n), torch.randn(m, n), torch.randn(minibatch, m)
            products += [(x, weight.t()), (x.t(), d)] + ([] if first else [(d, weight)])
    times = []
    for _ in range(200):
        start = time.process_time()
        for one, other in products * 5:
            torch.mm(one, other)
        times.append((time.process_time() - start) / 5)
    return {"steps_per_cpu_s": minibatch / (epochs * statistics.median(times))}
