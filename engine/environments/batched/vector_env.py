"""BatchedVectorEnv: runs any Dynamics as a vector env, all copies in one go."""

from typing import Any

import numpy as np
from gymnasium.spaces import Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from engine.environments.batched.dynamics import Dynamics


class BatchedVectorEnv(VectorEnv):
    """n copies, NEXT_STEP autoreset, each episode cut off after `limit` steps; one random generator for all.

    `idle` [n] bool: copies that rest are not stepped nor reset, and get reward 0. What decides the future is `state`
    [parts, n], `steps` [n] of the episodes under way, `ended` [n] (reset at the next step) and `np_random`.
    """

    def __init__(self, dynamics: Dynamics, n: int, limit: int):
        self.dynamics, self.num_envs, self.limit = dynamics, n, limit
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self.single_observation_space = dynamics.observation_space
        self.observation_space = batch_space(self.single_observation_space, n)
        self.single_action_space = dynamics.action_space
        self.action_space = batch_space(self.single_action_space, n)
        self.idle = np.zeros(n, bool)
        self.state: np.ndarray | None = None
        self.steps = np.zeros(n, np.int64)
        self.ended = np.zeros(n, bool)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every copy, from `seed` or going on with the random numbers."""
        super().reset(seed=seed)
        self.state = self._starts(self.num_envs)
        self.steps[:], self.ended[:] = 0, False
        return self.dynamics.observe(self.state), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step each copy; one whose episode ended at the last step is reset instead, with reward 0.

        Raises ValueError for actions of another shape or out of range.
        """
        if self.state is None:
            raise ValueError(f"{self.dynamics.name} is to be reset before its first step")
        before = self.state
        self.state, rewards, terminated = self.dynamics.step(before, self._checked(actions))
        self.steps += 1
        truncated = self.steps >= self.limit
        begins = self.ended
        if np.count_nonzero(begins):
            begins = begins & ~self.idle
            self.state[:, begins] = self._starts(int(np.count_nonzero(begins)))
            self.steps[begins] = 0
            rewards[begins], terminated[begins], truncated[begins] = 0.0, False, False
        done = terminated | truncated
        if np.count_nonzero(self.idle):
            rest = self.idle
            self.state[:, rest] = before[:, rest]
            self.steps[rest] -= 1
            rewards[rest], terminated[rest], truncated[rest] = 0.0, False, False
            done[rest] = self.ended[rest]
        self.ended = done
        return self.dynamics.observe(self.state), rewards, terminated, truncated, {}

    def _starts(self, n: int) -> np.ndarray:
        return self.dynamics.start(self.np_random.random((self.dynamics.drawn, n)))

    def _checked(self, actions: np.ndarray) -> np.ndarray:
        space = self.single_action_space
        actions = np.asarray(actions, space.dtype)
        if actions.shape != self.action_space.shape:
            raise ValueError(f"actions have the shape {actions.shape}; {self.action_space.shape} is needed")
        if isinstance(space, Discrete) and not (actions.min() >= 0 and actions.max() < space.n):
            raise ValueError(f"actions are {actions.min()} to {actions.max()}; 0 to {space.n - 1} are allowed")
        return actions
