"""The engine: the queue, pause, resume, stop, delete, live changes, closing, and what happens when things break."""

import importlib
import sys
import threading
import time

import gymnasium
import numpy as np
import pytest
from training_runs import assert_same_rows, gridworld, until

from engine import checkpoint, service
from engine.config import RunConfig
from engine.service import Engine, Refused
from engine.settings import InvalidSettings
from engine.store import StoreInUse, UnknownRun, open_store


@pytest.fixture
def engine(tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    yield engine
    engine.close()


def iteration(engine, run_id, at_least):
    return until(lambda: (found := engine.store.get_run(run_id)).iteration >= at_least and found)


def state(engine, run_id):
    return engine.store.get_run(run_id).state


def test_a_run_trains_to_its_end_and_leaves_a_result(engine):
    run_id = engine.submit(gridworld(budget=640))
    assert engine.wait(run_id, 30)
    run = engine.store.get_run(run_id)
    assert run.state == "finished" and run.message is None
    assert run.result["eval_episodes"] == 2 and run.result["env_steps"] == run.env_steps >= 640
    table = engine.store.metrics(run_id)
    np.testing.assert_array_equal(table.steps, np.arange(1, run.iteration + 1))
    assert engine.store.artifact(run_id, "picture").body.startswith(b'{"kind":"grid"')
    assert [event.payload["state"] for event in engine.store.events(run_id)] == ["training", "finished"]


def test_runs_beyond_the_limit_wait_in_line(engine):
    first, second, third = (engine.submit(gridworld(name=name)) for name in ("one", "two", "three"))
    iteration(engine, first, 1)
    assert state(engine, second) == state(engine, third) == "queued"
    assert engine.status()["running"] == 1 and engine.status()["queued"] == 2
    engine.stop(second)
    engine.stop(first)
    iteration(engine, third, 1)
    assert state(engine, first) == state(engine, second) == "stopped"
    assert len(engine.store.metrics(second).steps) == 0


def test_pause_ends_the_thread_and_resume_goes_on_without_a_gap(engine):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 5)
    engine.pause(run_id)
    assert engine.wait(run_id, 10)
    run = engine.store.get_run(run_id)
    assert run.state == "paused" and run.checkpoint_step == run.iteration
    assert not [thread for thread in threading.enumerate() if thread.name == f"run-{run_id}"]
    engine.resume(run_id)
    iteration(engine, run_id, run.iteration + 5)
    engine.stop(run_id)
    assert engine.wait(run_id, 10)
    table = engine.store.metrics(run_id)
    np.testing.assert_array_equal(table.steps, np.arange(1, len(table.steps) + 1))
    assert set(table.attempts) == {1, 2}


def test_resume_while_pausing_queues_the_run_again(engine):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 3)
    engine.pause(run_id)
    engine.resume(run_id)
    until(lambda: engine.store.get_run(run_id).attempt == 2)
    reached = engine.store.get_run(run_id).iteration
    iteration(engine, run_id, reached + 3)


def test_what_a_state_does_not_allow_is_refused_in_a_sentence(engine):
    run_id = engine.submit(gridworld(budget=64))
    assert engine.wait(run_id, 30)
    with pytest.raises(Refused, match=r"This run is finished; only one that is paused, .* can be resumed"):
        engine.resume(run_id)
    with pytest.raises(Refused, match="finished"):
        engine.pause(run_id)
    with pytest.raises(UnknownRun, match="There is no run 'nonsense'"):
        engine.stop("nonsense")


def test_delete_stops_a_run_that_trains_and_can_be_undone(engine):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 2)
    engine.delete(run_id)
    until(lambda: not engine.store.runs())
    with pytest.raises(UnknownRun):
        engine.resume(run_id)
    engine.undelete(run_id)
    assert state(engine, run_id) == "stopped"


def test_seeds_make_a_group(engine):
    run_ids = engine.submit_group(gridworld(budget=64), [3, 5, 7])
    runs = [engine.store.get_run(run_id) for run_id in run_ids]
    assert [run.seed for run in runs] == [run.config["seed"] for run in runs] == [3, 5, 7]
    assert len({run.group_id for run in runs}) == 1 and runs[0].group_id
    with pytest.raises(InvalidSettings, match="seed is -1"):
        engine.submit_group(gridworld(), [1, -1])
    with pytest.raises(Refused, match="0 seeds"):
        engine.submit_group(gridworld(), [])


