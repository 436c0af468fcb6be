"""The presets: all that were promised are there, each is valid, and the quick ones solve their tasks."""

import math

import pytest
import torch
from torch.nn.utils import parameters_to_vector
from training_runs import gridworld

from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.presets import PRESETS, preset_config, run_name
from engine.service import Engine
from engine.settings import InvalidSettings
from engine.store import open_store
from engine.tasks import TASKS
from engine.training import Training

TASK_NAMES = ["gridworld", "cliff", "cartpole", "acrobot", "pendulum", "inverted-pendulum", "lunarlander"]
PROMISED = [f"{task}-{algorithm}" for task in TASK_NAMES for algorithm in ("pg", "trpo", "ppo")]
FURTHER = ["mountaincar", "mountaincar-continuous", "lunarlander-continuous", "halfcheetah", "hopper"]
PROMISED += [f"{task}-{algorithm}" for task in FURTHER for algorithm in ("trpo", "ppo")]
TABULAR = ["q-learning", "sarsa", "expected-sarsa", "monte-carlo"]
PROMISED += [f"gridworld-{algorithm}" for algorithm in TABULAR] + ["cliff-q-learning", "cliff-sarsa"]
PROMISED += [
    f"molecules-{goal}-{algorithm}" for goal in ("qed", "soluble", "celecoxib") for algorithm in ("pg", "trpo", "ppo")
]


@pytest.mark.parametrize("name", PROMISED)
def test_what_was_promised_is_there_and_valid(name):
    preset = PRESETS[name]
    config = RunConfig.from_object(preset.config)
    assert name.endswith(f"-{config.algorithm.kind}")
    assert preset.title and preset.sentence.endswith(".") and preset.takes
    assert run_name(config) == preset.title


def test_every_task_and_algorithm_has_a_preset():
    kinds = {(preset.config["task"]["kind"], preset.config["algorithm"]["kind"]) for preset in PRESETS.values()}
    assert {task for task, _ in kinds} == set(TASKS)
    assert {algorithm for _, algorithm in kinds} == set(ALGORITHMS)


@pytest.mark.parametrize(
    "name", ["cartpole-ppo", *(f"gridworld-{algorithm}" for algorithm in ("pg", "trpo", "ppo", *TABULAR))]
)
def test_quick_presets_solve_their_tasks(name, tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"))
    run_id = engine.submit(RunConfig.from_object(preset_config(name)))
    assert engine.wait(run_id, 120)
    result = engine.store.get_run(run_id).result
    engine.close()
    assert result["solved_at_env_steps"] is not None
    assert result["eval_episodes"] == 100
    # CartPole-v1 counts as solved at 475; on the 4x4 grid the mean way to the nearest corner has 2 moves.
    assert result["eval_return_mean"] >= (475 if name == "cartpole-ppo" else -2.2)


@pytest.mark.parametrize("name", [f"{task}-{algorithm}" for task in FURTHER[2:] for algorithm in ("trpo", "ppo")])
def test_dear_presets_take_their_first_steps(name):
    """Too long to be trained here: two iterations move the policy and measure numbers."""
    training = Training(RunConfig.from_object(preset_config(name)))
    before = parameters_to_vector(training.policy.parameters()).clone()
    rows = [training.iterate() for _ in range(2)]
    training.task.close()
    assert not torch.equal(before, parameters_to_vector(training.policy.parameters()))
    for row in rows:
        assert all(math.isfinite(row[metric]) for metric in ("kl", "value_loss", "entropy", "env_steps"))
        assert 0 < row["kl"] < 0.1  # a step that learns, and no leap


def test_a_preset_is_a_copy_that_may_be_changed():
    preset_config("cartpole-ppo")["task"]["env_id"] = "Pendulum-v1"
    assert PRESETS["cartpole-ppo"].config["task"]["env_id"] == "CartPole-v1"


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(InvalidSettings, match=r'preset is "cartpol-ppo"; did you mean cartpole-ppo\?'):
        preset_config("cartpol-ppo")


def test_a_run_of_another_task_is_named_by_its_environment():
    walker = gridworld().model_dump(mode="json") | {"task": {"kind": "gym", "env_id": "Walker2d-v5", "n_envs": 8}}
    assert run_name(RunConfig.from_object(walker)) == "Walker2d-v5 (PPO)"
