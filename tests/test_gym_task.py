"""The gym task: exact resume, evaluation and pictures that leave training alone, settings that refuse nonsense."""

import io

import numpy as np
import pytest
import torch

from engine.config import RunConfig
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical, Gaussian
from engine.settings import InvalidSettings
from engine.tasks import gym

CPU = torch.device("cpu")
EXACT = (
    "CartPole-v1",
    "InvertedPendulum-v5",
    "LunarLander-v3",
    "BipedalWalker-v3",
    "Pendulum-v1",
    "Acrobot-v1",
    "MountainCar-v0",
    "FrozenLake-v1",
    "Blackjack-v1",
    "Hopper-v5",
)


class Player:
    """A task, a policy and the generator its actions come from."""

    def __init__(self, seed=3, **settings):
        self.task = gym.build(gym.GymSettings(**settings), seed, CPU)
        self.generator = torch.Generator().manual_seed(seed)
        self.policy = build(self.task.spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0))

    def collect(self, batch_size, whole=False):
        return self.task.collect(self.policy, batch_size, self.generator, whole)

    def save(self):
        file = io.BytesIO()
        torch.save({"task": self.task.state_dict(), "generator": self.generator.get_state()}, file)
        return file.getvalue()

    def restore(self, saved):
        state = torch.load(io.BytesIO(saved), weights_only=True)
        self.task.load_state_dict(state["task"])
        self.generator.set_state(state["generator"])


