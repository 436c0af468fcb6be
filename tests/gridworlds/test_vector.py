"""GridWorldVectorEnv against single environments, Gymnasium's SyncVectorEnv, and itself after a restore."""

import io
import time

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from engine.gridworlds import ENV_ID
from engine.gridworlds.presets import MAPS
from engine.gridworlds.vector import GridWorldVectorEnv


@pytest.mark.parametrize("name", MAPS)
def test_one_copy_is_the_single_env_number_by_number(name):
    ours = GridWorldVectorEnv(1, map=name)
    theirs = SyncVectorEnv([lambda: gym.make(ENV_ID, map=name)])
    assert theirs.metadata["autoreset_mode"] == ours.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    np.testing.assert_array_equal(ours.reset(seed=3)[0], theirs.reset(seed=3)[0])
    actions = np.random.default_rng(0).integers(0, ours.mdp.n_actions, (1000, 1))
    ends = 0
    for action in actions:
        mine, other = ours.step(action), theirs.step(action)
        for a, b in zip(mine[:4], other[:4], strict=True):
            np.testing.assert_array_equal(a, b)
        ends += int(mine[2][0] or mine[3][0])
    assert ends > 1


@pytest.mark.parametrize("name", ["aliased", "cliff"])
def test_many_copies_of_a_deterministic_map_are_single_envs(name):
    n = 6
    ours = GridWorldVectorEnv(n, map=name)
    singles = [gym.make(ENV_ID, map=name).unwrapped for _ in range(n)]
    ours.reset(seed=1)
    for single, state in zip(singles, ours.states, strict=True):
        single.reset(seed=0)
        single._state = int(state)
    ended = np.zeros(n, bool)
    for actions in np.random.default_rng(1).integers(0, 4, (400, n)):
        observations, rewards, terminated, truncated, _ = ours.step(actions)
        for i, single in enumerate(singles):
            if ended[i]:
                single.reset()
                single._state = int(ours.states[i])
                assert single.mdp.start[single._state] > 0
                expected = (single._codes[single._state], 0.0, False, False)
            else:
                expected = single.step(int(actions[i]))[:4]
            assert (observations[i], rewards[i], terminated[i], truncated[i]) == expected
        ended = terminated | truncated


@pytest.mark.parametrize("name", ["frozenlake-4x4", "four-rooms", "russell-4x3", "windy-stochastic"])
def test_transitions_of_many_copies_follow_p(name):
    """Counts of each (state, action, next state) over 200,000 steps against P: chi-square below its 99.999 % point."""
    env = GridWorldVectorEnv(200, map=name)
    env.reset(seed=2)
    n_states, rng = env.mdp.n_states, np.random.default_rng(3)
    n_actions = env.mdp.n_actions
    counts = np.zeros((n_states, n_actions, n_states))
    ended = np.zeros(200, bool)
    for _ in range(1000):
        before, actions = env.states, rng.integers(0, n_actions, 200)
        _, _, terminated, truncated, _ = env.step(actions)
        np.add.at(counts, (before[~ended], actions[~ended], env.states[~ended]), 1)
        ended = terminated | truncated
    single = gym.make(ENV_ID, map=name).unwrapped
    chi_square = degrees = 0.0
    for state, actions in single.P.items():
        for action, outcomes in actions.items():
            total = counts[state, action].sum()
            if total < 200:
                continue
            expected = np.zeros(n_states)
            for chance, following, _, _ in outcomes:
                expected[following] += chance * total
            assert counts[state, action][expected == 0].sum() == 0
            likely = expected > 0
            chi_square += ((counts[state, action] - expected)[likely] ** 2 / expected[likely]).sum()
            degrees += likely.sum() - 1
    assert degrees > 50
    assert chi_square < degrees + 4.3 * (2 * degrees) ** 0.5 + 12  # Wilson-Hilferty, rounded up


def test_gymnasium_makes_it():
    envs = gym.make_vec(ENV_ID, num_envs=3, vectorization_mode="vector_entry_point", map="cliff")
    assert isinstance(envs.unwrapped, GridWorldVectorEnv)
    observations, _ = envs.reset(seed=1)
    assert envs.observation_space.contains(observations)
    assert envs.step(envs.action_space.sample())[1].shape == (3,)


@pytest.mark.parametrize("name", ["small-4x4", "frozenlake-8x8"])
def test_a_restored_copy_continues_number_by_number(name):
    actions = np.random.default_rng(4).integers(0, 4, (300, 16))
    first = GridWorldVectorEnv(16, map=name)
    first.reset(seed=7)
    for action in actions[:100]:
        first.step(action)
    saved = io.BytesIO()
    torch.save(first.get_state(), saved)
    saved.seek(0)
    second = GridWorldVectorEnv(16, map=name)
    second.set_state(torch.load(saved, weights_only=True))
    for action in actions[100:]:
        for a, b in zip(first.step(action)[:4], second.step(action)[:4], strict=True):
            np.testing.assert_array_equal(a, b)
    assert first.get_state() == second.get_state()


def test_a_state_of_another_size_and_wrong_actions_are_refused():
    env = GridWorldVectorEnv(4)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="saved state has 4 copies, this environment 5"):
        GridWorldVectorEnv(5).set_state(env.get_state())
    for actions in ([0, 1, 2], [0, 1, 2, 4], [0, 1, 2, -1]):
        with pytest.raises(ValueError, match="actions must be 4 whole numbers between 0 and 3"):
            env.step(np.array(actions))


def test_a_million_steps_a_second():
    """At 256 copies, of CPU time; the best of five tries, so that a busy machine does not decide."""
    env = GridWorldVectorEnv(256, map="frozenlake-8x8")
    env.reset(seed=1)
    actions = np.random.default_rng(0).integers(0, 4, (200, 256))
    best = 0.0
    for _ in range(5):
        start = time.process_time()
        for action in actions:
            env.step(action)
        best = max(best, actions.size / (time.process_time() - start))
    assert best > 1e6
