"""Evaluations count each env's episodes alike, short or long."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from engine.environments.failure import EnvironmentFailed
from engine.environments.normalisation import ObservationScale
from engine.environments.playing import Player, play
from engine.environments.vectors import SerialVectorEnv
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec

SPEC = EnvSpec((1,), Categorical(2))


class Lasting(gymnasium.Env):
    """Episodes of 1, 2, ... steps in turn plus a start of its own; the reward is 1, or 10 for action 1."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, first, reward=1.0):
        self.length, self.reward = first - 1, reward

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.length, self.count = self.length + 1, 0
        return np.full(1, 4.0, np.float32), {}

    def step(self, action):
        self.count += 1
        return (
            np.full(1, 4.0, np.float32),
            self.reward * (10 if action == 1 else 1),
            self.count == self.length,
            False,
            {},
        )


def player(bias, scale=None, deterministic=True):
    """Prefers action 1 exactly where the observation it sees exceeds `bias`."""
    policy = build(SPEC, PolicySettings(hidden_sizes=(1,), activation="relu"), torch.Generator())
    with torch.no_grad():
        first, last = policy.actor[0], policy.actor[2]
        first.weight.fill_(1.0)
        last.weight.copy_(torch.tensor([[0.0], [9.0]]))
        last.bias.copy_(torch.tensor([9.0 * bias, 0.0]))
    return Player(policy, torch.device("cpu"), scale, seed=0, deterministic=deterministic)


def lasting(*first, **settings):
    remaining = iter(first)
    return SerialVectorEnv(lambda: Lasting(next(remaining), **settings), len(first))


def test_each_env_plays_as_many_episodes_as_was_settled_before():
    # Env 0 plays episodes of 1 and 2 steps, env 1 of 50 and 51, env 2 one of 3: position i + k * 3 is env i's k-th.
    returns, lengths = play(lasting(1, 50, 3), player(bias=9), 5, seed=0)
    assert lengths.tolist() == [1, 50, 3, 2, 51]
    assert returns.tolist() == [1, 50, 3, 2, 51]


def test_more_envs_than_episodes():
    assert play(lasting(4, 5, 6), player(bias=9), 2, seed=0)[1].tolist() == [4, 5]


def test_the_policy_sees_observations_as_they_are_normalised():
    scale = ObservationScale((1,))
    scale.update(np.array([[2.0], [4.0]]))
    # 4 is above 3; normalised, (4 - 3) / 1 = 1 is not.
    assert play(lasting(1), player(bias=3), 1, seed=0)[0].tolist() == [10]
    assert play(lasting(1), player(bias=3, scale=scale), 1, seed=0)[0].tolist() == [1]
    assert scale.statistics.count == 2


def test_sampled_actions_vary_and_modes_do_not():
    even = player(bias=4.0, deterministic=False)
    returns, lengths = play(lasting(100), even, 1, seed=0)
    tens = (returns[0] - lengths[0]) / 9
    # Both actions equally likely: 50 of 100, five standard deviations of 5 either way.
    assert 25 < tens < 75


def test_rewards_that_are_not_finite_are_refused():
    with pytest.raises(EnvironmentFailed, match="Environment 0 returned a reward that is not finite"):
        play(lasting(3, reward=np.inf), player(bias=9), 1, seed=0)
