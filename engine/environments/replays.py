"""Pictures of one episode: states that the browser draws, a looped video, or text."""

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from gymnasium import Env

from engine.environments.allowed import MUJOCO
from engine.environments.playing import Moment, Player, moments
from engine.environments.sketch import sketch
from engine.environments.vectors import single

MAX_FRAMES = 250
VIDEO_FPS = 25
DECIMALS = 4

Picture = dict[str, Any]
Seen = TypeVar("Seen")

# What is needed to draw a state: metres, radians, seconds; the sources are the envs' own files.
PHYSICS: dict[str, dict[str, Any]] = {
    "CartPole-v1": {"fps": 50, "x_threshold": 2.4, "theta_threshold": 0.2094, "pole_length": 1.0},
    "Acrobot-v1": {"fps": 5, "link_lengths": [1.0, 1.0], "goal_height": 1.0},
    "MountainCar-v0": {"fps": 30, "min_position": -1.2, "max_position": 0.6, "goal_position": 0.5},
    "MountainCarContinuous-v0": {"fps": 30, "min_position": -1.2, "max_position": 0.6, "goal_position": 0.45},
    "Pendulum-v1": {"fps": 20, "length": 1.0, "max_torque": 2.0},
    "InvertedPendulum-v5": {"fps": 25, "x_threshold": 1.0, "theta_threshold": 0.2, "pole_length": 0.6},
}


def picture(env_id: str, max_episode_steps: int | None, player: Player, seed: int) -> Picture:
    """One episode from `seed`, shown in the way that suits the env (see the functions below)."""
    if env_id in PHYSICS:
        return states(env_id, single(env_id, max_episode_steps), player, seed)
    if env_id in MUJOCO:
        env = single(env_id, max_episode_steps)
        inner: Any = env.unwrapped
        return video(env, player, seed, lambda: sketch(env_id, inner.model, inner.data))
    modes = _render_modes(env_id)
    if "ansi" in modes:
        env = single(env_id, max_episode_steps, render_mode="ansi")
        return text(env, player, seed, lambda moment: str(env.render()))
    if env_id == "Blackjack-v1":
        return text(single(env_id, max_episode_steps), player, seed, _hand)
    if "rgb_array" in modes:
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        env = single(env_id, max_episode_steps, render_mode="rgb_array")
        return video(env, player, seed, env.render)
    return text(single(env_id, max_episode_steps), player, seed, lambda moment: str(moment.observation))


def states(env_id: str, env: Env, player: Player, seed: int) -> Picture:
    """{"kind": "states"}: the state before each step and after the last, [length + 1][k]; actions [length].

    CartPole and InvertedPendulum: position, (velocity,) angle, ...; Acrobot: two angles and their velocities;
    MountainCar: position, velocity; Pendulum: angle (0 is up), velocity.
    """
    played = list(_closing(env, moments(env, player, seed), lambda moment: (_state(env), moment)))
    actions = [np.asarray(moment.action) for _, moment in played[1:]]
    return {
        "kind": "states",
        "env_id": env_id,
        "states": [[round(float(part), DECIMALS) for part in state] for state, _ in played],
        "actions": [np.round(action, DECIMALS).tolist() for action in actions],
        "physics": PHYSICS[env_id],
        **_outcome([moment for _, moment in played]),
    }


def _state(env: Env) -> list[float]:
    inner: Any = env.unwrapped
    if hasattr(inner, "data"):
        return inner.data.qpos.tolist()
    return list(inner.state)


def text(env: Env, player: Player, seed: int, draw: Callable[[Moment], str]) -> Picture:
    """{"kind": "text"}: one text per moment, with the escape codes that colour a terminal."""
    played = list(_closing(env, moments(env, player, seed), lambda moment: (draw(moment), moment)))
    frames = [frame for frame, _ in played[:MAX_FRAMES]]
    return {"kind": "text", "frames": frames, **_outcome([moment for _, moment in played])}


def video(env: Env, player: Player, seed: int, render: Callable[[], Any]) -> Picture:
    """{"kind": "video"}: "bytes" is an MP4 (H.264) of at most 250 frames, at the speed of the env's own clock."""
    own = int(env.metadata.get("render_fps") or VIDEO_FPS)
    stride = max(1, round(own / VIDEO_FPS))
    frames: list[np.ndarray] = []
    played: list[Moment] = []
    for moment in _closing(env, moments(env, player, seed), lambda moment: moment):
        if len(played) % stride == 0 and len(frames) < MAX_FRAMES:
            frames.append(np.ascontiguousarray(render(), dtype=np.uint8))
        played.append(moment)
    fps = max(1, round(own / stride))
    body = encoded(frames, fps)
    about = {"artifact": "replay.mp4", "frames": len(frames), "fps": fps}
    return {"kind": "video", **about, "bytes": body, **_outcome(played)}


def encoded(frames: list[np.ndarray], fps: int) -> bytes:
    """Frames [height, width, 3] uint8, all of one size, as an MP4 that browsers play from its first bytes."""
    import imageio_ffmpeg

    height, width = frames[0].shape[0] // 2 * 2, frames[0].shape[1] // 2 * 2
    options = ["-crf", "26", "-preset", "ultrafast", "-threads", "1", "-movflags", "+faststart"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "replay.mp4")
        writer = imageio_ffmpeg.write_frames(
            str(path), (width, height), fps=fps, quality=None, macro_block_size=2, output_params=options
        )
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame[:height, :width]))
        writer.close()
        return path.read_bytes()


def _outcome(played: list[Moment]) -> Picture:
    return {"return": round(sum(moment.reward for moment in played), DECIMALS), "length": len(played) - 1}


def _closing(env: Env, played: Iterable[Moment], see: Callable[[Moment], Seen]) -> Iterable[Seen]:
    try:
        yield from map(see, played)
    finally:
        env.close()


def _render_modes(env_id: str) -> list[str]:
    with_modes = single(env_id)
    try:
        return list(with_modes.metadata.get("render_modes", []))
    finally:
        with_modes.close()


def _hand(moment: Moment) -> str:
    total, dealer, ace = moment.observation
    move = "" if moment.action is None else f"{('stick', 'hit')[int(moment.action)]}: "
    return f"{move}you hold {total}{' with a usable ace' if ace else ''}, the dealer shows {dealer}"
