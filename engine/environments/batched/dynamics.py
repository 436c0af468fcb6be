"""Dynamics: the rules of an environment for many copies at once, as pure functions of numpy arrays or torch tensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import Space
from gymnasium.spaces import Box

Array = Any  # a numpy array, or a torch tensor on any device
Start = Callable[[Array], Array]
Outcome = tuple[Array, Array, Array]
Step = Callable[[Array, Array], Outcome]
Observe = Callable[[Array], Array]


@dataclass(frozen=True)
class Dynamics:
    """One environment. A state is an array [parts, N], one row for each part (position, velocity...).

    drawn: how many uniform numbers in [0, 1) the start of an episode takes.
    start(draws): states [parts, n] of n episodes that begin, from draws [drawn, n], float64.
    step(state, actions): the next state, rewards [N] and terminated [N]; the state given is left as it was.
        Actions are int64 [N], or of the action space's type [N, A].
    observe(state): what is seen of it, float32 [N, length].

    The functions take and give what they are given: numpy arrays, or tensors, which stay on their device and are
    never looked at. What numpy and torch have under one name, `module` finds; numbers are python's, which change no
    array's type.
    """

    name: str
    observation_space: Box
    action_space: Space
    drawn: int
    start: Start
    step: Step
    observe: Observe


def module(array: Array) -> Any:
    """The module whose functions take this array: torch for a tensor, else numpy."""
    return torch if isinstance(array, torch.Tensor) else np


def seen(state: Array) -> Array:
    """Every part of the state as it is, float32 [N, parts], as a copy."""
    xp = module(state)
    return xp.asarray(state.T, dtype=xp.float32, copy=True)
