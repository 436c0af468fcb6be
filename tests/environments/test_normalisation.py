"""Running statistics against numpy over everything at once, and reward scaling against gymnasium's wrapper."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import NormalizeReward

from engine.environments.normalisation import ObservationScale, RewardScale, Statistics


def test_merged_batches_have_the_mean_and_variance_of_all_together():
    rng = np.random.default_rng(0)
    batches = [rng.normal(1e4, 3, (size, 2)) for size in (1, 5, 0, 200, 17)]
    statistics = Statistics((2,))
    for batch in batches:
        statistics.update(batch)
    together = np.concatenate(batches)
    np.testing.assert_allclose(statistics.mean, together.mean(0), rtol=1e-12)
    np.testing.assert_allclose(statistics.variance, together.var(0), rtol=1e-9)
    assert statistics.count == 223


def test_observations_are_standardised_and_clipped_and_applying_learns_nothing():
    scale = ObservationScale((1,))
    scale.update(np.array([[0.0], [2.0]]))
    out = np.empty((3, 1), np.float32)
    for _ in range(2):
        scale.apply(np.array([[1.0], [2.0], [1e6]], np.float32), out=out)
        np.testing.assert_allclose(out[:, 0], [0, 1, 10], rtol=1e-6)


def test_rewards_are_scaled_as_gymnasium_scales_them():
    """Over one episode of 2000 steps both end with the spread of the same discounted returns."""
    bare = gymnasium.make("Pendulum-v1", max_episode_steps=2000)
    theirs = NormalizeReward(gymnasium.make("Pendulum-v1", max_episode_steps=2000), gamma=0.9)
    rng = np.random.default_rng(0)
    rewards = np.zeros((2000, 1))
    theirs.reset(seed=0)
    bare.reset(seed=0)
    for t in range(2000):
        action = rng.uniform(-2, 2, 1)
        scaled = theirs.step(action)[1]
        rewards[t, 0] = bare.step(action)[1]
    scale = RewardScale(1, 0.9)
    ours = scale.scaled(rewards, np.zeros((2000, 1), bool), np.ones((2000, 1), bool))
    assert np.sqrt(scale.statistics.variance) == pytest.approx(np.sqrt(theirs.return_rms.var), rel=1e-4)
    assert ours[-1, 0] == pytest.approx(scaled, rel=1e-4)


def test_statistics_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"have shape \(3,\); expected \(2,\)"):
        ObservationScale((2,)).load_state_dict(ObservationScale((3,)).state_dict())
