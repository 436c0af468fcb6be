"""GridWorldEnv: a map as a Gymnasium environment, like the toy-text ones but drawn without pygame."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from engine.gridworlds import drawing, dynamics
from engine.gridworlds.presets import read_map


class GridWorldEnv(gym.Env[np.int64, np.int64]):
    """Actions are the map's in their order: north, east, south, west and, with king's moves, the diagonals.

    `map` is a preset's name or a map's text.

    observation "cell": row * columns + column, and one more for the place behind the goals where the map pays on
    leaving. "walls": which sides are blocked (north 1, east 2, south 4, west 8).
    "map": whatever the map says. The time limit is the map's own and is reported as truncation; info holds the cell
    as ("row", "column"). `P` and `initial_state_distrib` are as in Gymnasium's FrozenLake and always about cells.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 8}  # noqa: RUF012

    def __init__(self, map: str = "small-4x4", observation: str = "map", render_mode: str | None = None):
        self.grid = read_map(map)
        self.render_mode = render_mode
        self.mdp = dynamics.tabular(self.grid)
        self._codes, kinds = dynamics.observation_codes(self.grid, observation)
        self.P = dynamics.gymnasium_p(self.mdp)
        self.initial_state_distrib = self.mdp.start
        self.observation_space = spaces.Discrete(kinds)
        self.action_space = spaces.Discrete(self.mdp.n_actions)
        self._chances = self.mdp.probabilities.cumsum(-1)
        self._starts = self.mdp.start.cumsum()
        self._state, self._steps = int(self.mdp.start.argmax()), 0

    @property
    def state(self) -> int:
        """The cell the agent is in, row * columns + column."""
        return self._state

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.int64, dict]:
        super().reset(seed=seed)
        # Compared with the last sum rather than 1: probabilities may add up to 1 only up to rounding.
        self._state = int(np.searchsorted(self._starts, self.np_random.random() * self._starts[-1], side="right"))
        self._steps = 0
        return self._codes[self._state], self._place()

    def step(self, action: np.int64 | int) -> tuple[np.int64, float, bool, bool, dict]:
        if not self.action_space.contains(np.int64(action)):
            raise ValueError(f"action is {action}; it must be between 0 and {self.mdp.n_actions - 1}")
        if self.mdp.terminal[self._state]:
            raise gym.error.ResetNeeded("the episode has ended; call reset before the next step")
        chances = self._chances[self._state, action]
        outcome = int(np.searchsorted(chances, self.np_random.random() * chances[-1], side="right"))
        reward = float(self.mdp.rewards[self._state, action, outcome])
        before = self._state
        self._state = int(self.mdp.next_states[before, action, outcome])
        self._steps += 1
        terminated = bool(self.mdp.terminal[self._state])
        truncated = not terminated and self._steps >= self.grid.time_limit
        return self._codes[self._state], reward, terminated, truncated, self._place(before)

    def render(self) -> Any:
        """The map with the agent: text for "ansi", [height, width, 3] uint8 for "rgb_array"."""
        if self.render_mode == "ansi":
            return drawing.as_text(self.grid, self._state)
        if self.render_mode == "rgb_array":
            return drawing.as_pixels(self.grid, self._state)
        gym.logger.warn('render() draws nothing without render_mode="ansi" or "rgb_array" in gymnasium.make')
        return None

    def _place(self, before: int = 0) -> dict[str, int]:
        """Where the agent is; behind the goals it is no more, so where it was."""
        row, column = divmod(self._state if self._state < self.grid.size else before, self.grid.cols)
        return {"row": row, "column": column}
