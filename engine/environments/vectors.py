"""Vector envs: classic control, computed all at once (see batched); any other env, stepped one after another."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import Env, spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from engine.environments import mujoco_warnings
from engine.environments.allowed import MUJOCO
from engine.environments.batched import dynamics_of
from engine.environments.batched.vector_env import BatchedVectorEnv
from engine.environments.failure import EnvironmentFailed
from engine.environments.spaces import flat, observation_length
from engine.right_of_way import VISITORS

LONGEST = 1000


class Episode:
    """One env that can be brought back to where it is: the random state before its last reset, and the actions since.

    Copies of Box2D and MuJoCo envs succeed without an error and are wrong; playing the actions again is exact.
    """

    def __init__(self, env: Env):
        self.env = env
        self.seed: int | None = None
        self.random: dict[str, Any] | None = None
        self.actions: list[Any] = []

    def reset(self, seed: int | None = None) -> Any:
        """Begin an episode, from `seed` or going on with the env's own random numbers; the observation."""
        self.random = None if seed is not None else dict(self.env.unwrapped.np_random.bit_generator.state)
        self.seed, self.actions = seed, []
        return self.env.reset(seed=seed)[0]

    def step(self, action: Any) -> tuple[Any, float, bool, bool]:
        """One step; `action` is kept, so it must not be written to afterwards."""
        self.actions.append(action)
        observation, reward, terminated, truncated, _ = self.env.step(action)
        return observation, float(reward), terminated, truncated

    def replay(self, seed: int | None, random: dict[str, Any] | None, actions: list[Any]) -> Any:
        """Go to where the actions lead from the given random state or seed; the last observation."""
        if random is not None:
            self.env.unwrapped.np_random.bit_generator.state = random
        observation = self.reset(seed)
        for action in actions:
            observation = self.step(action)[0]
        return observation


class SerialVectorEnv(VectorEnv):
    """Steps its envs one after another, NEXT_STEP autoreset; observations are flat float32 [N, length].

    Unlike gymnasium's SyncVectorEnv it drops the infos, lets envs rest (`idle` [N] bool: not stepped, reward 0),
    names the env that raises, and can be saved and restored exactly, whatever the env (see snapshots).
    """

    def __init__(self, make: Callable[[], Env], n: int):
        self.episodes = [Episode(make()) for _ in range(n)]
        env = self.episodes[0].env
        self.num_envs, self.spec = n, env.spec
        self.name = env.spec.id if env.spec is not None else type(env.unwrapped).__name__
        self.metadata = {**env.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}
        self.flat = flat(env.observation_space)
        length = observation_length(env.observation_space, self.name)
        self.single_observation_space = spaces.Box(-np.inf, np.inf, (length,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, n)
        self.single_action_space = env.action_space
        self.action_space = batch_space(self.single_action_space, n)
        self.idle = np.zeros(n, bool)
        self.ended = np.zeros(n, bool)
        self.observations = np.zeros((n, length), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every env; `seed` is spread into one independent seed for each."""
        seeds: list[int | None] = [None] * self.num_envs
        if seed is not None:
            seeds = [int(word) for word in np.random.SeedSequence(seed).generate_state(self.num_envs)]
        for i, episode in enumerate(self.episodes):
            try:
                self.observations[i] = self.flat(episode.reset(seeds[i]))
            except Exception as error:
                raise self._failed(i, error) from error
        self.ended[:] = False
        return self.observations.copy(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step each env; one whose episode ended at the last step is reset instead, with reward 0."""
        VISITORS.give()
        n = self.num_envs
        rewards, terminated, truncated = np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
        chosen = actions.tolist() if isinstance(self.single_action_space, spaces.Discrete) else actions.copy()
        for i, episode in enumerate(self.episodes):
            if self.idle[i]:
                continue
            try:
                if self.ended[i]:
                    observation = episode.reset()
                else:
                    observation, rewards[i], terminated[i], truncated[i] = episode.step(chosen[i])
                self.observations[i] = self.flat(observation)
            except Exception as error:
                raise self._failed(i, error) from error
        self.ended = np.where(self.idle, self.ended, terminated | truncated)
        return self.observations.copy(), rewards, terminated, truncated, {}

    def _failed(self, i: int, error: Exception) -> EnvironmentFailed:
        step = len(self.episodes[i].actions)
        where = f"at step {step} of its episode" if step else "when it was reset"
        return EnvironmentFailed(f"{self.name}, environment {i}, raised {where}: {type(error).__name__}: {error}")

    def close_extras(self, **kwargs: Any) -> None:
        for episode in self.episodes:
            episode.env.close()


def step_limit(env_id: str, max_episode_steps: int | None) -> int:
    """Steps after which an episode is cut off: as asked, else the env's own limit, else 1000."""
    return max_episode_steps or gymnasium.spec(env_id).max_episode_steps or LONGEST


class FreshWorld(gymnasium.Wrapper):
    """Gives a Box2D env a new world for every episode, as LunarLander does itself.

    BipedalWalker keeps its world, and with it traces of earlier episodes: the same seed would not play out the same.
    """

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        inner: Any = self.env.unwrapped
        inner._destroy()
        inner.world = type(inner.world)()
        return self.env.reset(seed=seed, options=options)


def single(env_id: str, max_episode_steps: int | None = None, **kwargs: Any) -> Env:
    """One env of an allowed id (see `allowed`), its episodes cut off after `step_limit` steps."""
    limit = step_limit(env_id, max_episode_steps)
    if env_id in MUJOCO:
        mujoco_warnings.take_over()
    env = gymnasium.make(env_id, max_episode_steps=limit, disable_env_checker=True, **kwargs)
    return FreshWorld(env) if env_id.startswith("BipedalWalker") else env


def vector(env_id: str, n: int, max_episode_steps: int | None = None) -> BatchedVectorEnv | SerialVectorEnv:
    """`n` envs of an allowed id. Classic control runs as arrays: the same dynamics, many times as fast."""
    dynamics = dynamics_of(gymnasium.spec(env_id))
    if dynamics is not None:
        return BatchedVectorEnv(dynamics, n, step_limit(env_id, max_episode_steps))
    return SerialVectorEnv(lambda: single(env_id, max_episode_steps), n)
