"""Environments small enough for a hand calculation, as vector envs of either autoreset mode."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper

from engine.environments.vectors import SerialVectorEnv


class Count(gymnasium.Env):
    """`length` steps whatever is done: observes 0, 1, 2, ... and at the end `final`; step k pays k."""

    action_space = spaces.Discrete(2)
    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)

    def __init__(self, length: int = 3, cut_off: bool = False, final: float | None = None):
        self.length, self.cut_off = length, cut_off
        self.final = float(length) if final is None else final

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.count += 1
        over = self.count == self.length
        observation = np.full(1, self.final if over else self.count, np.float32)
        return observation, float(self.count), over and not self.cut_off, over and self.cut_off, {}


class OneState(gymnasium.Env):
    """One state, reward 1, for ever; stopped after ten steps, which counts as an end or as a cut-off."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)

    def __init__(self, cut_off: bool, action_space: spaces.Space):
        self.cut_off, self.action_space = cut_off, action_space

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.left = 10
        return np.ones(1, np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.left -= 1
        over = self.left == 0
        return np.ones(1, np.float32), 1.0, over and not self.cut_off, over and self.cut_off, {}


def serial(make: Any, n: int) -> VectorEnv:
    return SerialVectorEnv(make, n)


def next_step(make: Any, n: int) -> VectorEnv:
    return SyncVectorEnv([make] * n, autoreset_mode=AutoresetMode.NEXT_STEP)


def same_step(make: Any, n: int) -> VectorEnv:
    return SyncVectorEnv([make] * n, autoreset_mode=AutoresetMode.SAME_STEP)


class PaidResets(VectorWrapper):
    """A NEXT_STEP vector env whose resetting steps, which are no steps, claim a reward of a million."""

    def reset(self, **settings: Any) -> Any:
        self.ended = np.zeros(self.num_envs, bool)
        return super().reset(**settings)

    def step(self, actions: Any) -> Any:
        observations, rewards, terminated, truncated, infos = super().step(actions)
        rewards = np.where(self.ended, 1e6, rewards)
        self.ended = terminated | truncated
        return observations, rewards, terminated, truncated, infos


def paid_resets(make: Any, n: int) -> VectorEnv:
    return PaidResets(next_step(make, n))


MODES = {"serial": serial, "next_step": next_step, "same_step": same_step}
