"""Whole episodes of a policy given as a table: what evaluation and pictures play."""

import numpy as np

from engine.gridworlds.vector import GridWorldVectorEnv
from engine.planning.mdp import Floats, Ints


def play(envs: GridWorldVectorEnv, policy: Floats, rng: np.random.Generator) -> tuple[Floats, Ints, list[Ints]]:
    """One episode in each copy, from where it has just begun, with actions drawn from `policy` [S, A].

    Returns (undiscounted returns [N], lengths [N], the cells [N] before the first move and after each). Copies that
    have ended stay in that list where the vector env has put them: read as many entries as the episode is long.
    """
    sums = policy.cumsum(-1)
    returns, lengths = np.zeros(envs.num_envs), np.zeros(envs.num_envs, dtype=np.int64)
    playing = np.ones(envs.num_envs, dtype=bool)
    visited = [envs.states]
    while playing.any():
        chances = sums[envs.states]
        draws = rng.random(envs.num_envs) * chances[:, -1]
        actions = (chances[:, :-1] <= draws[:, None]).sum(-1)
        _, rewards, terminated, truncated, _ = envs.step(actions)
        returns += rewards * playing
        lengths += playing
        playing &= ~(terminated | truncated)
        visited.append(envs.states)
    return returns, lengths, visited
