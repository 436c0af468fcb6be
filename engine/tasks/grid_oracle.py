"""What is known exactly of a policy on a small map, in terms of what the agent observes."""

import math

import numpy as np
import torch

from engine.planning.gradient import exact_gradient, followed_gradient
from engine.planning.horizon import policy_return, return_spread
from engine.planning.mdp import Floats, Ints, TabularMDP
from engine.rollout import Oracle

CELL_MOVES = 50_000  # cells times moves: beyond that a batch would wait for its answers


def oracle(mdp: TabularMDP, policy: Floats, seen: Ints, kinds: int, horizon: int) -> Oracle:
    """Of a `policy` [S, A] over `horizon` moves, with the MDP's discount.

    It acts alike where `seen` [S], one of `kinds` things, is alike.
    """
    groups = np.eye(kinds)[seen].T
    followed = followed_gradient(mdp, policy, horizon, mdp.discount)
    true = followed if mdp.discount == 1.0 else exact_gradient(mdp, policy, horizon, mdp.discount)
    visits, pulls = groups @ followed.visits, groups @ followed.logits
    alike = np.maximum(groups.sum(1), 1.0)[:, None]
    chances = np.where(groups.sum(1)[:, None] > 0, groups @ policy / alike, 1.0 / mdp.n_actions)
    weights = visits[:, None] * chances
    advantages = np.divide(pulls, weights, out=np.zeros_like(pulls), where=weights > 1e-300)
    rows = (chances, visits / max(visits.sum(), 1e-300), groups @ true.logits, pulls, advantages)
    return Oracle(*(torch.from_numpy(row) for row in rows))


def beside_sampled(mdp: TabularMDP, policy: Floats, horizon: int, returns: list[float]) -> dict[str, float]:
    """The exact expected return of `policy` [S, A], and how many standard errors the mean of `returns` is off."""
    exact = float(mdp.start @ policy_return(mdp, policy, horizon))
    row = {"exact_return": exact}
    if returns:
        error = return_spread(mdp, policy, horizon) / math.sqrt(len(returns))
        if error > 0:
            row["return_z"] = (float(np.mean(returns)) - exact) / error
    return row
