"""Stable-Baselines3's PPO and sb3-contrib's TRPO with our weights, given our record without its invalid rows."""

from typing import Any

import gymnasium
import numpy as np
import torch
from episodes import INPUTS, happened
from gymnasium import spaces
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import DummyVecEnv

from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical
from engine.rollout import Rollout


def action_space(distribution: Distribution) -> spaces.Space:
    match distribution:
        case Categorical(n):
            return spaces.Discrete(n)
        case MultiCategorical(sizes):
            return spaces.MultiDiscrete(sizes)
        case Gaussian(dim):
            return spaces.Box(-1, 1, (dim,))


def peer(algorithm: Any, actor: Any, rollout: Rollout, gamma: float, gae_lambda: float, **settings: Any) -> Any:
    """Their algorithm, ready to train on the rows of `rollout` that happened, in the order of rollout.mask.nonzero().

    Each env's row of values counts as theirs does a cut-off where the record stops: gamma V(what followed) is added
    to the last reward.
    """

    class Still(gymnasium.Env):
        observation_space, action_space_ = spaces.Box(-10, 10, (INPUTS,)), action_space(actor.distribution)
        action_space = action_space_

        def reset(self, **_: Any) -> tuple[np.ndarray, dict]:
            return np.zeros(INPUTS, np.float32), {}

    size = rollout.steps
    theirs = algorithm(
        "MlpPolicy",
        DummyVecEnv([Still]),
        n_steps=size,
        gamma=gamma,
        gae_lambda=gae_lambda,
        policy_kwargs={"net_arch": [actor.actor[0].out_features]},
        device="cpu",
        **settings,
    )
    theirs.set_logger(Logger(None, []))
    for ours, other in layers(actor, theirs.policy):
        other.load_state_dict(ours.state_dict())
    if actor.log_std is not None:
        theirs.policy.log_std.data.copy_(actor.log_std)
    fill(theirs.rollout_buffer, actor, rollout)
    return theirs


def layers(actor: Any, policy: Any) -> list[tuple[Any, Any]]:
    """Our layers and theirs, in pairs: the actor's two, then the critic's two."""
    extractor = policy.mlp_extractor
    return [
        (actor.actor[0], extractor.policy_net[0]),
        (actor.actor[2], policy.action_net),
        (actor.critic[0], extractor.value_net[0]),
        (actor.critic[2], policy.value_net),
    ]


def actor_vector(policy: Any) -> torch.Tensor:
    """Their actor's parameters in the order of ours."""
    parts = [*policy.mlp_extractor.policy_net[0].parameters(), *policy.action_net.parameters()]
    if hasattr(policy, "log_std"):
        parts.append(policy.log_std)
    return torch.cat([part.detach().reshape(-1) for part in parts])


@torch.no_grad()
def fill(buffer: Any, actor: Any, rollout: Rollout) -> None:
    """Their advantages from their code, step after step; then all rows in our order."""
    values = actor.values(rollout.observations)
    chosen = actor.distribution.log_prob(actor.params(rollout.observations[:-1]), rollout.actions)
    steps = happened(rollout.rewards, values, rollout.terminated, rollout.truncated, rollout.mask)
    cut_off = torch.where(steps.done & ~steps.terminated, steps.following, 0.0)
    done = steps.done.numpy()
    buffer.rewards = (steps.rewards + buffer.gamma * cut_off).numpy()[:, None]
    buffer.values = steps.values.numpy()[:, None]
    buffer.episode_starts = np.concatenate([[True], done[:-1]]).astype(np.float32)[:, None]
    buffer.compute_returns_and_advantage(steps.following[-1:], done[-1:])
    order = np.argsort((steps.row * rollout.mask.shape[1] + steps.column).numpy())
    for name in ("values", "advantages", "returns"):
        setattr(buffer, name, getattr(buffer, name)[order])
    buffer.observations = rollout.observations[:-1][rollout.mask].numpy()[:, None]
    buffer.actions = rollout.actions[rollout.mask].reshape(len(order), 1, -1).numpy()
    buffer.log_probs = chosen[rollout.mask].numpy()[:, None]
    buffer.full = True
