"""Runs whose environments live on the device: exact checkpoints, what cannot live there, and that they learn."""

import io

import numpy as np
import pytest
import torch
from training_runs import assert_same_state

from engine.config import RunConfig
from engine.rollout import Rollout
from engine.row import times
from engine.training import Training


@pytest.fixture
def resident(monkeypatch):
    monkeypatch.setenv("UPHILL_RESIDENT", "cpu")


def config(**task):
    algorithm = {"kind": "ppo", "batch_size": 256, "minibatch_size": 64, "epochs": 2, "learning_rate": 0.003}
    return RunConfig.from_object(
        {"budget": 10_000, "task": task, "algorithm": algorithm, "policy": {"hidden_sizes": [16]}}
    )


TASKS = (
    {"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8},
    {"kind": "gym", "env_id": "MountainCarContinuous-v0", "n_envs": 8, "max_episode_steps": 20},
    {"kind": "gridworld", "map": "small-4x4", "n_envs": 8},
)
TIMED = ("time_", "wall_s", "steps_per_second")


def untimed(row):
    return {name: value for name, value in row.items() if not name.startswith(TIMED)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.get("env_id", "map"))
def test_a_run_resumed_from_its_checkpoint_is_the_run_that_was_not_stopped(resident, task):
    whole = Training(config(**task))
    for _ in range(3):
        whole.iterate()
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    rows = [untimed(whole.iterate()) for _ in range(3)]
    resumed = Training(config(**task))
    resumed.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    for row in rows:
        assert untimed(resumed.iterate()) == pytest.approx(row, abs=0, rel=0, nan_ok=True)
    assert_same_state(resumed.state_dict(), whole.state_dict())


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.get("env_id", "map"))
def test_a_checkpoint_goes_on_where_the_environments_live_elsewhere(monkeypatch, task):
    """Made with environments on the device, taken up by numpy's, and back: the same episodes are under way."""
    monkeypatch.setenv("UPHILL_RESIDENT", "cpu")
    there = Training(config(**task))
    assert there.task._resident is not None
    there.iterate()
    state = there.state_dict()
    monkeypatch.setenv("UPHILL_RESIDENT", "none")
    here = Training(config(**task))
    assert here.task._resident is None
    assert sorted(untimed(here.iterate())) == sorted(untimed(there.iterate()))
    here.load_state_dict(state)
    assert_same_state(here.state_dict(), state)
    here.iterate()
    state = here.state_dict()
    there.load_state_dict(state)
    assert_same_state(there.state_dict(), state)
    there.iterate()


@pytest.mark.parametrize(
    ("task", "algorithm"),
    [
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8, "normalise_observations": True}, {"kind": "ppo"}),
        ({"kind": "gym", "env_id": "FrozenLake-v1", "n_envs": 8}, {"kind": "ppo"}),
        ({"kind": "gridworld", "n_envs": 8, "oracle": True}, {"kind": "ppo"}),
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8}, {"kind": "trpo"}),
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8}, {"kind": "pg"}),
        ({"kind": "gridworld", "n_envs": 8}, {"kind": "q-learning"}),
    ],
    ids=lambda part: "-".join(map(str, part.values())),
)
def test_whatever_cannot_live_on_the_device_trains_as_before_there(resident, task, algorithm):
    training = Training(
        RunConfig.from_object({"budget": 1000, "task": task, "algorithm": algorithm | {"batch_size": 256}})
    )
    assert (training.task._resident is None) == (
        "normalise_observations" in task or "oracle" in task or "Lake" in str(task)
    )
    rows = [training.iterate() for _ in range(2)]
    assert rows[1]["env_steps"] > rows[0]["env_steps"] > 0
    training.state_dict()


def test_the_seconds_of_an_iteration_are_shared_out_once():
    """A rollout that took 3 s of the device, of which 1 s had passed when its last step was called; 10 s in all."""
    made_there = Rollout(*[torch.zeros(2, 1)] * 6, seconds=lambda: 3.0)
    assert times(made_there, 100.0, 101.0, 110.0) == {"time_environment": 3.0, "time_update": 7.0}
    made_here = Rollout(*[torch.zeros(2, 1)] * 6, timings={"environment": 1.5, "inference": 0.5})
    expected = {"time_environment": 1.5, "time_inference": 0.5, "time_update": 7.5}
    assert times(made_here, 100.0, 102.5, 110.0) == expected


def test_a_gridworld_is_learned_on_the_device(resident):
    """The 4x4 map of Sutton and Barto (2018, example 4.1): from every cell at most three steps to the nearer corner."""
    task = {"kind": "gridworld", "map": "small-4x4", "n_envs": 16}
    training = Training(config(**task))
    for _ in range(60):
        training.iterate()
    found = training.evaluate(100, deterministic=True)
    assert np.mean(found.returns) >= training.task.solved_at
