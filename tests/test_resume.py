"""A resumed run equals the one that was never stopped, bit for bit: parameters, optimiser, history."""

import numpy as np
import pytest
from training_runs import assert_same_rows, assert_same_state, gridworld, until

from engine import checkpoint
from engine.attempt import Attempt
from engine.config import RunConfig
from engine.service import Engine
from engine.settings import InvalidSettings
from engine.store import open_store
from engine.training import Training, take_up

MLP = {"hidden_sizes": [16]}
TESTS = {"every": 3, "episodes": 2, "final_episodes": 2, "stop_when_solved": False}


def ppo(batch_size: int) -> dict:
    return {"kind": "ppo", "batch_size": batch_size, "minibatch_size": batch_size // 2, "epochs": 2}


def gym(env_id: str, budget: int, batch_size: int, algorithm: dict | None = None, **task) -> dict:
    task = {"kind": "gym", "env_id": env_id, "n_envs": 4, **task}
    algorithm = algorithm or ppo(batch_size)
    return {"budget": budget, "task": task, "algorithm": algorithm, "policy": MLP, "evaluation": TESTS}


CONFIGS = {
    "gridworld-trpo": {
        "budget": 3000,
        "task": {"kind": "gridworld", "map": "cliff", "n_envs": 8},
        "algorithm": {"kind": "trpo", "batch_size": 256},
        "policy": {"hidden_sizes": []},
        "evaluation": TESTS,
    },
    "cliff-sarsa": {
        "budget": 3000,
        "task": {"kind": "gridworld", "map": "cliff", "n_envs": 8},
        "algorithm": {"kind": "sarsa", "batch_size": 256, "epsilon_schedule": "exponential"},
        "evaluation": TESTS,
    },
    "cartpole-ppo": gym("CartPole-v1", 3000, 256),
    "cartpole-pg": gym("CartPole-v1", 3000, 256, {"kind": "pg", "batch_size": 256, "baseline": "gae"}),
    "inverted-pendulum-ppo": gym("InvertedPendulum-v5", 2500, 256, normalise_observations=True, normalise_rewards=True),
    "lunarlander-ppo": gym("LunarLander-v3", 2000, 256),
    "molecules-ppo": {
        "budget": 128,
        "task": {"kind": "molecules", "objective": "qed", "workers": 1, "constrained": True},
        "algorithm": ppo(16),
        "evaluation": TESTS,
    },
    "molecules-pg-replay": {
        "budget": 256,
        "task": {
            "kind": "molecules",
            "objective": "qed",
            "workers": 1,
            "replay": 8,
            "randomise_replay": True,
            "best_share": 0.5,
            "score_power": 3.0,
            "prior_weight": 0.001,
            "bucket_size": 2,
            "repeat_multiplier": 0.5,
            "known_multiplier": 0.5,
            "patience": 16,
            "screen": 2,
        },
        "algorithm": {"kind": "pg", "batch_size": 16, "baseline": "none", "standardise_advantages": False},
        "evaluation": TESTS,
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_paused_and_resumed_by_another_engine_equals_uninterrupted(name, tmp_path, monkeypatch):
    config = RunConfig.from_object(CONFIGS[name])
    whole = trained(tmp_path / "whole.db", config, [], monkeypatch)
    parts = trained(tmp_path / "parts.db", config, [2, 5], monkeypatch)
    assert_same_rows(whole[0], parts[0])
    assert set(parts[0].attempts) == {1, 2, 3}
    assert_same_state(whole[1], parts[1])


def trained(path, config, pauses, monkeypatch):
    """(metric rows, last checkpoint) of a run that was paused after these iterations, each time by another engine."""
    signal = Attempt.signal

    def pause_in_time(attempt):
        if pauses[attempt.attempt - 1 : attempt.attempt] == [attempt.iteration]:
            attempt.ask("pause")
        return signal(attempt)

    monkeypatch.setattr(Attempt, "signal", pause_in_time)
    run_id = None
    for expected in ["paused"] * len(pauses) + ["finished"]:
        engine = Engine(open_store(path), max_concurrent=1)
        if run_id is None:
            run_id = engine.submit(config)
        else:
            engine.resume(run_id)
        assert engine.wait(run_id, 60)
        run = engine.store.get_run(run_id)
        assert run.state == expected, run.details or run.message
        rows, saved = engine.store.metrics(run_id), engine.store.checkpoints(run_id)[0]
        engine.close()
    monkeypatch.setattr(Attempt, "signal", signal)
    return rows, checkpoint.load(saved.path, saved.sha256, saved.size)


def test_changes_made_while_it_trained_are_repeated_from_an_earlier_checkpoint(tmp_path, monkeypatch):
    """The last checkpoint is lost, so iterations are trained again, with the change at the same one as before."""
    monkeypatch.setattr("engine.loop.CHECKPOINT_SECONDS", 0.0)
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    run_id = engine.submit(gridworld())
    until(lambda: engine.store.get_run(run_id).iteration >= 4)
    engine.change(run_id, {"algorithm.learning_rate": 0.05, "algorithm.entropy_coefficient": 0.01})
    until(lambda: [event for event in engine.store.events(run_id) if event.kind == "change"])
    engine.pause(run_id)
    assert engine.wait(run_id, 30)
    before = engine.store.metrics(run_id)
    change = next(event for event in engine.store.events(run_id) if event.kind == "change")
    reached = before.last_step
    for saved in engine.store.checkpoints(run_id)[:2]:
        saved.path.write_bytes(b"")
    engine.resume(run_id)
    until(lambda: engine.store.get_run(run_id).iteration >= reached + 3)
    engine.stop(run_id)
    assert engine.wait(run_id, 30)
    after = engine.store.metrics(run_id, until=reached)
    engine.close()
    assert (after.attempts[-2:] == 2).all(), "the last iterations were not trained again"
    assert_same_rows(before, after)
    rates = after.values[:, after.names.index("learning_rate")]
    np.testing.assert_array_equal(rates, np.where(after.steps < change.step, 0.01, 0.05))


def test_a_checkpoint_of_a_version_that_saved_less_is_refused_in_a_sentence():
    """As an older release left it: without what the algorithm or the task has come to remember since."""
    training = Training(gridworld())
    state = training.state_dict()
    for part, name in (("algorithm", "optimiser"), ("task", "collector")):
        older = {**state, part: {key: value for key, value in state[part].items() if key != name}}
        with pytest.raises(InvalidSettings, match=f"another version of Uphill, which did not save '{name}'"):
            take_up(training, older)
    training.task.close()
