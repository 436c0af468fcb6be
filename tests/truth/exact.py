"""What sampling on a gridworld must average to, by plain loops over P; and how to tell whether it does."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import stats

from engine.planning.mdp import TabularMDP
from engine.policies import PolicySettings, build
from engine.tasks import gridworld

CPU = torch.device("cpu")


def task(name: str, n_envs: int = 64) -> gridworld.GridWorldTask:
    return gridworld.build(gridworld.GridWorldSettings(map=name, n_envs=n_envs), 7, CPU)


def table(made: gridworld.GridWorldTask, seed: int = 3) -> Any:
    """A tabular softmax policy that is neither even nor decided, and a critic that is wrong everywhere."""
    actor = build(made.spec, PolicySettings(hidden_sizes=()), torch.Generator())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return actor


def seen(made: gridworld.GridWorldTask) -> np.ndarray:
    """[S, O] one-hot: which observation each cell gives."""
    return np.eye(made.spec.observation_shape[0])[made._seen]


def probabilities(actor: Any) -> np.ndarray:
    """[O, A] of the tabular policy."""
    return torch.softmax(actor.actor[0].weight.detach().double().T, -1).numpy()


@dataclass(frozen=True)
class Walk:
    """visits [H, S]: chance of acting there at each time; advantages [H, S, A]: discounted, for the time left."""

    visits: np.ndarray
    advantages: np.ndarray
    policy: np.ndarray

    def gradient(self, weights: np.ndarray) -> np.ndarray:
        """[S, A]: sum_t w_t d_t(s) pi(a | s) A_t(s, a)."""
        return np.einsum("t,ts,sa,tsa->sa", weights, self.visits, self.policy, self.advantages)


def walk(mdp: TabularMDP, policy: np.ndarray, horizon: int, gamma: float, beyond: np.ndarray | float = 0.0) -> Walk:
    """Forward for the visits, backward for Q, state by state and outcome by outcome (policy [S, A]).

    beyond [S]: what a walk that the limit cuts off there is taken to be worth still.
    """
    states, actions, outcomes = mdp.next_states.shape
    moves = [
        (s, a, int(mdp.next_states[s, a, k]), float(mdp.probabilities[s, a, k]), float(mdp.rewards[s, a, k]))
        for s in range(states)
        if not mdp.terminal[s]
        for a in range(actions)
        for k in range(outcomes)
    ]
    source, action, target, chance, reward = (np.array(column) for column in zip(*moves, strict=True))
    visits, advantages = np.zeros((horizon, states)), np.zeros((horizon, states, actions))
    value = np.where(mdp.terminal, 0.0, beyond)
    for t in reversed(range(horizon)):
        q = np.zeros((states, actions))
        np.add.at(q, (source, action), chance * (reward + gamma * value[target]))
        value = (policy * q).sum(-1)
        advantages[t] = q - value[:, None]
    there = np.where(mdp.terminal, 0.0, mdp.start)
    for t in range(horizon):
        visits[t] = there
        after = np.zeros(states)
        np.add.at(after, target, there[source] * policy[source, action] * chance)
        there = np.where(mdp.terminal, 0.0, after)
    return Walk(visits, advantages, policy)


def chance_of(residuals: np.ndarray) -> float:
    """How likely residuals [K, D] like these are if their mean is 0: Hotelling's T^2, from their own covariance.

    Directions in which nothing varies (a softmax's logits sum to 0 in every gradient) are left out.
    """
    k = len(residuals)
    values, basis = np.linalg.eigh(np.cov(residuals.T).reshape(residuals.shape[1], -1))
    kept = values > 1e-9 * values.max()
    rank = int(kept.sum())
    assert rank < k / 3
    z = (residuals.mean(0) @ basis)[kept] / np.sqrt(values[kept] / k)
    return float(stats.f.sf(float(z @ z) * (k - rank) / (rank * (k - 1)), rank, k - rank))


def z_scores(residuals: np.ndarray) -> np.ndarray:
    """[D']: mean over its standard error, for every number that varies."""
    error = residuals.std(0, ddof=1) / np.sqrt(len(residuals))
    varies = error > 1e-9 * error.max()
    return residuals.mean(0)[varies] / error[varies]
