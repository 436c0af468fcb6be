"""Gridworlds as a task: rollouts from a map, evaluation in episodes of its own, and a picture of policy and values."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from pydantic import field_validator

from engine import devices
from engine.gridworlds.dynamics import cell_rewards, ends, observation_codes, tabular
from engine.gridworlds.maps import CELLS, in_rows
from engine.gridworlds.moving import Moving
from engine.gridworlds.playing import play
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import MAX_CHARACTERS
from engine.gridworlds.vector import GridWorldVectorEnv
from engine.planning.gradient import best_memoryless
from engine.planning.horizon import optimal_return, policy_return, return_spread
from engine.planning.mdp import Floats, Ints, TabularMDP
from engine.policies import Policy
from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.settings import Settings, setting
from engine.tasks.collecting import Collector
from engine.tasks.evaluation import Evaluation
from engine.tasks.grid_oracle import CELL_MOVES, beside_sampled, oracle
from engine.tasks.resident import ResidentCollector
from engine.tasks.worlds import gridworld

EXACT = 1e-3
# A threshold two standard errors of this many episodes below the optimum: an optimal policy misses it once in 40 tries.
EPISODES_BEHIND_THRESHOLD = 100
# Cells times moves: how large a map without full sight is searched, and how many are drawn for a second's wait.
SEARCHED_CELL_MOVES = 20_000
DRAWN_CELL_MOVES = 500_000


class GridWorldSettings(Settings):
    kind: Literal["gridworld"] = "gridworld"
    map: str = setting(
        "small-4x4",
        label="Map",
        help=f"A map's name ({', '.join(MAPS)}) or a map as text.",
        min_length=1,
        max_length=MAX_CHARACTERS,
    )
    observation: Literal["map", "cell", "walls"] = setting(
        "map",
        label="What the agent sees",
        help="Its cell, or only which of its four sides are blocked; map: what the map says.",
        expert=True,
    )
    oracle: bool = setting(
        False,
        label="Exact answers",
        help="Record exact return, gradient and KL beside the sampled ones, where cells times the time limit are "
        f"at most {CELL_MOVES:,}.",
        expert=True,
    )
    n_envs: int = setting(64, label="Copies", help="Copies of the map played at the same time.", ge=1, le=65_536)

    @field_validator("map")
    @classmethod
    def _is_playable(cls, value: str) -> str:
        read_map(value)
        return value


class GridWorldTask:
    """Observations are one-hot: cells [rows * columns], or wall codes [16]. Returns are undiscounted."""

    stuck = False

    def __init__(self, settings: GridWorldSettings, seed: int, device: torch.device):
        self.settings, self.device = settings, device
        self.grid = read_map(settings.map)
        self.mdp = tabular(self.grid)
        self._seen, kinds = observation_codes(self.grid, settings.observation)
        self._one_hot = np.eye(kinds, dtype=np.float32)
        self.spec = EnvSpec((kinds,), Categorical(self.mdp.n_actions))
        self._envs = GridWorldVectorEnv(settings.n_envs, settings.map, settings.observation)
        self._collector = Collector(self._envs, self.spec, seed, device, write=self._write)
        self._resident = self._living_on_the_device(seed)
        self.optimal_return, self.solved_at = best_return(self.mdp, self._seen, self.grid.time_limit)
        self._asked = settings.oracle and self.mdp.n_states * self.grid.time_limit <= CELL_MOVES
        self._visits = np.zeros((2, kinds), dtype=np.int64)  # of the last batch, and since the start
        self.picture_seconds: float | None = max(0.5, self.mdp.n_states * self.grid.time_limit / DRAWN_CELL_MOVES)

    def _write(self, observations: np.ndarray, out: np.ndarray) -> None:
        np.take(self._one_hot, observations, axis=0, out=out)

    def collect(self, policy: Policy, batch_size: int, generator: torch.Generator, whole_episodes: bool) -> Rollout:
        """batch_size // n_envs steps of each copy, or whole episodes until batch_size steps were taken."""
        if self._resident is not None and not whole_episodes:
            return self._resident.collect(policy, batch_size, generator)
        if not self.settings.oracle:
            return self._collector.collect(policy, batch_size, generator, whole_episodes)
        table = self._table(policy)
        rollout = self._collector.collect(policy, batch_size, generator, whole_episodes)
        self._count(rollout)
        if not self._asked:
            return rollout
        known = beside_sampled(self.mdp, table, self.grid.time_limit, rollout.episode_returns)
        exact = oracle(self.mdp, table, self._seen, len(self._one_hot), self.grid.time_limit)
        return replace(rollout, metrics=rollout.metrics | known, oracle=exact)

    def _living_on_the_device(self, seed: int) -> ResidentCollector | None:
        """What makes rollouts on the device itself; None where exact answers are asked for, which numpy works out."""
        if self.settings.oracle or not devices.resident(self.device):
            return None
        self._envs.reset(seed=seed)
        seen = torch.from_numpy(self._seen).to(self.device)
        world = gridworld(Moving.of(self.mdp).on(self.device), seen, len(self._one_hot), self.grid.time_limit)
        return ResidentCollector(world, self.spec, self.settings.n_envs, self.device)

    def _count(self, rollout: Rollout) -> None:
        moved = rollout.observations[: len(rollout.actions)][rollout.mask].argmax(-1)
        self._visits[0] = np.bincount(moved.cpu().numpy(), minlength=len(self._one_hot))
        self._visits[1] += self._visits[0]

    def evaluate(self, policy: Policy, episodes: int, seed: int, deterministic: bool) -> Evaluation:
        """One episode in each of `episodes` copies of its own; deterministic: always the likeliest action."""
        table = self._table(policy)
        if deterministic:
            table = np.eye(self.mdp.n_actions)[table.argmax(-1)]
        rng = np.random.default_rng(seed)
        # Systematic sampling of the start: each as often as its probability says, so chance is left to the moves.
        quantiles = (np.arange(episodes) + rng.random()) / episodes
        envs = GridWorldVectorEnv(episodes, self.settings.map, self.settings.observation)
        envs.reset(seed=seed)
        starts = self.mdp.start.cumsum()
        envs.begin_at(np.searchsorted(starts, quantiles * starts[-1], side="right"))
        returns, lengths, _ = play(envs, table, rng)
        return Evaluation(returns, lengths)

    def picture(self, policy: Policy, seed: int) -> dict[str, Any]:
        """The map with the policy's probabilities, its exact values under the time limit and one sampled episode."""
        table = self._table(policy)
        rng = np.random.default_rng(seed)
        envs = GridWorldVectorEnv(1, self.settings.map, self.settings.observation)
        envs.reset(seed=seed)
        returns, _, visited = play(envs, table, rng)
        values = policy_return(self.mdp, table, self.grid.time_limit)
        shape = (self.grid.rows, self.grid.cols)
        return {
            "kind": "grid",
            "rows": self.grid.rows,
            "cols": self.grid.cols,
            "cells": [[CELLS[cell] for cell in row] for row in self.grid.cells],
            "rewards": cell_rewards(self.grid).reshape(shape).tolist(),
            "probabilities": self._where_moving(table.round(6).tolist()),
            "values": self._where_moving(values.round(6).tolist()),
            "trajectory": [
                list(divmod(int(states[0]), self.grid.cols)) for states in visited if states[0] < self.grid.size
            ],
            "return": round(float(returns[0]), 6),
            "expected_return": round(float(self.mdp.start @ values), 6),
            "return_spread": round(return_spread(self.mdp, table, self.grid.time_limit), 6),
            "optimal_return": round(self.optimal_return, 6),
        } | self._known(policy, table)

    @torch.no_grad()
    def _known(self, policy: Policy, table: Floats) -> dict[str, Any]:
        """What the agent thinks of each cell; where exact answers were asked for, also visits and advantages, counted
        over all cells that look alike."""
        seen = self._seen
        thought = policy.values(torch.from_numpy(self._one_hot).to(self.device)).cpu().double().numpy()
        told: dict[str, Any] = {"estimates": self._where_moving(thought[seen].round(6).tolist())}
        if not self.settings.oracle:
            return told
        for name, counts in zip(("visited", "visited_ever"), self._visits, strict=True):
            told[name] = self._where_moving((counts / max(1, counts.sum()))[seen].round(6).tolist())
        if self._asked:
            exact = oracle(self.mdp, table, seen, len(self._one_hot), self.grid.time_limit)
            told["visits"] = self._where_moving(exact.visits.numpy()[seen].round(6).tolist())
            told["advantages"] = self._where_moving(exact.advantages.numpy()[seen].round(6).tolist())
        return told

    def state_dict(self) -> dict[str, Any]:
        carried = {} if self._resident is None else self._resident.carry()
        if carried:
            self._collector.carry_on(carried)
            under_way = {"states": carried["state"][0], "steps": carried["steps"], "ended": carried["ended"]}
            self._envs.set_state(self._envs.get_state() | {name: row.tolist() for name, row in under_way.items()})
        state = {"collector": self._collector.state_dict(), "envs": self._envs.get_state()}
        return state | {"visits": torch.from_numpy(self._visits.copy())} if self.settings.oracle else state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._collector.load_state_dict(state["collector"])
        self._envs.set_state(state["envs"])
        if self._resident is not None and self._collector.under_way:
            under_way = {"state": [state["envs"]["states"]], "steps": state["envs"]["steps"]}
            self._resident.carry_on(self._collector.carry() | {name: np.array(row) for name, row in under_way.items()})
        if self.settings.oracle:
            self._visits = state["visits"].numpy().copy()

    def close(self) -> None:
        self._envs.close()

    @torch.no_grad()
    def _table(self, policy: Policy) -> Floats:
        """[S, A] float64: the policy's action probabilities in every cell."""
        logits = policy.params(torch.from_numpy(self._one_hot[self._seen]).to(self.device))
        return torch.softmax(logits.cpu().double(), -1).numpy()

    def _where_moving(self, per_state: list[Any]) -> list[list[Any]]:
        """One entry per state as rows of the grid; None in walls, goals and pits that end the episode."""
        moving = ~(ends(self.grid) | self.mdp.terminal[: self.grid.size])
        return in_rows(self.grid, [entry if here else None for entry, here in zip(per_state, moving, strict=False)])


def best_return(mdp: TabularMDP, seen: Ints, horizon: int) -> tuple[float, float | None]:
    """(the best expected return over `horizon` moves of an agent that sees `seen` [S], what counts as reaching it).

    Where every cell looks different the first is exact, by backward induction. Else it is that of the best policy
    without memory, as exact gradient ascent finds it; on maps too large to search, the bound that full sight gives,
    and no threshold.
    """
    values, actions = optimal_return(mdp, horizon)
    best, policy = float(mdp.start @ values), np.eye(mdp.n_actions)[actions[0]]
    if len(np.unique(seen)) < mdp.n_states:
        if mdp.n_states * horizon > SEARCHED_CELL_MOVES:
            return best, None
        policy, best = best_memoryless(mdp, seen, horizon)
    error = return_spread(mdp, policy, horizon) / EPISODES_BEHIND_THRESHOLD**0.5
    return best, best - max(EXACT, 2 * error)


def build(settings: GridWorldSettings, seed: int, device: torch.device) -> GridWorldTask:
    return GridWorldTask(settings, seed, device)
