"""REINVENT's update as published, for the comparison: the agent's likelihood is drawn to the prior's plus the score."""

from typing import Any

import torch
from torch import Tensor

from engine.optimisation import Optimiser
from engine.policies import Policy
from engine.policies.tokens import TokenPolicy
from engine.rollout import Rollout

SIGMA, LEARNING_RATE = 500.0, 5e-4
BATCH_SIZE, REPLAY, REPLAY_TOP = 64, 24, 100
UNBOUNDED = 1e9  # REINVENT does not clip its gradient


def log_likelihood(policy: Policy, rollout: Rollout) -> Tensor:
    """[N] log-probability of each whole string."""
    log_probs = policy.distribution.log_prob(policy.params(rollout.observations), rollout.actions)
    return torch.where(rollout.mask, log_probs, 0.0).sum(0)


def loss(agent: Tensor, prior: Tensor, scores: Tensor, counted: Tensor, sigma: float) -> Tensor:
    """mean over strings of (log p_prior + sigma * score - log p_agent)^2. (Olivecrona et al. 2017, section 2.3)"""
    difference = torch.where(counted, prior + sigma * scores - agent, 0.0)
    return difference.square().sum() / counted.sum().clamp(min=1)


def different(rollout: Rollout) -> Tensor:
    """[N] bool: the first of equal strings only, as REINVENT learns from no string twice in a batch."""
    seen: set[tuple[int, ...]] = set()
    first = []
    for column in torch.where(rollout.mask, rollout.actions, -1).t().tolist():
        first.append(tuple(column) not in seen)
        seen.add(tuple(column))
    return torch.tensor(first) & rollout.mask.any(0)


class Reinvent:
    """In the place of one of our algorithms: the same rollouts, replay included, and Adam."""

    whole_episodes = True

    def __init__(self, policy: TokenPolicy, reference: TokenPolicy):
        self.policy, self.reference = policy, reference
        self.optimiser = Optimiser(policy.actor_parameters())

    def update(
        self, settings: Any, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        with torch.no_grad():
            prior = log_likelihood(self.reference, rollout)
        agent = log_likelihood(self.policy, rollout)
        value = loss(agent, prior, rollout.rewards.sum(0), different(rollout), SIGMA)
        self.optimiser.step(value, LEARNING_RATE, UNBOUNDED)
        return {"policy_loss": value.detach()}

    def state_dict(self) -> dict:
        return {"optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
