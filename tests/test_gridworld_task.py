"""The gridworld task: its settings, rollouts, exact restore, evaluation and picture."""

import copy
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine import policies
from engine.gridworlds.presets import MAPS, read_map
from engine.planning.optimum import optimum
from engine.policies import PolicySettings
from engine.settings import InvalidSettings
from engine.tasks.gridworld import GridWorldSettings, build

CPU = torch.device("cpu")
EAST = 1


def made(name="small-4x4", seed=1, **settings):
    task = build(GridWorldSettings(map=name, **settings), seed, CPU)
    policy = policies.build(task.spec, PolicySettings(hidden_sizes=()), torch.Generator().manual_seed(seed))
    return task, policy


def play_optimally(task, policy):
    """Write a plan into the table's logits: what is best under a slight discount, so that time is not wasted."""
    discount = task.mdp.discount if task.grid.episodes == "continuing" else 0.9999
    actions = optimum(replace(task.mdp, discount=discount)).policy.argmax(-1)
    with torch.no_grad():
        policy.actor[0].weight.copy_(30.0 * torch.from_numpy(np.eye(task.mdp.n_actions, dtype=np.float32)[actions].T))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"map": "S.\n..\n"}, "there is no goal"),
        ({"map": "S.\n.?\n"}, "line 2, column 2: '?' is no cell"),
        ({"map": "clif"}, "did you mean cliff?"),
        ({"map": ""}, "map is"),
        ({"map": 3}, "map is 3; it must be text"),
        ({"n_envs": 0}, "n_envs is 0; it must be a whole number between 1 and 65536"),
        ({"observation": "smell"}, "it must be one of map, cell, walls"),
        ({"slip": 0.1}, "slip is not a setting"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(settings, words):
    with pytest.raises(InvalidSettings) as caught:
        GridWorldSettings.from_object({"kind": "gridworld", **settings})
    assert words in str(caught.value)


def test_a_map_as_text_is_a_setting():
    settings = GridWorldSettings.from_json(json.dumps({"kind": "gridworld", "map": "S.\n.G\n"}))
    assert read_map(settings.map).cells == ("S.", ".G")


def test_rollouts_are_one_hot_and_mask_the_rows_after_an_end():
    task, policy = made(n_envs=8)
    rollout = task.collect(policy, 8 * 200, torch.Generator().manual_seed(1), whole_episodes=False)
    assert rollout.observations.shape == (201, 8, 16)
    assert (rollout.observations.sum(-1) == 1).all()
    assert rollout.actions.shape == rollout.rewards.shape == (200, 8)
    assert (rollout.mask[1:] == ~rollout.done[:-1]).all()
    assert (rollout.rewards[rollout.mask] == -1).all() and (rollout.rewards[~rollout.mask] == 0).all()
    ends = rollout.observations[1:][rollout.terminated].argmax(-1)
    assert set(ends.tolist()) == {0, 15}
    assert rollout.episode_returns == [-length for length in rollout.episode_lengths]


def test_whole_episodes_begin_at_the_start_and_end():
    task, policy = made("cliff", n_envs=4)
    rollout = task.collect(policy, 400, torch.Generator().manual_seed(1), whole_episodes=True)
    assert (rollout.observations[0].argmax(-1) == 36).all()
    assert int(rollout.mask.sum()) == sum(rollout.episode_lengths) >= 400
    assert sum(rollout.episode_returns) == pytest.approx(float(rollout.rewards[rollout.mask].sum()))


@pytest.mark.parametrize("whole_episodes", [False, True])
@pytest.mark.parametrize("name", ["small-4x4", "frozenlake-4x4", "aliased"])
def test_a_restored_task_continues_bit_for_bit(name, whole_episodes):
    task, policy = made(name, n_envs=8)
    generator = torch.Generator().manual_seed(1)
    task.collect(policy, 8 * 37, generator, whole_episodes)
    saved = io.BytesIO()
    torch.save({"task": task.state_dict(), "generator": generator.get_state()}, saved)
    saved.seek(0)
    state = torch.load(saved, weights_only=True)
    other, _ = made(name, seed=99, n_envs=8)
    other.load_state_dict(state["task"])
    for _ in range(3):
        here = task.collect(policy, 8 * 50, generator, whole_episodes)
    generator.set_state(state["generator"])
    for _ in range(3):
        there = other.collect(policy, 8 * 50, generator, whole_episodes)
    for field in ("observations", "actions", "rewards", "terminated", "truncated", "mask"):
        assert torch.equal(getattr(here, field), getattr(there, field)), field
    assert here.episode_returns and here.episode_returns == there.episode_returns


def test_the_same_seed_gives_the_same_rollout_and_another_seed_another():
    rollouts = []
    for seed in (1, 1, 2):
        task, policy = made("frozenlake-4x4", seed)
        rollouts.append(task.collect(policy, 64 * 20, torch.Generator().manual_seed(1), whole_episodes=False))
    assert torch.equal(rollouts[0].observations, rollouts[1].observations)
    assert not torch.equal(rollouts[0].observations, rollouts[2].observations)


def test_evaluation_and_picture_leave_training_alone():
    task, policy = made("frozenlake-4x4", n_envs=8)
    task.collect(policy, 8 * 10, torch.Generator().manual_seed(1), whole_episodes=False)
    before = copy.deepcopy(task.state_dict())
    random_state = torch.get_rng_state()
    first = task.evaluate(policy, 50, 3, deterministic=False)
    task.picture(policy, 3)
    again = task.evaluate(policy, 50, 3, deterministic=False)
    assert first.returns.tolist() == again.returns.tolist()
    assert torch.equal(random_state, torch.get_rng_state())
    after = task.state_dict()
    assert after["envs"] == before["envs"]
    assert all(torch.equal(after["collector"][name], before["collector"][name]) for name in ("current", "ended"))


@pytest.mark.parametrize("name", [name for name in MAPS if name != "aliased"])
def test_an_optimal_policy_passes_the_threshold_and_the_random_one_does_not(name):
    task, policy = made(name)
    assert task.evaluate(policy, 100, 1, deterministic=False).returns.mean() < task.solved_at
    play_optimally(task, policy)
    returns = np.concatenate([task.evaluate(policy, 100, seed, deterministic=True).returns for seed in range(10)])
    assert returns.mean() > task.solved_at


def test_a_map_without_chance_must_be_solved_to_the_thousandth():
    task, policy = made("cliff")
    assert task.optimal_return == -13.0 and task.solved_at == -13.001
    play_optimally(task, policy)
    evaluation = task.evaluate(policy, 20, 1, deterministic=True)
    assert evaluation.returns.tolist() == [-13.0] * 20
    assert evaluation.lengths.tolist() == [13] * 20


def test_starts_are_spread_evenly_over_the_episodes_of_an_evaluation():
    task, policy = made()
    play_optimally(task, policy)
    # 14 cells, 140 episodes: ten from each, so the mean is exactly that of the 14 distances, 28 / 14.
    assert task.evaluate(policy, 140, 1, deterministic=True).returns.mean() == pytest.approx(-2.0, abs=1e-12)


def test_the_aliased_optimum_is_the_stochastic_one():
    """Half and half in the grey cells earns 1 - 0.1 * 4 (David Silver, lecture 7: T = 2 / p); certainty gets stuck."""
    task, policy = made("aliased")
    assert task.spec.observation_shape == (16,)
    assert task.optimal_return == pytest.approx(0.6, abs=1e-5)
    logits = {1 + 8: (0, 30, 0, 0), 1 + 2: (0, 0, 0, 30), 1: (0, 0, 30, 0), 1 + 4: (-30, 1e-3, -30, 0)}
    with torch.no_grad():
        for code, row in logits.items():
            policy.actor[0].weight[:, code] = torch.tensor(row)
    assert task.evaluate(policy, 400, 1, deterministic=False).returns.mean() > task.solved_at
    assert task.evaluate(policy, 400, 1, deterministic=True).returns.mean() < 0
    sighted, _ = made("aliased", observation="cell")
    assert sighted.optimal_return == pytest.approx(0.8)


def test_the_picture_shows_policy_values_and_a_path():
    task, policy = made("cliff")
    play_optimally(task, policy)
    picture = json.loads(json.dumps(task.picture(policy, 1), allow_nan=False))
    assert (picture["kind"], picture["rows"], picture["cols"]) == ("grid", 4, 12)
    assert picture["cells"][3] == ["start"] + ["pit"] * 10 + ["goal"]
    assert picture["rewards"][3] == [-1] + [-100] * 10 + [-1]
    assert picture["probabilities"][3][0] == [1, 0, 0, 0] and picture["probabilities"][2][0] == [0, 1, 0, 0]
    assert picture["probabilities"][3][11] is None and picture["values"][3][11] is None
    assert picture["values"][2][1:] == [-11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1]
    assert picture["trajectory"] == [[3, 0], *([2, c] for c in range(12)), [3, 11]]
    assert picture["return"] == picture["optimal_return"] == picture["expected_return"] == -13


def test_walls_have_nothing_to_show():
    picture = made("four-rooms")[0].picture(made("four-rooms")[1], 1)
    for row in range(11):
        for col in range(11):
            nothing = picture["cells"][row][col] in ("wall", "goal")
            assert (picture["probabilities"][row][col] is None) == nothing
