"""Worlds: environments as functions of tensors that never leave their device."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from gymnasium.spaces import Box
from torch import Tensor

from engine.environments.batched.dynamics import Dynamics
from engine.gridworlds.moving import Moving


@dataclass(frozen=True)
class World:
    """The rules of N copies. A state is a tensor [parts, N].

    limit  an episode is cut off after so many steps
    drawn  uniform numbers in [0, 1), float64, that each copy is given for each step, used or not
    start  from draws [drawn, N], the states of episodes that begin
    step   from states, actions [N] or [N, A] as a policy samples them, and draws: the next states, rewards [N] and
           terminated [N]; what it is given stays as it was
    observe  from states, what a policy reads: float32 [N, length]
    """

    limit: int
    drawn: int
    start: Callable[[Tensor], Tensor]
    step: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
    observe: Callable[[Tensor], Tensor]


def control(dynamics: Dynamics, limit: int, device: torch.device) -> World:
    """One of gymnasium's classic control environments; real actions are cut to what it allows."""
    space = dynamics.action_space
    if not isinstance(space, Box):

        def step(state: Tensor, actions: Tensor, draws: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return dynamics.step(state, actions)

        return World(limit, dynamics.drawn, dynamics.start, step, dynamics.observe)
    low, high = (torch.tensor(end, device=device) for end in (space.low, space.high))

    def within(state: Tensor, actions: Tensor, draws: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return dynamics.step(state, torch.clip(actions, low, high))

    return World(limit, dynamics.drawn, dynamics.start, within, dynamics.observe)


def gridworld(moving: Moving, seen: Tensor, kinds: int, limit: int) -> World:
    """A map: the one part of its state is the cell; seen [S] says which of `kinds` things each cell looks like."""

    def step(state: Tensor, actions: Tensor, draws: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        after, rewards, terminated = moving.step(state[0], actions, draws[0])
        return after[None], rewards, terminated

    def observe(state: Tensor) -> Tensor:
        shown = torch.zeros(state.shape[1], kinds, device=state.device)
        return shown.scatter_(1, seen[state[0]][:, None], 1.0)

    return World(limit, 1, lambda draws: moving.start(draws[0])[None], step, observe)
