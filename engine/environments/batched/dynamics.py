"""Dynamics: the rules of an environment for many copies at once, as pure functions of arrays."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gymnasium import Space
from gymnasium.spaces import Box

Start = Callable[[np.random.Generator, int], np.ndarray]
Outcome = tuple[np.ndarray, np.ndarray, np.ndarray]
Step = Callable[[np.ndarray, np.ndarray], Outcome]
Observe = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Dynamics:
    """One environment. A state is an array [parts, N], one row for each part (position, velocity...).

    start(random, n): states [parts, n] of n episodes that begin.
    step(state, actions): the next state, rewards [N] and terminated [N]; the state given is left as it was.
        Actions are int64 [N], or of the action space's type [N, A].
    observe(state): what is seen of it, float32 [N, length].
    """

    name: str
    observation_space: Box
    action_space: Space
    start: Start
    step: Step
    observe: Observe
