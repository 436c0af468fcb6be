"""Collector: every row that happened is in the rollout once, and no other row counts."""

from itertools import cycle

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from engine import failures
from engine.environments.failure import EnvironmentFailed
from engine.environments.normalisation import ObservationScale, RewardScale
from engine.environments.spaces import to_env
from engine.environments.vectors import SerialVectorEnv, single
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec
from engine.tasks.collecting import Collector

CPU = torch.device("cpu")
COUNTING = EnvSpec((1,), Categorical(2))


class Counting(gymnasium.Env):
    """Episodes of `length` steps; the observation counts the steps taken, step k brings the reward k."""

    observation_space = spaces.Box(0, 100, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, length, cut_off=False, bad=None):
        self.length, self.cut_off, self.bad = length, cut_off, bad or {}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.count += 1
        observation, reward = np.full(1, self.count, np.float32), float(self.count)
        if self.count == self.bad.get("step"):
            if self.bad["what"] == "raise":
                raise RuntimeError("the motor is stuck")
            observation = observation * np.nan if self.bad["what"] == "observation" else observation
            reward = np.inf if self.bad["what"] == "reward" else reward
        ends = self.count == self.length
        return observation, reward, ends and not self.cut_off, ends and self.cut_off, {}


def counting(*lengths, **settings):
    remaining = iter(lengths)
    return SerialVectorEnv(lambda: Counting(next(remaining), **settings), len(lengths))


def collector(envs, spec=COUNTING, **settings):
    generator = torch.Generator().manual_seed(1)
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), generator)
    made = Collector(envs, spec, 7, CPU, **settings)
    return lambda batch_size, whole=False: made.collect(policy, batch_size, generator, whole)


def columns(tensor):
    return tensor.int().T.tolist()


@pytest.mark.parametrize("cut_off", [False, True])
def test_the_row_after_an_episode_is_invalid_also_across_rollouts(cut_off):
    collect = collector(counting(3, 2, cut_off=cut_off))
    first, second = collect(8), collect(8)
    # Episodes of 3 and of 2 steps, each followed by one row that only resets: 1 2 3 _ 1 2 3 _ and 1 2 _ 1 2 _ 1 2.
    assert columns(first.rewards) == [[1, 2, 3, 0], [1, 2, 0, 1]]
    assert columns(first.mask) == [[1, 1, 1, 0], [1, 1, 0, 1]]
    assert columns(second.rewards) == [[1, 2, 3, 0], [2, 0, 1, 2]]
    assert columns(second.mask) == [[1, 1, 1, 0], [1, 0, 1, 1]]
    ends, others = (first.truncated, first.terminated) if cut_off else (first.terminated, first.truncated)
    assert columns(ends) == [[0, 0, 1, 0], [0, 1, 0, 0]]
    assert not others.any()
    # The observation after the last step of an episode is its true final one.
    assert columns(first.observations[..., 0]) == [[0, 1, 2, 3, 0], [0, 1, 2, 0, 1]]
    assert columns(second.observations[..., 0]) == [[0, 1, 2, 3, 0], [1, 2, 0, 1, 2]]
    assert (first.steps, second.steps) == (6, 6)
    assert (first.episode_returns, first.episode_lengths) == ([3.0, 6.0], [2, 3])
    assert (second.episode_returns, second.episode_lengths) == ([3.0, 6.0, 3.0], [2, 3, 2])


def test_the_first_row_is_invalid_when_the_last_rollout_ended_with_an_episode():
    collect = collector(counting(3))
    first, second = collect(3), collect(3)
    assert columns(first.mask) == [[1, 1, 1]]
    assert columns(second.mask) == [[0, 1, 1]]
    assert columns(second.rewards) == [[0, 1, 2]]
    assert second.episode_returns == []


def test_a_rollout_is_never_of_resets_alone():
    """One step of each env at a time: after both have ended together, the row that resets them and one that happens."""
    collect = collector(counting(2, 2))
    assert [columns(collect(2).mask) for _ in range(4)] == [[[1], [1]], [[1], [1]], [[0, 1], [0, 1]], [[1], [1]]]


@pytest.mark.parametrize(
    ("batch_size", "mask"),
    [
        # Two envs with episodes of 3 and 2 steps. Valid steps taken after each row: 2 4 5 6 ...
        (1, [[1, 1, 1], [1, 1, 0]]),
        (4, [[1, 1, 1], [1, 1, 0]]),
        # The fifth step ends the first env's episode while the second is being reset: neither begins another.
        (5, [[1, 1, 1], [1, 1, 0]]),
        # At the sixth the second env has begun a new episode and finishes it; the first is being reset and stays.
        (6, [[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]]),
    ],
)
def test_whole_episodes_are_finished_and_none_begins_after_the_batch_is_full(batch_size, mask):
    rollout = collector(counting(3, 2))(batch_size, whole=True)
    assert columns(rollout.mask) == mask
    assert not rollout.rewards[~rollout.mask].any() and not rollout.done[~rollout.mask].any()
    assert sum(rollout.episode_lengths) == rollout.steps == sum(map(sum, mask))
    assert sum(rollout.episode_returns) == rollout.rewards.sum()


def test_whole_episodes_begin_afresh_each_time():
    collect = collector(counting(3, 2))
    collect(2)
    for _ in range(2):
        rollout = collect(4, whole=True)
        assert columns(rollout.rewards) == [[1, 2, 3], [1, 2, 0]]
        assert rollout.episode_returns == [3.0, 6.0]