def assert_same(one, other):
    for name in ("observations", "actions", "rewards", "terminated", "truncated", "mask"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert one.episode_returns == other.episode_returns
    assert one.episode_lengths == other.episode_lengths


@pytest.mark.parametrize("env_id", EXACT)
@pytest.mark.parametrize("whole", [False, True])
def test_a_restored_task_goes_on_bit_for_bit(env_id, whole):
    settings = {"env_id": env_id, "n_envs": 3, "normalise_observations": True, "normalise_rewards": True}
    # Long enough for episodes to end before the save and after it, and to be under way at it.
    limit = 40 if env_id in ("Pendulum-v1", "Acrobot-v1", "MountainCar-v0", "BipedalWalker-v3") else None
    player = Player(**settings, max_episode_steps=limit)
    for _ in range(2):
        player.collect(3 * 55, whole)
    saved = player.save()
    expected = [player.collect(3 * 90, whole) for _ in range(2)]
    assert len(expected[0].episode_returns) > 0
    fresh = Player(seed=11, **settings, max_episode_steps=limit)
    fresh.collect(3 * 7)
    fresh.restore(saved)
    for rollout in expected:
        assert_same(fresh.collect(3 * 90, whole), rollout)
    assert fresh.save() == player.save()


def test_a_task_saved_before_its_first_step_is_restored_too():
    for env_id in ("CartPole-v1", "Pendulum-v1"):
        player, fresh = Player(env_id=env_id, n_envs=2), Player(env_id=env_id, n_envs=2)
        fresh.restore(player.save())
        assert_same(fresh.collect(20), player.collect(20))


def test_a_saved_task_of_other_settings_is_refused():
    saved = Player(env_id="Pendulum-v1", n_envs=2).save()
    with pytest.raises(ValueError, match=r"saved current are float32 \(2, 3\); expected float32 \(3, 3\)"):
        Player(env_id="Pendulum-v1", n_envs=3).restore(saved)
    with pytest.raises(ValueError, match=r"saved current are float32 \(2, 3\); expected float32 \(2, 4\)"):
        Player(env_id="CartPole-v1", n_envs=2).restore(saved)


@pytest.mark.parametrize("env_id", ["CartPole-v1", "LunarLander-v3", "InvertedPendulum-v5"])
def test_evaluations_and_pictures_leave_training_alone(env_id):
    disturbed = Player(env_id=env_id, n_envs=2, normalise_observations=True)
    quiet = Player(env_id=env_id, n_envs=2, normalise_observations=True)
    disturbed.collect(40)
    quiet.collect(40)
    before, random = disturbed.save(), torch.get_rng_state()
    disturbed.task.evaluate(disturbed.policy, 3, 5, deterministic=False)
    disturbed.task.picture(disturbed.policy, 5)
    assert disturbed.save() == before
    assert torch.equal(torch.get_rng_state(), random)
    assert_same(disturbed.collect(40), quiet.collect(40))


@pytest.mark.parametrize("env_id", ["CartPole-v1", "BipedalWalker-v3", "Reacher-v5"])
def test_the_same_seed_gives_the_same_evaluation_whatever_was_before(env_id):
    player = Player(env_id=env_id, n_envs=2, max_episode_steps=30)
    fresh = player.task.evaluate(player.policy, 4, 5, deterministic=False)
    other = player.task.evaluate(player.policy, 4, 6, deterministic=False)
    again = player.task.evaluate(player.policy, 4, 5, deterministic=False)
    np.testing.assert_array_equal(fresh.returns, again.returns)
    np.testing.assert_array_equal(fresh.lengths, again.lengths)
    assert (fresh.returns != other.returns).any()


def test_seeds_of_neighbouring_runs_share_no_episodes():
    one, two = (Player(seed=seed, env_id="Pendulum-v1", n_envs=8).collect(8) for seed in (1, 2))
    both = torch.cat([one.observations[0], two.observations[0]])
    assert len(both.unique(dim=0)) == 16


def test_what_policies_are_asked_for():
    spec = {env_id: Player(env_id=env_id, n_envs=1).task.spec for env_id in ("Taxi-v4", "Blackjack-v1", "Pendulum-v1")}
    assert (spec["Taxi-v4"].observation_shape, spec["Taxi-v4"].distribution) == ((500,), Categorical(6))
    # Blackjack: the player's sum (32), the dealer's card (11), a usable ace (2), each one-hot.
    assert (spec["Blackjack-v1"].observation_shape, spec["Blackjack-v1"].distribution) == ((45,), Categorical(2))
    assert (spec["Pendulum-v1"].observation_shape, spec["Pendulum-v1"].distribution) == ((3,), Gaussian(1))


def test_thresholds_are_gymnasiums_unless_the_episodes_are_shorter():
    def solved_at(**settings):
        return gym.threshold(gym.GymSettings(**settings))

    assert solved_at(env_id="CartPole-v1") == 475
    assert solved_at(env_id="CartPole-v1", max_episode_steps=500) == 475
    assert solved_at(env_id="CartPole-v1", max_episode_steps=200) is None
    assert solved_at(env_id="InvertedPendulum-v5") == 950
    assert solved_at(env_id="LunarLander-v3") == 200
    assert solved_at(env_id="Pendulum-v1") is None


@pytest.mark.parametrize(("env_id", "own"), [("CartPole-v1", 500), ("Pendulum-v1", 200), ("CliffWalking-v1", 1000)])
def test_episodes_end_at_their_limit(env_id, own):
    for limit, expected in ((None, own), (7, 7)):
        player = Player(env_id=env_id, n_envs=2, max_episode_steps=limit)
        longest = player.task.evaluate(player.policy, 2, 0, deterministic=False).lengths.max()
        assert longest <= expected
        if env_id != "CartPole-v1":
            assert longest == expected


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("n_envs", 0, "n_envs is 0; it must be a whole number between 1 and 65536"),
        ("n_envs", True, "n_envs is true; it must be a whole number between 1 and 65536"),
        ("env_id", "cartpole", 'env_id is "cartpole", which is not on the list of allowed environments; did you mean'),
        ("env_id", "os:CartPole-v1", 'env_id is "os:CartPole-v1"; an id may not name a module'),
        ("normalisation_discount", 1.5, "normalisation_discount is 1.5; it must be a number between 0.0 and 1.0"),
        ("kwargs", {"xml_file": "/etc/passwd"}, "kwargs is not a setting"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(field, value, sentence):
    with pytest.raises(InvalidSettings) as refused:
        gym.GymSettings.from_object({field: value})
    assert refused.value.problems[0].startswith(sentence)


def test_tens_of_thousands_of_copies_are_for_envs_that_run_as_arrays():
    assert gym.GymSettings(env_id="Acrobot-v1", n_envs=65_536).n_envs == 65_536
    task = {"kind": "gym", "env_id": "LunarLander-v3", "n_envs": 8192}
    with pytest.raises(InvalidSettings, match="n_envs is 8192; LunarLander-v3 is stepped copy by copy, so it must be"):
        RunConfig.from_object({"task": task, "algorithm": {"kind": "ppo", "batch_size": 8192}})
