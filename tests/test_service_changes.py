"""Settings changed while a run trains or is paused: from which iteration they hold, and what is refused."""

import numpy as np
import pytest
from training_runs import gridworld, iteration, until

from engine.settings import InvalidSettings


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