def test_fifty_starts_at_once_are_fifty_runs(engine):
    run_ids: list[str] = []
    threads = [threading.Thread(target=lambda: run_ids.append(engine.submit(gridworld()))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(run_ids)) == 50 and engine.store.count_runs() == 50
    status = engine.status()
    assert status["running"] <= 1 and status["running"] + status["queued"] == 50


def test_a_live_change_holds_from_one_iteration_on_and_is_recorded(engine):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 3)
    engine.change(run_id, {"algorithm.learning_rate": 0.002})
    event = until(lambda: [event for event in engine.store.events(run_id) if event.kind == "change"])[0]
    assert event.payload == {"settings": {"algorithm.learning_rate": {"before": 0.01, "after": 0.002}}}
    assert engine.settings(run_id).algorithm.learning_rate == 0.002
    iteration(engine, run_id, event.step + 3)
    table = engine.store.metrics(run_id, names=["learning_rate"])
    expected = np.where(table.steps < event.step, 0.01, 0.002)
    np.testing.assert_array_equal(table.values[:, 0], expected)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"algorithm.clip_range": 3.0}, "algorithm.clip_range is 3.0; it must be a number between 0.01 and 1.0"),
        ({"algorithm.epochs": 2}, "algorithm.epochs cannot be changed while a run trains; algorithm.learning_rate"),
        ({"seed": 2}, "seed cannot be changed while a run trains"),
        ({"algorithm.learning_rate": float("nan")}, "algorithm.learning_rate is NaN"),
        ({"nonsense": 1}, "nonsense cannot be changed"),
        ({}, "No change was given"),
    ],
)
def test_a_change_that_is_not_allowed_changes_nothing(engine, wanted, sentence):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 1)
    with pytest.raises(InvalidSettings) as refusal:
        engine.change(run_id, wanted)
    assert sentence in refusal.value.problems[0]
    assert engine.settings(run_id) == gridworld()


def test_a_change_to_a_paused_run_holds_when_it_goes_on(engine):
    run_id = engine.submit(gridworld())
    iteration(engine, run_id, 3)
    engine.pause(run_id)
    assert engine.wait(run_id, 10)
    reached = engine.store.get_run(run_id).iteration
    engine.change(run_id, {"algorithm.clip_range": 0.3})
    engine.resume(run_id)
    iteration(engine, run_id, reached + 2)
    change = next(event for event in engine.store.events(run_id) if event.kind == "change")
    assert change.step == reached + 1
    assert engine.settings(run_id).algorithm.clip_range == 0.3


def test_close_interrupts_within_its_time_and_another_engine_goes_on(tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    training, waiting = engine.submit(gridworld()), engine.submit(gridworld())
    iteration(engine, training, 5)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 8
    again = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=2)
    runs = {run_id: again.store.get_run(run_id) for run_id in (training, waiting)}
    assert {run.state for run in runs.values()} == {"interrupted"}
    assert f"after iteration {runs[training].iteration}" in runs[training].message
    assert runs[training].checkpoint_step == runs[training].iteration
    for run_id in runs:
        again.resume(run_id)
        iteration(again, run_id, runs[run_id].iteration + 3)
    again.close()


def test_an_iteration_that_never_ends_does_not_keep_the_app_from_closing(tmp_path, monkeypatch):
    release = threading.Event()
    monkeypatch.setenv("UPHILL_ENVIRONMENTS", register("Hangs-v0", lambda: release.wait(60)))
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    run_id = engine.submit(gym("Hangs-v0"))
    until(lambda: state(engine, run_id) == "training")
    began = time.monotonic()
    engine.close(timeout=1.0)
    assert time.monotonic() - began < 5
    with open_store(tmp_path / "uphill.db") as store:
        run = store.get_run(run_id)
    release.set()
    assert run.state == "interrupted" and "in the middle of an iteration" in run.message


def test_a_second_engine_on_the_store_is_refused_by_pid(engine, tmp_path):
    with pytest.raises(StoreInUse) as refusal:
        Engine(open_store(tmp_path / "uphill.db"))
    assert refusal.value.pid is not None and str(refusal.value.pid) in str(refusal.value)


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(engine, monkeypatch):
    monkeypatch.setattr("engine.training.CHECKPOINT_SECONDS", 0.0)
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
    monkeypatch.setattr("engine.training.CHECKPOINT_SECONDS", 0.0)
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


def test_reloading_the_code_keeps_the_one_engine(engine):
    service.hold(engine)
    try:
        kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "engine"}
        for name in kept:
            del sys.modules[name]
        reloaded = importlib.import_module("engine.service")
        assert reloaded is not service and reloaded.current() is engine
        sys.modules.update(kept)
        assert len([thread for thread in threading.enumerate() if thread.name == "engine-dispatcher"]) == 1
    finally:
        sys.modules.update(kept)
        service.hold(None)
    with pytest.raises(Refused, match="make run"):
        service.current()


@pytest.mark.parametrize("text", ["0", "-1", "many", "65", "1.5", ""])
def test_a_wrong_number_of_concurrent_runs_is_refused(monkeypatch, text):
    monkeypatch.setenv("UPHILL_CONCURRENT", text)
    with pytest.raises(Refused, match="UPHILL_CONCURRENT is"):
        service.concurrent_from_environment()
