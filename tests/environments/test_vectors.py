"""Vector envs against gymnasium's own envs, stepped one by one."""

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

from engine.environments.vectors import SerialVectorEnv, single, step_limit, vector


def test_cartpole_as_arrays_moves_as_cartpole():
    """From the same states, under the same actions, both give the same observations, rewards and ends."""
    envs = vector("CartPole-v1", 6)
    assert isinstance(envs, CartPoleVectorEnv)
    envs.reset(seed=0)
    ones = [gymnasium.make("CartPole-v1") for _ in range(6)]
    for one, state in zip(ones, envs.state.T, strict=True):
        one.reset()
        one.unwrapped.state = state.copy()
    rng = np.random.default_rng(0)
    over = np.zeros(6, bool)
    for _ in range(60):
        actions = rng.integers(0, 2, 6)
        observations, rewards, terminated, _, _ = envs.step(actions)
        for i in np.flatnonzero(~over):
            observation, reward, ends, _, _ = ones[i].step(actions[i])
            np.testing.assert_allclose(observations[i], observation, rtol=1e-6)
            assert (rewards[i], terminated[i]) == (reward, ends)
            over[i] = ends
    assert over.any()


def test_cartpole_as_arrays_is_cut_off_where_cartpole_is():
    envs = vector("CartPole-v1", 1, max_episode_steps=4)
    envs.reset(seed=0)
    assert [bool(envs.step(np.array([t % 2]))[3][0]) for t in range(6)] == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("env_id", "asked", "limit"),
    [("CartPole-v1", None, 500), ("CliffWalking-v1", None, 1000), ("CliffWalking-v1", 50, 50), ("Taxi-v4", 300, 300)],
)
def test_every_env_has_a_step_limit(env_id, asked, limit):
    assert step_limit(env_id, asked) == limit


def test_envs_at_rest_are_not_stepped():
    envs = SerialVectorEnv(lambda: single("Pendulum-v1"), 3)
    before, _ = envs.reset(seed=0)
    envs.idle[:] = [False, True, False]
    after, rewards, *_ = envs.step(np.ones((3, 1), np.float32))
    assert (before[1] == after[1]).all() and rewards[1] == 0
    assert (before[[0, 2]] != after[[0, 2]]).any(1).all() and (rewards[[0, 2]] != 0).all()


def test_an_episode_of_bipedal_walker_does_not_depend_on_those_before_it():
    def played(env):
        env.reset(seed=5)
        rng = np.random.default_rng(0)
        return np.stack([env.step(rng.uniform(-1, 1, 4))[0] for _ in range(60)])

    env = single("BipedalWalker-v3")
    first = played(env)
    np.testing.assert_array_equal(first, played(env))
