"""Pictures of an episode: the states are the env's, the video plays, the text is the env's own."""

import json
import re

import gymnasium
import imageio_ffmpeg
import numpy as np
import pytest
import torch

from engine.environments import replays
from engine.environments.allowed import CLASSIC_CONTROL
from engine.environments.playing import Player
from engine.environments.sketch import BACKGROUND, sketch
from engine.environments.spaces import action_distribution, observation_length
from engine.environments.vectors import single
from engine.policies import PolicySettings, build
from engine.policies.spec import EnvSpec


def picture(env_id, limit=30):
    env = single(env_id)
    shape = (observation_length(env.observation_space, env_id),)
    spec = EnvSpec(shape, action_distribution(env.action_space, env_id))
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0))
    return replays.picture(env_id, limit, Player(policy, torch.device("cpu"), None, 0, deterministic=True), seed=3)


def observed(env_id, state):
    """What each env's observation says of a state, by its documentation."""
    if env_id == "Acrobot-v1":
        first, second, *velocities = state
        return [np.cos(first), np.sin(first), np.cos(second), np.sin(second), *velocities]
    if env_id == "Pendulum-v1":
        return [np.cos(state[0]), np.sin(state[0]), state[1]]
    return state


@pytest.mark.parametrize("env_id", [*CLASSIC_CONTROL, "InvertedPendulum-v5"])
def test_states_are_those_the_actions_lead_through(env_id):
    shown = picture(env_id)
    json.dumps(shown)
    assert (shown["kind"], shown["env_id"]) == ("states", env_id)
    assert len(shown["states"]) == shown["length"] + 1 == len(shown["actions"]) + 1
    env = gymnasium.make(env_id)
    observation, _ = env.reset(seed=3)
    total = 0.0
    for state, action in zip(shown["states"], [*shown["actions"], None], strict=True):
        expected = observed(env_id, state)
        np.testing.assert_allclose(observation[: len(expected)], expected, atol=2e-3)
        if action is not None:
            taken = action if isinstance(action, int) else np.array(action, np.float32)
            observation, reward, *_ = env.step(taken)
            total += reward
    assert shown["return"] == pytest.approx(total, abs=2e-2)


@pytest.mark.parametrize(("env_id", "size"), [("LunarLander-v3", (600, 400)), ("Hopper-v5", (480, 320))])
def test_videos_are_mp4_of_as_many_frames_as_they_say(env_id, size, tmp_path):
    shown = picture(env_id)
    path = tmp_path / "replay.mp4"
    path.write_bytes(shown["bytes"])
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    about = next(imageio_ffmpeg.read_frames(str(path)))
    assert (shown["kind"], shown["artifact"], shown["frames"]) == ("video", "replay.mp4", frames)
    assert about["size"] == size and about["codec"] == "h264" and about["fps"] == shown["fps"]
    own = gymnasium.spec(env_id).make().metadata["render_fps"]
    assert seconds == pytest.approx((shown["length"] + 1) / own, abs=0.3)


@pytest.mark.parametrize(
    ("env_id", "said"),
    [
        ("FrozenLake-v1", "SFFF"),
        ("Taxi-v4", r"\+---------\+"),
        ("CliffWalking-v1", "x"),
        ("Blackjack-v1", "dealer"),
    ],
)
def test_texts_are_the_envs_own(env_id, said):
    shown = picture(env_id, limit=8)
    json.dumps(shown)
    assert shown["kind"] == "text" and len(shown["frames"]) == shown["length"] + 1
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", frame) for frame in shown["frames"]]
    assert all(re.search(said, frame) for frame in plain)


def test_a_sketch_shows_the_pole_where_it_stands():
    """The pole of InvertedPendulum is the one thing of its colour (0, 0.7, 0.7); leaning right, it is seen right."""
    env = single("InvertedPendulum-v5")
    env.reset(seed=0)
    seen = {}
    for angle in (-0.8, 0.0, 0.8):
        env.unwrapped.set_state(np.array([0.0, angle]), np.zeros(2))
        frame = sketch("InvertedPendulum-v5", env.unwrapped.model, env.unwrapped.data)
        pole = (frame == [0, 178, 178]).all(-1)
        seen[angle] = np.argwhere(pole).mean(0) - np.argwhere((frame != BACKGROUND).any(-1) & ~pole).mean(0) * [0, 1]
    assert seen[-0.8][1] < seen[0.0][1] - 10 < seen[0.8][1] - 20
    # 0.6 m long: its middle is 0.3 m (1 - cos 0.8) = 0.09 m lower when it leans, 12 of 320 pixels for 2.4 m.
    assert seen[0.8][0] - seen[0.0][0] == pytest.approx(12, abs=3)
