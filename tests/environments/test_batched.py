"""Batched environments beside gymnasium's own: steps, ends, starts, and what a checkpoint brings back."""

import io

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from scipy.stats import ks_2samp

from engine.environments import snapshots
from engine.environments.batched import BATCHED
from engine.environments.batched.vector_env import BatchedVectorEnv
from engine.environments.vectors import SerialVectorEnv, vector

# Corners of the states that are tried, [parts]: all that an episode can reach, and angles beyond a turn.
REACHED = {
    "Acrobot-v1": ([-np.pi, -np.pi, -4 * np.pi, -9 * np.pi], [np.pi, np.pi, 4 * np.pi, 9 * np.pi]),
    "CartPole-v1": ([-2.5, -4.0, -0.25, -4.0], [2.5, 4.0, 0.25, 4.0]),
    "MountainCar-v0": ([-1.2, -0.07], [0.6, 0.07]),
    "MountainCarContinuous-v0": ([-1.2, -0.07], [0.6, 0.07]),
    "Pendulum-v1": ([-20.0, -8.0], [20.0, 8.0]),
}
IDS = list(REACHED)
# Step limits under which the actions of `pumped` now reach the end and now do not.
LIMITS = {
    "Acrobot-v1": 108,
    "CartPole-v1": 25,
    "MountainCar-v0": 157,
    "MountainCarContinuous-v0": 92,
    "Pendulum-v1": 70,
}


def put(env, state):
    """Bring gymnasium's env to the state of one of ours."""
    env.unwrapped.state = state.copy()
    env.unwrapped.steps_beyond_terminated = None


def drawn(envs, rng):
    """Random actions; real ones go past what is allowed."""
    space = envs.single_action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return rng.integers(0, space.n, envs.num_envs)
    return rng.uniform(1.5 * space.low, 1.5 * space.high, (envs.num_envs, *space.shape)).astype(np.float32)


@pytest.mark.parametrize("env_id", IDS)
def test_from_any_state_the_next_is_gymnasiums(env_id):
    n, rng = 4000, np.random.default_rng(0)
    envs, env = vector(env_id, n), gymnasium.make(env_id).unwrapped
    assert isinstance(envs, BatchedVectorEnv)
    envs.reset(seed=0)
    low, high = REACHED[env_id]
    envs.state = rng.uniform(low, high, (n, len(low))).T.astype(envs.state.dtype)
    before, actions = envs.state.copy(), drawn(envs, rng)
    observations, rewards, terminated, truncated, _ = envs.step(actions)
    env.reset()
    for i in range(n):
        put(env, before[:, i])
        observation, reward, ends, _, _ = env.step(actions[i])
        np.testing.assert_allclose(observations[i], observation, rtol=0, atol=1e-6)
        np.testing.assert_allclose(envs.state[:, i], env.state, rtol=0, atol=1e-6)
        assert abs(rewards[i] - reward) <= 1e-6 and terminated[i] == ends
    assert not truncated.any()
    assert terminated.any() == (env_id != "Pendulum-v1") and not terminated.all()
    if env_id.startswith("MountainCar"):
        assert ((envs.state == envs.state.dtype.type([[-1.2], [0.0]])).all(0)).any(), "none was stopped by the wall"


