"""Vector envs: which there are, step limits, rest. Their dynamics are tested in test_batched."""

import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

from engine.environments.vectors import SerialVectorEnv, single, step_limit, vector


def test_cartpole_as_arrays_is_gymnasiums_own_cartpole_as_arrays():
    """The same seed and actions give the same numbers, bit for bit, over many episodes and resets."""
    ours, theirs, rng = (
        vector("CartPole-v1", 6, 40),
        CartPoleVectorEnv(6, max_episode_steps=40),
        np.random.default_rng(0),
    )
    np.testing.assert_array_equal(ours.reset(seed=7)[0], theirs.reset(seed=7)[0])
    ended = np.zeros(2, int)
    for _ in range(400):
        actions = rng.integers(0, 2, 6)
        mine = ours.step(actions)[:4]
        for one, other in zip(mine, theirs.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(one, other)
        ended += [mine[2].sum(), mine[3].sum()]
    assert (ended > 0).all()


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
