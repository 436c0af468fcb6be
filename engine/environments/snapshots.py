"""Exact snapshots of vector envs as primitives and tensors, which torch loads with weights_only."""

from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Discrete
from gymnasium.vector import VectorEnv

from engine.environments.batched.vector_env import BatchedVectorEnv
from engine.environments.failure import EnvironmentFailed
from engine.environments.vectors import Episode, SerialVectorEnv


def save(envs: VectorEnv) -> dict[str, Any]:
    """Everything that decides what the env does next. Raises TypeError for a vector env of an unknown kind."""
    if isinstance(envs, BatchedVectorEnv):
        return _save_batched(envs)
    if isinstance(envs, SerialVectorEnv):
        return _save_serial(envs)
    raise TypeError(f"No snapshot is known for {type(envs).__name__}")


def load(envs: VectorEnv, snapshot: dict[str, Any]) -> None:
    """Bring a vector env made with the same settings to where the snapshot was taken.

    Raises ValueError for a snapshot of another kind or width, and EnvironmentFailed when an env, played again,
    does not arrive at the observation it had.
    """
    if (snapshot["kind"], snapshot["n"]) != (_kind(envs), envs.num_envs):
        saved, mine = f"{snapshot['n']} x {snapshot['kind']}", f"{envs.num_envs} x {_kind(envs)}"
        raise ValueError(f"The saved environments are {saved}; this run has {mine}")
    if isinstance(envs, BatchedVectorEnv):
        _load_batched(envs, snapshot)
    elif isinstance(envs, SerialVectorEnv):
        _load_serial(envs, snapshot)


def _kind(envs: VectorEnv) -> str:
    return f"batched {envs.dynamics.name}" if isinstance(envs, BatchedVectorEnv) else type(envs).__name__


def _save_batched(envs: BatchedVectorEnv) -> dict[str, Any]:
    return {
        "kind": _kind(envs),
        "n": envs.num_envs,
        "random": envs.np_random.bit_generator.state,
        "state": None if envs.state is None else torch.from_numpy(envs.state.copy()),
        "steps": torch.from_numpy(envs.steps.copy()),
        "ended": torch.from_numpy(envs.ended.copy()),
    }


def _load_batched(envs: BatchedVectorEnv, snapshot: dict[str, Any]) -> None:
    envs.np_random.bit_generator.state = snapshot["random"]
    envs.state = None if snapshot["state"] is None else snapshot["state"].numpy().copy()
    envs.steps = snapshot["steps"].numpy().copy()
    envs.ended = snapshot["ended"].numpy().copy()


def _save_serial(envs: SerialVectorEnv) -> dict[str, Any]:
    return {
        "kind": _kind(envs),
        "n": envs.num_envs,
        "ended": torch.from_numpy(envs.ended.copy()),
        "observations": torch.from_numpy(envs.observations.copy()),
        "episodes": [_save_episode(episode) for episode in envs.episodes],
    }


def _save_episode(episode: Episode) -> dict[str, Any]:
    actions = torch.from_numpy(np.array(episode.actions)) if episode.actions else None
    return {"seed": episode.seed, "random": episode.random, "actions": actions}


def _load_serial(envs: SerialVectorEnv, snapshot: dict[str, Any]) -> None:
    envs.ended = snapshot["ended"].numpy().copy()
    envs.observations = snapshot["observations"].numpy().copy()
    for i, (episode, saved) in enumerate(zip(envs.episodes, snapshot["episodes"], strict=True)):
        if saved["seed"] is None and saved["random"] is None:
            continue
        actions = [] if saved["actions"] is None else list(saved["actions"].numpy())
        if isinstance(envs.single_action_space, Discrete):
            actions = [int(action) for action in actions]
        observation = np.asarray(envs.flat(episode.replay(saved["seed"], saved["random"], actions)), np.float32)
        if not np.array_equal(observation, envs.observations[i]):
            raise EnvironmentFailed(
                f"{envs.name}, environment {i}, did not come back to its saved state by playing its {len(actions)} "
                f"steps again: it keeps something across episodes, or has random numbers of its own"
            )
