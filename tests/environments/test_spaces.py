"""Observations as numbers and actions as an env takes them."""

import numpy as np
import pytest
from gymnasium import spaces

from engine.environments.spaces import UnsupportedSpace, action_distribution, flat, observation_length, to_env
from engine.policies.distributions import Categorical, Gaussian, MultiCategorical


@pytest.mark.parametrize(
    ("space", "observation", "numbers"),
    [
        (spaces.Box(0, 1, (2,), np.float64), np.array([0.25, 0.5]), [0.25, 0.5]),
        (spaces.Box(0, 9, (2, 2), np.uint8), np.array([[1, 2], [3, 4]], np.uint8), [1, 2, 3, 4]),
        (spaces.Discrete(3), 2, [0, 0, 1]),
        (spaces.Discrete(3, start=5), 6, [0, 1, 0]),
        (spaces.MultiDiscrete([2, 3]), np.array([1, 0]), [0, 1, 1, 0, 0]),
        (spaces.MultiBinary(3), np.array([1, 0, 1], np.int8), [1, 0, 1]),
        (spaces.Tuple((spaces.Discrete(2), spaces.Discrete(3))), (0, 2), [1, 0, 0, 0, 1]),
    ],
)
def test_observations_become_numbers(space, observation, numbers):
    assert observation_length(space, "Env-v0") == len(numbers)
    assert np.asarray(flat(space)(observation)).tolist() == numbers


@pytest.mark.parametrize(
    ("space", "distribution", "sampled", "taken"),
    [
        (spaces.Discrete(3), Categorical(3), [0, 2], [0, 2]),
        (spaces.Discrete(3, start=-1), Categorical(3), [0, 2], [-1, 1]),
        (spaces.MultiDiscrete([2, 3]), MultiCategorical((2, 3)), [[1, 2]], [[1, 2]]),
        (spaces.MultiDiscrete([2, 3], start=[4, 5]), MultiCategorical((2, 3)), [[1, 2]], [[5, 7]]),
        (spaces.Box(-1, 2, (2,), np.float32), Gaussian(2), [[-3.0, 3.0]], [[-1.0, 2.0]]),
        (spaces.Box(-1, 2, (2, 1), np.float64), Gaussian(2), [[-3.0, 0.5]], [[[-1.0], [0.5]]]),
    ],
)
def test_actions_are_what_the_env_takes(space, distribution, sampled, taken):
    assert action_distribution(space, "Env-v0") == distribution
    kind = np.float32 if isinstance(space, spaces.Box) else np.int64
    actions = to_env(space)(np.array(sampled, kind))
    assert actions.tolist() == taken
    assert all(space.contains(action) for action in actions)


@pytest.mark.parametrize("space", [spaces.MultiBinary(2), spaces.Box(0, 9, (2,), np.int64), spaces.Discrete(10**6)])
def test_other_actions_are_refused(space):
    with pytest.raises(UnsupportedSpace, match=r"Env-v0 has actions .*; supported are"):
        action_distribution(space, "Env-v0")
