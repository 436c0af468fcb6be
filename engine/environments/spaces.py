"""Which observation and action spaces are supported, and how they become numbers for a policy and back."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import Space, spaces

from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical

MAX_OBSERVATION = 4096
MAX_CHOICES = 4096


class UnsupportedSpace(ValueError):
    """An environment whose observations or actions no policy here can deal with; the message says why."""


def observation_length(space: Space, env_id: str) -> int:
    """How many numbers a flattened observation has: Box flat, Discrete one-hot, MultiDiscrete and Tuple side by side.

    Raises UnsupportedSpace for other kinds and for more than 4096 numbers.
    """
    if not _is_numbers(space):
        kinds = "Box, Discrete, MultiDiscrete, MultiBinary, or a Tuple or Dict of these"
        raise UnsupportedSpace(f"{env_id} has observations of kind {type(space).__name__}; supported are {kinds}")
    length = spaces.flatdim(space)
    if not 1 <= length <= MAX_OBSERVATION:
        shape = " x ".join(map(str, space.shape or (length,)))
        raise UnsupportedSpace(
            f"{env_id} has observations of {shape} numbers ({length}); between 1 and {MAX_OBSERVATION} are supported"
        )
    return length


def _is_numbers(space: Space) -> bool:
    if isinstance(space, spaces.Tuple | spaces.Dict):
        parts = space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces
        return all(_is_numbers(part) for part in parts)
    return isinstance(space, spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary)


def flat(space: Space) -> Callable[[Any], Any]:
    """The function that turns one observation into numbers [length]."""
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return lambda observation: observation
    return lambda observation: spaces.flatten(space, observation)


def action_distribution(space: Space, env_id: str) -> Distribution:
    """The distribution a policy needs for these actions. Raises UnsupportedSpace."""
    if isinstance(space, spaces.Discrete) and space.n <= MAX_CHOICES:
        return Categorical(int(space.n))
    if isinstance(space, spaces.MultiDiscrete) and len(space.shape) == 1 and space.nvec.sum() <= MAX_CHOICES:
        return MultiCategorical(tuple(int(n) for n in space.nvec))
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating) and 1 <= math.prod(space.shape) <= 256:
        return Gaussian(math.prod(space.shape))
    kinds = "Discrete, MultiDiscrete (up to 4096 choices) or Box of up to 256 real numbers"
    raise UnsupportedSpace(f"{env_id} has actions {space}; supported are {kinds}")


def to_env(space: Space) -> Callable[[np.ndarray], np.ndarray]:
    """The function that turns actions as a policy samples them, [N] or [N, A], into what a vector env's step takes."""
    if isinstance(space, spaces.Box):
        low, high, shape = space.low, space.high, space.shape
        return lambda actions: np.clip(actions.reshape(len(actions), *shape), low, high).astype(space.dtype)
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete) and np.any(space.start):
        return lambda actions: actions + space.start
    return lambda actions: actions
