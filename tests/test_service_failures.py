"""What the engine does when an environment breaks or hangs, a checkpoint is damaged, or the disk is full."""

import sqlite3
import threading
import time

import gymnasium
import numpy as np
import pytest
from training_runs import assert_same_rows, gridworld, iteration, state, until

from engine import checkpoint
from engine.config import RunConfig
from engine.service import Engine
from engine.store import StoreFull, open_store


class Breaking(gymnasium.Env):
    """An environment whose third step does what the test wants."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    deed = staticmethod(lambda: None)

    def __init__(self, deed=None):
        self.deed, self.steps = deed, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        reward = self.deed() if self.steps == 3 else 0.0
        return np.zeros(2, np.float32), float(reward or 0.0), False, False, {}


def register(env_id, deed):
    gymnasium.registry.pop(env_id, None)
    gymnasium.register(env_id, entry_point=Breaking, max_episode_steps=50, kwargs={"deed": deed})
    return env_id


def gym(env_id):
    return RunConfig.from_object(
        {
            "budget": 1000,
            "task": {"kind": "gym", "env_id": env_id, "n_envs": 1},
            "algorithm": {"kind": "ppo", "batch_size": 16, "minibatch_size": 16, "epochs": 1},
        }
    )


def raises(error):
    def deed():
        raise error

    return deed


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        (raises(ZeroDivisionError("pole of no length")), "ZeroDivisionError: pole of no length"),
        (lambda: float("nan"), "The environment returned the reward nan in environment 0"),
        (raises(SystemExit(3)), "SystemExit"),
        (raises(MemoryError("Unable to allocate 745. GiB for an array")), "Out of memory: 745 GiB were asked for"),
    ],
    ids=["raises", "nan", "exits", "memory"],
)
def test_a_run_that_breaks_is_failed_with_a_sentence_and_a_traceback(engine, monkeypatch, deed, message):
    monkeypatch.setenv("UPHILL_ENVIRONMENTS", register("Breaks-v0", deed))
    broken, after = engine.submit(gym("Breaks-v0")), engine.submit(gridworld(budget=64))
    assert engine.wait(broken, 30)
    run = engine.store.get_run(broken)
    assert run.state == "failed" and message in run.message
    assert "Traceback" in run.details and "Traceback" not in run.message
    assert engine.wait(after, 30) and state(engine, after) == "finished"


def test_a_full_disk_pauses_the_run_and_space_lets_it_go_on(engine, monkeypatch):
    monkeypatch.setattr("engine.loop.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("engine.attempt.RETRY_SECONDS", 0.02)
    full, save = threading.Event(), checkpoint.save

    def save_if_there_is_room(*arguments):
        if full.is_set():
            raise OSError(28, "No space left on device")
        return save(*arguments)

    monkeypatch.setattr(checkpoint, "save", save_if_there_is_room)
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 3)
    full.set()
    run = until(lambda: (found := engine.store.get_run(run_id)).state == "paused" and found)
    assert "The disk is full" in run.message
    assert "The disk is full" in engine.status()["training"][run_id]["notice"]
    full.clear()
    until(lambda: state(engine, run_id) == "training")
    reached = engine.store.get_run(run_id).iteration
    iteration(engine, run_id, reached + 3)
    steps = engine.store.metrics(run_id).steps
    np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))


def test_a_store_that_another_process_holds_makes_a_run_wait_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.store.database.BUSY_SECONDS", 0.05)
    monkeypatch.setattr("engine.attempt.RETRY_SECONDS", 0.02)
    with open_store(tmp_path / "runs.db") as store:
        engine = Engine(store)
        run_id = engine.submit(gridworld())
        iteration(engine, run_id, 3)
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        until(lambda: "another process" in (engine.status()["training"].get(run_id, {}).get("notice") or ""))
        time.sleep(0.3)
        assert engine.status()["training"]
        other.execute("ROLLBACK")
        other.close()
        reached = store.get_run(run_id).iteration
        iteration(engine, run_id, reached + 3)
        assert state(engine, run_id) == "training"
        engine.close()
        steps = store.metrics(run_id).steps
        np.testing.assert_array_equal(steps, np.arange(1, len(steps) + 1))


def test_a_run_that_could_not_be_stopped_for_a_full_disk_still_waits_and_can_be_stopped_later(engine, monkeypatch):
    first, waiting = engine.submit(gridworld()), engine.submit(gridworld())
    iteration(engine, first, 1)
    set_state = engine.store.set_state

    def no_room(run_id, *arguments, **named):
        if run_id == waiting:
            raise StoreFull("No space is left on the disk")
        return set_state(run_id, *arguments, **named)

    with monkeypatch.context() as full:
        full.setattr(engine.store, "set_state", no_room)
        with pytest.raises(StoreFull):
            engine.stop(waiting)
    assert state(engine, waiting) == "queued" and engine.status()["queued"] == 1
    engine.stop(waiting)
    assert state(engine, waiting) == "stopped" and engine.status()["queued"] == 0


def test_an_iteration_that_never_ends_does_not_keep_the_app_from_closing(tmp_path, monkeypatch):
    hanging, release = threading.Event(), threading.Event()

    def hang():
        hanging.set()
        release.wait(60)

    monkeypatch.setenv("UPHILL_ENVIRONMENTS", register("Hangs-v0", hang))
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    run_id = engine.submit(gym("Hangs-v0"))
    assert hanging.wait(30)
    began = time.monotonic()
    engine.close(timeout=1.0)
    assert time.monotonic() - began < 5
    with open_store(tmp_path / "uphill.db") as store:
        run = store.get_run(run_id)
    release.set()
    assert run.state == "interrupted" and "in the middle of an iteration" in run.message


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(engine, monkeypatch):
    monkeypatch.setattr("engine.loop.CHECKPOINT_SECONDS", 0.0)
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 6)
    engine.pause(run_id)
    assert engine.wait(run_id, 10)
    newest, older, *_ = engine.store.checkpoints(run_id)
    body = bytearray(newest.path.read_bytes())
    body[len(body) // 2] ^= 1
    newest.path.write_bytes(bytes(body))
    reached = engine.store.metrics(run_id)
    engine.resume(run_id)
    iteration(engine, run_id, newest.step + 3)
    warning = next(event for event in engine.store.events(run_id) if event.kind == "warning")
    assert f"goes on from the one of iteration {older.step}" in warning.payload["message"]
    assert_same_rows(reached, engine.store.metrics(run_id, until=newest.step))
