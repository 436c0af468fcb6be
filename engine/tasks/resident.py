"""ResidentCollector: rollouts made wholly on one device, environments and policy together."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.graphs import Replayed, Stopwatch
from engine.policies import Policy
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.tasks.rows import Rows
from engine.tasks.worlds import World

Carried = dict[str, np.ndarray]


class ResidentCollector:
    """N copies of a world, NEXT_STEP autoreset: the step after an episode's end begins the next, and does not count.

    Nothing is read from the device while a rollout is made. A rollout's tensors are the collector's own, written over
    by the next one. What is carried on: state [parts, N], steps [N] of the episodes under way, ended [N] (begin anew at
    the next step), returns [N] and lengths [N] so far.
    """

    def __init__(self, world: World, spec: EnvSpec, n: int, device: torch.device):
        self.world, self.spec, self.n, self.device = world, spec, n, device
        self.carried: dict[str, Tensor] = {}
        self.policy: Policy | None = None
        self.noise: Tensor | None = None

    def collect(self, policy: Policy, batch_size: int, generator: torch.Generator) -> Rollout:
        """batch_size // N steps of each copy, going on where the last rollout ended."""
        steps, watch = max(1, batch_size // self.n), Stopwatch(self.device)
        if not self.carried:
            self._begin(generator)
        if self.policy is not policy or steps != len(self.rows["actions"]):
            self._prepare(policy, steps)
        self._draw(policy, generator)
        rollout = self.rollout()
        watch.stop()
        return replace(rollout, seconds=watch.seconds)

    def _draw(self, policy: Policy, generator: torch.Generator) -> None:
        """All that chance will decide in one rollout."""
        self.draws.uniform_(generator=generator)
        noise = policy.distribution.noise(self.params, generator)
        self.noise = noise if self.noise is None else self.noise.copy_(noise)

    def rollout(self) -> Rollout:
        """Step all copies through what was drawn."""
        self.at.zero_()
        for _ in range(len(self.draws)):
            self.step()
        with torch.no_grad():
            self.rows["observations"][-1].copy_(self.world.observe(self.carried["state"]))
        return Rollout(
            observations=self.rows["observations"],
            actions=self.rows["actions"],
            rewards=self.rows["rewards"].float(),
            terminated=self.rows["terminated"],
            truncated=self.rows["truncated"],
            mask=self.rows["mask"],
            under_way=(self.rows["returns"], self.rows["lengths"]),
        )

    def _begin(self, generator: torch.Generator) -> None:
        """An episode begins in every copy."""
        draws = torch.rand(self.world.drawn, self.n, generator=generator, dtype=torch.float64, device=self.device)
        self.carry_on(
            {
                "state": self.world.start(draws),
                "steps": torch.zeros(self.n, dtype=torch.int64),
                "ended": torch.zeros(self.n, dtype=torch.bool),
                "returns": torch.zeros(self.n, dtype=torch.float64),
                "lengths": torch.zeros(self.n, dtype=torch.int64),
            }
        )

    def _prepare(self, policy: Policy, steps: int) -> None:
        """Everything that a step reads and writes, in its place."""
        self.policy = policy
        rows = Rows.of(steps, self.n, self.spec, scaled=False).tensors
        rows |= {"returns": torch.zeros(steps, self.n, dtype=torch.float64)}
        rows |= {"lengths": torch.zeros(steps, self.n, dtype=torch.int64)}
        self.rows = {name: row.to(self.device) for name, row in rows.items() if name != "raw"}
        self.draws = torch.empty(steps, self.world.drawn, self.n, dtype=torch.float64, device=self.device)
        self.params = torch.empty(steps, self.n, policy.distribution.parameters, device=self.device)
        self.noise = None
        self.at = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.step = Replayed(self._step, self.device)

    @torch.no_grad()
    def _step(self) -> None:
        """Row `at`: observe, act, step or begin anew."""
        assert self.policy is not None and self.noise is not None
        world, carried = self.world, self.carried
        draws, noise = (drawn.index_select(0, self.at)[0] for drawn in (self.draws, self.noise))
        observations = world.observe(carried["state"])
        actions = self.policy.distribution.chosen(self.policy.params(observations), noise)
        state, rewards, terminated = world.step(carried["state"], actions, draws)

        begins = carried["ended"]
        state = torch.where(begins, world.start(draws), state)
        steps = (carried["steps"] + 1).masked_fill(begins, 0)
        rewards = rewards.double().masked_fill(begins, 0.0)
        terminated, truncated = terminated & ~begins, steps >= world.limit
        returns, lengths = carried["returns"] + rewards, carried["lengths"] + ~begins
        self._write(
            observations=observations,
            actions=actions,
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
            mask=~begins,
            returns=returns,
            lengths=lengths,
        )
        ended = terminated | truncated
        after = {"returns": returns.masked_fill(ended, 0.0), "lengths": lengths.masked_fill(ended, 0)}
        for name, value in {"state": state, "steps": steps, "ended": ended, **after}.items():
            carried[name].copy_(value)
        self.at += 1

    def _write(self, **row: Tensor) -> None:
        for name, value in row.items():
            self.rows[name].index_copy_(0, self.at, value[None])

    def carry(self) -> Carried:
        """What is carried on, as arrays; `current` [N, length] is what the copies show. Empty before the first step."""
        if not self.carried:
            return {}
        tensors = {**self.carried, "current": self.world.observe(self.carried["state"])}
        return {name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()}

    def carry_on(self, carried: dict[str, Any]) -> None:
        """Go on from what `carry` returned, the step's tensors staying in their places."""
        tensors = {name: torch.as_tensor(value) for name, value in carried.items() if name != "current"}
        if self.carried:
            for name, tensor in tensors.items():
                self.carried[name].copy_(tensor)
        else:
            self.carried = {name: tensor.to(self.device, copy=True) for name, tensor in tensors.items()}
