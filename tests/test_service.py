"""The engine: the queue, pause, resume, stop, delete, closing, and being the only one."""

import importlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from training_runs import gridworld, iteration, state, until

from engine import service
from engine.service import Engine, Refused
from engine.settings import InvalidSettings
from engine.store import StoreInUse, UnknownRun, open_store


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


@pytest.mark.parametrize("algorithm", ["pg", "trpo", "ppo"])
def test_the_first_run_of_a_process_does_not_wait_for_torchs_compiler(tmp_path, algorithm):
    train = ["train", "--preset", f"gridworld-{algorithm}", "--set", "budget=600", "--store", str(tmp_path / "u.db")]
    look = f"import sys; from engine.__main__ import main; main({train!r}); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


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


def test_a_second_engine_on_the_store_is_refused_by_pid(engine, tmp_path):
    with pytest.raises(StoreInUse) as refusal:
        Engine(open_store(tmp_path / "uphill.db"))
    assert refusal.value.pid is not None and str(refusal.value.pid) in str(refusal.value)


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


WRONG = {
    "UPHILL_CONCURRENT": ["0", "-1", "many", "65", "1.5", "", "9" * 5000, "²"],
    "UPHILL_THREADS": ["0", "-1", "many", "257", "1.5", ""],
    "UPHILL_RESIDENT": ["gpu", "cuda:0", "none,cpu", ""],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_environment_variable_is_refused_before_the_store_is_claimed(monkeypatch, tmp_path, name, text):
    monkeypatch.setenv(name, text)
    with open_store(tmp_path / "uphill.db") as store:
        with pytest.raises(Refused, match=f"{name} is .*it must be"):
            Engine(store)
        assert store.owner_pid() is None
