"""Snapshots of vector envs: what they refuse. That they are exact is tested with the gym task."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from engine.environments import snapshots
from engine.environments.failure import EnvironmentFailed
from engine.environments.vectors import SerialVectorEnv, vector


class Drifting(gymnasium.Env):
    """Counts on from episode to episode, which playing one episode again cannot bring back."""

    observation_space = spaces.Box(0, 1e6, (1,), np.float32)
    action_space = spaces.Discrete(2)
    count = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.full(1, self.count, np.float32), {}

    def step(self, action):
        self.count += 1
        return np.full(1, self.count, np.float32), 0.0, self.count % 3 == 0, False, {}


def test_an_env_that_cannot_be_brought_back_says_so_instead_of_going_on_wrongly():
    envs = SerialVectorEnv(Drifting, 2)
    envs.reset(seed=0)
    for _ in range(5):
        envs.step(np.zeros(2, np.int64))
    with pytest.raises(EnvironmentFailed, match="Drifting, environment 0, did not come back to its saved state"):
        snapshots.load(SerialVectorEnv(Drifting, 2), snapshots.save(envs))


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1", "Taxi-v4"])
def test_an_env_saved_at_the_end_of_an_episode_is_reset_next(env_id):
    envs, fresh = vector(env_id, 2, max_episode_steps=4), vector(env_id, 2, max_episode_steps=4)
    envs.reset(seed=0)
    actions = np.zeros(2, np.int64)
    ends = [bool(envs.step(actions)[3].all()) for _ in range(4)]
    assert ends == [False, False, False, True]
    snapshots.load(fresh, snapshots.save(envs))
    for _ in range(7):
        for one, other in zip(envs.step(actions)[:4], fresh.step(actions)[:4], strict=True):
            np.testing.assert_array_equal(one, other)


def test_snapshots_of_others_are_refused():
    with pytest.raises(
        ValueError, match="saved environments are 2 x batched CartPole; this run has 3 x batched CartPole"
    ):
        snapshots.load(vector("CartPole-v1", 3), snapshots.save(vector("CartPole-v1", 2)))
    with pytest.raises(TypeError, match="No snapshot is known for SyncVectorEnv"):
        snapshots.save(SyncVectorEnv([Drifting]))
