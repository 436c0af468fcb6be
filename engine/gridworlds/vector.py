"""GridWorldVectorEnv: many copies of one map stepped as arrays, with an exact state to save and restore."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from engine.gridworlds import drawing, dynamics
from engine.gridworlds.moving import Moving
from engine.gridworlds.presets import read_map
from engine.planning.mdp import Bools, Floats, Ints

Step = tuple[Ints, Floats, Bools, Bools, dict[str, Any]]


class GridWorldVectorEnv(gym.vector.VectorEnv[Ints, Ints, npt.NDArray[Any]]):
    """`num_envs` copies of GridWorldEnv; an ended copy is reset by the next step, which ignores its action.

    Every step draws one uniform number per copy, for its move or for its new start, so a single copy follows
    GridWorldEnv under the same seed number by number.
    """

    metadata = {  # noqa: RUF012
        "render_modes": ["ansi", "rgb_array"],
        "render_fps": 8,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        map: str = "small-4x4",
        observation: str = "map",
        render_mode: str | None = None,
    ):
        self.grid = read_map(map)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.mdp = dynamics.tabular(self.grid)
        self._codes, kinds = dynamics.observation_codes(self.grid, observation)
        self.single_observation_space = spaces.Discrete(kinds)
        self.single_action_space = spaces.Discrete(self.mdp.n_actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._moving = Moving.of(self.mdp)
        self._states = np.full(num_envs, int(self.mdp.start.argmax()))
        self._steps = np.zeros(num_envs, dtype=np.int64)
        self._ended = np.ones(num_envs, dtype=bool)

    @property
    def states(self) -> Ints:
        """[N] the cell each copy is in, row * columns + column; rows * columns once it has left behind a goal."""
        return self._states.copy()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Ints, dict[str, Any]]:
        super().reset(seed=seed)
        return self.begin_at(self._moving.start(self.np_random.random(self.num_envs))), {}

    def begin_at(self, states: Ints) -> Ints:
        """Begin an episode in every copy at the given cells [N]; returns the first observations [N]."""
        if not (self.mdp.start[states] > 0).all():
            raise ValueError("an episode can only begin in a start cell of the map")
        self._states = np.array(states, dtype=np.int64)
        self._steps = np.zeros(self.num_envs, dtype=np.int64)
        self._ended = np.zeros(self.num_envs, dtype=bool)
        return self._codes[self._states]

    def step(self, actions: Ints) -> Step:
        actions = np.asarray(actions, dtype=np.int64)
        if actions.shape != (self.num_envs,) or actions.min() < 0 or actions.max() >= self.mdp.n_actions:
            raise ValueError(f"actions must be {self.num_envs} whole numbers between 0 and {self.mdp.n_actions - 1}")
        draws = self.np_random.random(self.num_envs)
        states, rewards, terminated = self._moving.step(self._states, actions, draws)
        self._steps += 1
        restarted = self._ended.nonzero()[0]
        if restarted.size:
            states[restarted] = self._moving.start(draws[restarted])
            rewards[restarted] = 0.0
            terminated[restarted] = False  # no start is an end
            self._steps[restarted] = 0
        truncated = (self._steps >= self.grid.time_limit) & ~terminated
        self._states, self._ended = states, terminated | truncated
        return self._codes[states], rewards, terminated, truncated, {}

    def get_state(self) -> dict[str, Any]:
        """All that decides the future, as lists, numbers and text; set_state continues from it number by number."""
        return {
            "states": self._states.tolist(),
            "steps": self._steps.tolist(),
            "ended": self._ended.tolist(),
            "generator": _as_text(self.np_random.bit_generator.state),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from what get_state returned. Raises ValueError for another number of copies."""
        if len(state["states"]) != self.num_envs:
            raise ValueError(f"the saved state has {len(state['states'])} copies, this environment {self.num_envs}")
        self._states = np.array(state["states"], dtype=np.int64)
        self._steps = np.array(state["steps"], dtype=np.int64)
        self._ended = np.array(state["ended"], dtype=bool)
        self.np_random = np.random.Generator(np.random.PCG64())
        self.np_random.bit_generator.state = _from_text(state["generator"])

    def render(self) -> tuple[Any, ...] | None:
        """One picture per copy: text for "ansi", [height, width, 3] uint8 for "rgb_array"."""
        if self.render_mode is None:
            return None
        draw = drawing.as_text if self.render_mode == "ansi" else drawing.as_pixels
        return tuple(draw(self.grid, int(state)) for state in self._states)


def _as_text(state: Mapping[str, Any]) -> dict[str, Any]:
    """PCG64's state; its 128-bit numbers as text, which every format can hold."""
    inner = {name: str(number) for name, number in state["state"].items()}
    return {**state, "state": inner}


def _from_text(state: dict[str, Any]) -> dict[str, Any]:
    inner = {name: int(number) for name, number in state["state"].items()}
    return {**state, "state": inner}