@pytest.mark.parametrize("env_id", IDS)
def test_whole_episodes_are_gymnasiums_one_after_another(env_id):
    """Nothing but an episode's start is handed to gymnasium, whose own limit cuts it off."""
    n, limit, rng = 4, LIMITS[env_id], np.random.default_rng(1)
    ours = vector(env_id, n, limit)
    theirs = SyncVectorEnv([lambda: gymnasium.make(env_id, max_episode_steps=limit)] * n)
    ours.reset(seed=1)
    theirs.reset(seed=1)
    begins, ends = np.ones(n, bool), {"terminated": 0, "truncated": 0}
    for _ in range(750):
        for i in np.flatnonzero(begins):
            put(theirs.envs[i], ours.state[:, i])
        actions = pumped(ours, rng)
        begins = ours.ended.copy()
        (seen, *mine), (expected, *others) = ours.step(actions)[:4], theirs.step(actions)[:4]
        np.testing.assert_allclose(seen[~begins], expected[~begins], rtol=0, atol=1e-6)
        for one, other in zip(mine, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
        assert (mine[0][begins] == 0).all()
        ends["terminated"] += int(mine[1].sum())
        ends["truncated"] += int(mine[2].sum())
    assert ends["truncated"] > 0 and (ends["terminated"] > 0) == (env_id != "Pendulum-v1"), ends


def pumped(envs, rng):
    """Random actions, or for the cars and Acrobot a push along the motion, mostly, which gets them to their goals."""
    if not envs.dynamics.name.startswith(("MountainCar", "Acrobot")):
        return drawn(envs, rng)
    along = np.sign(envs.state[-1]) * rng.choice([1, 1, 1, 1, 1, 1, 1, -1], envs.num_envs)
    continuous = envs.single_action_space.shape != ()
    return along.astype(np.float32)[:, None] if continuous else along.astype(np.int64) + 1


@pytest.mark.parametrize("env_id", IDS)
def test_spaces_are_gymnasiums(env_id):
    ours, theirs = vector(env_id, 2), gymnasium.make(env_id)
    assert ours.single_observation_space == theirs.observation_space
    assert ours.single_action_space == theirs.action_space
    observations, _ = ours.reset(seed=0)
    assert ours.observation_space.contains(observations)


@pytest.mark.parametrize("env_id", IDS)
def test_episodes_begin_as_gymnasiums_do(env_id):
    """Part by part, 4000 starts of each cannot be told apart (Kolmogorov and Smirnov; fixed seeds)."""
    n, env = 4000, gymnasium.make(env_id).unwrapped
    env.reset(seed=2)
    theirs = np.array([(env.reset(), np.array(env.state, float))[1] for _ in range(n)])
    envs = vector(env_id, n, max_episode_steps=1)
    at_reset, again = (envs.reset(seed=3), envs.state)[1], None
    for _ in range(2):
        envs.step(np.zeros((n, *envs.single_action_space.shape), envs.single_action_space.dtype))
        again = envs.state
    for mine in (at_reset, again):
        for part in range(theirs.shape[1]):
            assert ks_2samp(mine[part], theirs[:, part]).pvalue > 1e-3
            assert abs(mine[part].min() - theirs[:, part].min()) < 0.01 * np.ptp(theirs[:, part]) + 1e-12
    assert len(np.unique(at_reset[0])) > 0.95 * n and (again != at_reset).any()


@pytest.mark.parametrize("env_id", IDS)
def test_a_restored_env_goes_on_bit_for_bit_and_the_same_seed_is_the_same_run(env_id):
    envs, rng = vector(env_id, 5, max_episode_steps=13), np.random.default_rng(0)
    envs.reset(seed=4)
    actions = [drawn(envs, rng) for _ in range(60)]
    rows, files = [], {}
    for t, action in enumerate(actions):
        if t in (0, 12, 13, 14, 30):  # 13 steps have been taken: reset next; 14: just reset
            files[t] = io.BytesIO()
            torch.save(snapshots.save(envs), files[t])
        rows.append(envs.step(action)[:4])
    for t, file in files.items():
        fresh = vector(env_id, 5, max_episode_steps=13)
        snapshots.load(fresh, torch.load(io.BytesIO(file.getvalue()), weights_only=True))
        for action, row in zip(actions[t:], rows[t:], strict=True):
            for one, other in zip(fresh.step(action)[:4], row, strict=True):
                np.testing.assert_array_equal(one, other)
    fresh.reset(seed=4)
    np.testing.assert_array_equal(fresh.step(actions[0])[0], rows[0][0])


@pytest.mark.parametrize("env_id", IDS)
def test_copies_at_rest_are_neither_stepped_nor_reset(env_id):
    """Three steps' episodes: copy 1 rests in the middle of one, copy 2 after the end of one."""
    rng = np.random.default_rng(0)
    envs = vector(env_id, 4, max_episode_steps=3)
    envs.reset(seed=0)
    envs.step(drawn(envs, rng))
    envs.idle[1] = True
    held = envs.step(drawn(envs, rng))[0][1]
    *_, truncated, _ = envs.step(drawn(envs, rng))
    assert truncated.tolist() == [True, False, True, True]
    envs.idle[2] = True
    resting = envs.state[:, 2].copy()
    for _ in range(9):
        observations, rewards, terminated, truncated, _ = envs.step(drawn(envs, rng))
        np.testing.assert_array_equal(observations[1], held)
        np.testing.assert_array_equal(envs.state[:, 2], resting)
        assert (rewards[1:3] == 0).all() and not (terminated | truncated)[1:3].any()
    envs.idle[:] = False
    _, rewards, _, truncated, _ = envs.step(drawn(envs, rng))
    assert rewards[2] == 0 and rewards[1] != 0, "copy 2 is reset, copy 1 takes its second step"
    assert not truncated[[1, 2]].any()
    assert envs.step(drawn(envs, rng))[3][[1, 2]].tolist() == [True, False]


def test_another_gravity_or_a_wrapped_env_is_another_env():
    for env_id, arguments in (("Batched/Moon-v0", {"g": 1.6}), ("Batched/Earth-v0", {})):
        entry = "gymnasium.envs.classic_control.pendulum:PendulumEnv"
        gymnasium.register(env_id, entry, max_episode_steps=5, kwargs=arguments)
    try:
        assert isinstance(vector("Batched/Moon-v0", 2), SerialVectorEnv)
        earth = vector("Batched/Earth-v0", 2)
        assert isinstance(earth, BatchedVectorEnv) and earth.limit == 5
    finally:
        for env_id in ("Batched/Moon-v0", "Batched/Earth-v0"):
            del gymnasium.registry[env_id]
    assert sorted(BATCHED) == sorted(gymnasium.spec(env_id).entry_point for env_id in IDS)


@pytest.mark.parametrize(
    ("actions", "sentence"),
    [
        (np.array([0, 3]), "actions are 0 to 3; 0 to 2 are allowed"),
        (np.array([-1, 0]), "actions are -1 to 0; 0 to 2 are allowed"),
        (np.array([[0], [1]]), r"actions have the shape \(2, 1\); \(2,\) is needed"),
    ],
)
def test_actions_that_are_none_are_refused(actions, sentence):
    envs = vector("Acrobot-v1", 2)
    with pytest.raises(ValueError, match="Acrobot is to be reset before its first step"):
        envs.step(np.zeros(2, int))
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=sentence):
        envs.step(actions)
