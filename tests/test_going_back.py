"""Going back to the best checkpoint: what is taken up, what goes on, and that a resumed run repeats it exactly."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from training_runs import assert_same_rows, assert_same_state, gridworld, iteration, until

from engine import checkpoint, going_back
from engine.attempt import Attempt
from engine.config import RunConfig
from engine.loop import train
from engine.refused import Refused
from engine.service import Engine
from engine.store import Event, open_store
from engine.tasks.evaluation import Evaluation
from engine.training import Training

TESTS = {"every": 3, "episodes": 4, "final_episodes": 2, "stop_when_solved": False}
MOLECULES = RunConfig.from_object(
    {
        "budget": 192,
        "task": {"kind": "molecules", "workers": 1, "replay": 4, "repeat_multiplier": 0.5},
        "algorithm": {"kind": "ppo", "batch_size": 16, "minibatch_size": 8, "epochs": 1},
        "evaluation": {**TESTS, "episodes": 16},
    }
)
RATE = {"algorithm.learning_rate": 0.002}


def events(engine, run_id, kind):
    return [event for event in engine.store.events(run_id) if event.kind == kind]


def loaded(saved):
    return checkpoint.load(saved.path, saved.sha256, saved.size)


def test_it_is_the_policy_and_optimiser_of_then_while_the_rest_goes_on():
    training = Training(MOLECULES)
    training.iterate()
    best = torch.load(_written(training.state_dict()), weights_only=True)
    training.iterate()
    training.iterate()
    late = torch.load(_written(training.state_dict()), weights_only=True)
    assert not same(late["policy"], best["policy"])
    training.go_back(best)
    now = training.state_dict()
    assert_same_state(now["policy"], best["policy"])
    assert_same_state(now["algorithm"], best["algorithm"])
    for part in ("task", "generator", "progress", "settings"):
        assert_same_state(now[part], late[part], part)
    training.task.close()


def _written(state):
    body = io.BytesIO()
    torch.save(state, body)
    body.seek(0)
    return body


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("config", [MOLECULES, gridworld(evaluation=TESTS, budget=800)], ids=["molecules", "gridworld"])
def test_a_run_that_went_back_and_was_killed_repeats_it_bit_for_bit(config, tmp_path, monkeypatch):
    """Back to the best before iteration 8 once and again; one of the two is cut off at 10, with its checkpoints since
    lost, and goes on from an earlier one."""
    whole = trained(tmp_path / "whole.db", config, monkeypatch, cut=None)
    parts = trained(tmp_path / "parts.db", config, monkeypatch, cut=10)
    assert_same_rows(whole[0], parts[0])
    assert_same_state(whole[1], parts[1])
    assert whole[2] == parts[2] and [event[0] for event in whole[2]] == [8]


def trained(path, config, monkeypatch, cut):
    """(rows, last checkpoint, (step, payload) of the events) of a run that goes back before iteration 8, and is
    paused after iteration `cut` with the checkpoints since iteration 6 destroyed."""
    signal = Attempt.signal

    def steered(attempt):
        if attempt.iteration == 7 and attempt.attempt == 1:
            attempt.change({}, going_back.reachable(attempt.store, attempt.run_id).step)
        if attempt.iteration == cut and attempt.attempt == 1:
            attempt.ask("pause")
        return signal(attempt)

    monkeypatch.setattr(Attempt, "signal", steered)
    engine = Engine(open_store(path), max_concurrent=1)
    run_id = engine.submit(config)
    assert engine.wait(run_id, 60)
    if cut is not None:
        assert engine.store.get_run(run_id).state == "paused"
        for saved in engine.store.checkpoints(run_id):
            if saved.step > 6:
                saved.path.write_bytes(b"")
        engine.resume(run_id)
        assert engine.wait(run_id, 60)
    run = engine.store.get_run(run_id)
    assert run.state == "finished", run.details or run.message
    rows, saved = engine.store.metrics(run_id), loaded(engine.store.checkpoints(run_id)[0])
    told = [(event.step, event.payload) for event in events(engine, run_id, going_back.KIND)]
    engine.close()
    monkeypatch.setattr(Attempt, "signal", signal)
    return rows, saved, told


def test_going_back_earlier_voids_what_was_decided_for_later_before():
    """It went back at 51, was killed, began again from 40 and was sent back at 46: at 51 it goes on."""
    told = [Event(at, step, "back", 0.0, {"to": to}) for at, (step, to) in enumerate([(20, 10), (51, 30), (46, 40)])]
    assert going_back.by_step(told) == {20: 10, 46: 40}
    assert going_back.by_step(told[:2]) == {20: 10, 51: 30}


def test_a_run_under_way_goes_back_with_changed_settings_and_counts_on(engine):
    run_id = engine.submit(gridworld(evaluation=TESTS))
    until(lambda: going_back.best(engine.store, run_id))
    reached = iteration(engine, run_id, 9).iteration
    engine.go_back(run_id, RATE)
    (event,) = until(lambda: events(engine, run_id, going_back.KIND))
    (change,) = events(engine, run_id, "change")
    assert event.step == change.step > reached and event.payload["to"] < event.step and event.payload["to"] % 3 == 0
    iteration(engine, run_id, event.step + 2)
    table = engine.store.metrics(run_id, names=["learning_rate", "env_steps"])
    np.testing.assert_array_equal(table.steps, np.arange(1, len(table.steps) + 1))
    np.testing.assert_array_equal(table.values[:, 0], np.where(table.steps < event.step, 0.01, 0.002))
    assert (np.diff(table.values[:, 1]) > 0).all()


def test_a_paused_run_goes_back_when_it_goes_on(engine):
    run_id = engine.submit(gridworld(evaluation=TESTS))
    until(lambda: going_back.best(engine.store, run_id))
    engine.pause(run_id)
    assert engine.wait(run_id, 10)
    before = engine.store.get_run(run_id).iteration
    best = going_back.best(engine.store, run_id)
    engine.go_back(run_id)
    (event,) = events(engine, run_id, going_back.KIND)
    assert event.step == before + 1 and event.payload == {"to": best.step} and not events(engine, run_id, "change")
    engine.resume(run_id)
    iteration(engine, run_id, before + 2)
    engine.stop(run_id)


def test_a_best_checkpoint_that_is_gone_is_told_and_the_run_goes_on(engine, monkeypatch):
    with monkeypatch.context() as patched:  # between two tests: the best and the last are two checkpoints
        patched.setattr(Attempt, "signal", lambda attempt: "pause" if attempt.iteration == 7 else None)
        run_id = engine.submit(gridworld(evaluation=TESTS))
        assert engine.wait(run_id, 30)
    engine.go_back(run_id)
    going_back.best(engine.store, run_id).path.write_bytes(b"")
    engine.resume(run_id)
    warning = until(lambda: [event for event in events(engine, run_id, "warning") if "as it was" in str(event.payload)])
    assert "The run goes on as it was" in warning[0].payload["message"]
    engine.stop(run_id)


def test_there_must_be_a_best_checkpoint_and_a_run_that_goes_on(engine):
    never = engine.submit(gridworld())
    iteration(engine, never, 2)
    with pytest.raises(Refused, match="no best checkpoint yet; its first test makes one"):
        engine.go_back(never)
    engine.stop(never)
    over = engine.submit(gridworld(evaluation=TESTS, budget=640))
    assert engine.wait(over, 30)
    with pytest.raises(Refused, match="finished"):
        engine.go_back(over)


def test_the_best_stays_the_best_where_the_run_pauses_or_ends_right_after_its_test():
    kept = []

    def go_on(iterations, saved=None, budget=1_000_000):
        answers = [None] * iterations + ["pause"]
        control = SimpleNamespace(signal=lambda: answers.pop(0), changes=lambda _: {}, back=lambda _: None)
        checkpoint = lambda step, state, is_best: kept.append((step, is_best, _written(state)))  # noqa: E731
        record = SimpleNamespace(metrics=lambda *_: None, picture=lambda *_: None, checkpoint=checkpoint)
        resume = None if saved is None else torch.load(saved, weights_only=True)
        return train(gridworld(evaluation=TESTS | {"every": 2}, budget=budget), control, record, resume).state

    assert go_on(2) == "paused" and [known[:2] for known in kept] == [(2, True), (2, True)]
    assert go_on(0, kept[-1][2]) == "paused" and kept[-1][:2] == (2, True)
    assert go_on(0, kept[-1][2], budget=64) == "finished" and kept[-1][:2] == (2, True)
    assert go_on(1, kept[0][2]) == "paused" and kept[-1][:2] == (3, False)


def test_a_repetition_does_not_make_a_generator_the_best():
    """By hand: scores .9, .9, .9 of one molecule and .3 of another are worth (.9 + .3) / 4; without a say all count."""
    returns, lengths = np.array([0.9, 0.9, 0.9, 0.3]), np.ones(4, int)
    first = np.array([True, False, False, True])
    assert Evaluation(returns, lengths, {}, first).merit == pytest.approx(0.3)
    assert Evaluation(returns, lengths).merit == pytest.approx(0.75)