@pytest.mark.parametrize("n", [1, 5])
def test_whole_episodes_of_an_env_that_cannot_rest(n):
    spec = EnvSpec((4,), Categorical(2))
    rollout = collector(CartPoleVectorEnv(n), spec)(150, whole=True)
    assert rollout.steps == sum(rollout.episode_lengths) == rollout.rewards.sum()
    assert sum(rollout.episode_lengths) >= 150
    assert rollout.done[~rollout.mask].sum() == 0
    for mask, done in zip(rollout.mask.T, rollout.done.T, strict=True):
        last = int(mask.nonzero().max())
        assert done[last], "the last valid row of each env ends an episode"


def test_returns_and_lengths_are_those_gymnasium_records():
    """The same envs, seeds and actions through gymnasium's SyncVectorEnv and RecordEpisodeStatistics."""
    envs = SerialVectorEnv(lambda: gymnasium.make("Acrobot-v1", max_episode_steps=40), 3)
    rollout = collector(envs, EnvSpec((6,), Categorical(3)))(3 * 130)
    theirs = RecordEpisodeStatistics(
        SyncVectorEnv([lambda: gymnasium.make("Acrobot-v1", max_episode_steps=40) for _ in range(3)])
    )
    seeds = np.random.SeedSequence(7).generate_state(3).tolist()
    observations, _ = theirs.reset(seed=seeds)
    returns, lengths = [], []
    for t, actions in enumerate(rollout.actions.numpy()):
        np.testing.assert_array_equal(rollout.observations[t], observations)
        observations, rewards, terminated, truncated, infos = theirs.step(actions)
        np.testing.assert_array_equal(rollout.rewards[t], rewards)
        np.testing.assert_array_equal(rollout.terminated[t], terminated)
        np.testing.assert_array_equal(rollout.truncated[t], truncated)
        if "episode" in infos:
            returns += infos["episode"]["r"][infos["_episode"]].tolist()
            lengths += infos["episode"]["l"][infos["_episode"]].tolist()
    assert rollout.episode_returns == returns
    assert rollout.episode_lengths == lengths
    assert len(returns) == 9


def test_gaussian_actions_are_clipped_for_the_env_only():
    seen = []

    class Pushed(Counting):
        action_space = spaces.Box(-0.1, 0.2, (2,), np.float32)

        def step(self, action):
            seen.append(action)
            return super().step(action)

    spec = EnvSpec((1,), Gaussian(2))
    envs = SerialVectorEnv(lambda: Pushed(100), 4)
    rollout = collector(envs, spec, to_env=to_env(envs.single_action_space))(40)
    sampled = rollout.actions.reshape(-1, 2).numpy()
    assert rollout.actions.dtype == torch.float32 and np.abs(sampled).max() > 1
    np.testing.assert_array_equal(np.stack(seen), np.minimum(np.maximum(sampled, np.float32(-0.1)), np.float32(0.2)))


def test_observations_are_normalised_with_the_statistics_from_before_the_rollout():
    collect = collector(counting(3, 3), observation_scale=ObservationScale((1,)))
    first, second = collect(8), collect(8)
    assert columns(first.observations[..., 0]) == [[0, 1, 2, 3, 0]] * 2
    # Valid rows read 0, 1, 2 in each env: mean 1, population variance 2/3. The final 3 belongs to an invalid row.
    expected = (np.array([0, 1, 2, 3, 0]) - 1) / np.sqrt(2 / 3)
    np.testing.assert_allclose(second.observations[:, 0, 0], expected, rtol=1e-6)


def test_rewards_are_scaled_and_episode_returns_are_not():
    rollout = collector(counting(3, 3), reward_scale=RewardScale(2, 0.5))(16)
    # Discounted returns so far with discount 1/2: 1, 2.5, 4.25 in each of two episodes in each env.
    spread = np.std([1, 2.5, 4.25])
    np.testing.assert_allclose(rollout.rewards[:, 0], np.array([1, 2, 3, 0] * 2) / spread, rtol=1e-6)
    assert rollout.episode_returns == [6.0] * 4


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("observation", "The environment returned the observation nan in environment 1 at step 2 of this rollout"),
        ("reward", "The environment returned the reward inf in environment 1 at step 2 of this rollout"),
        ("raise", "Counting, environment 1, raised at step 2 of its episode: RuntimeError: the motor is stuck"),
    ],
)
def test_an_env_that_fails_is_named(what, sentence):
    bad = cycle([{}, {"step": 2, "what": what}])
    envs = SerialVectorEnv(lambda: Counting(5, bad=next(bad)), 2)
    with pytest.raises(EnvironmentFailed) as failure:
        collector(envs)(10)
    assert str(failure.value) == sentence
    assert failures.sentence(failure.value) == f"{sentence}."


def test_a_diverged_policy_is_blamed_rather_than_the_env():
    spec = EnvSpec((3,), Gaussian(1))
    envs = SerialVectorEnv(lambda: single("Pendulum-v1"), 2)
    generator = torch.Generator()
    policy = build(spec, PolicySettings(), generator)
    torch.nn.init.constant_(policy.log_std, torch.nan)
    made = Collector(envs, spec, 0, CPU, to_env=to_env(envs.single_action_space))
    with pytest.raises(EnvironmentFailed, match="The policy chose the action nan in environment 0 at step 1 of"):
        made.collect(policy, 4, generator, False)


def test_another_autoreset_mode_is_refused():
    envs = SyncVectorEnv([lambda: Counting(3)], autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match="NEXT_STEP and SAME_STEP are supported"):
        Collector(envs, COUNTING, 0, CPU)
