"""Q-learning: learns what the greedy policy is worth while another, which explores, is followed."""

from typing import Literal

import torch
from torch import Tensor

from engine.algorithms import fields
from engine.algorithms.tabular import BATCH_SIZE, STEP_SIZE, TabularSettings, Walk, learned
from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import setting


class QLearningSettings(TabularSettings):
    kind: Literal["q-learning"] = "q-learning"
    step_size: float = setting(0.1, **STEP_SIZE)
    discount: float = setting(0.99, **fields.DISCOUNT)
    batch_size: int = setting(64, **BATCH_SIZE)


class QLearning:
    """State that outlives an update: the table, which is the policy's, and which episodes have ended."""

    whole_episodes = False

    def __init__(self, policy: TablePolicy, reference: None):
        self.policy, self.walk = policy, Walk()

    def update(
        self, settings: QLearningSettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """Q(S, A) <- Q(S, A) + alpha [R + gamma max_a Q(S', a) - Q(S, A)], transition by transition.

        Sutton & Barto (2018), equation 6.8, p. 131. Nothing follows where an episode ended; where it was cut off,
        S' is what it had led to. Behaviour changes between batches only: with one copy and a batch of 1 this is the
        textbook's algorithm step by step.
        """
        q, errors = self.policy.action_values.tolist(), []
        for step in self.walk.steps(self.policy, rollout):
            following = 0.0 if step.terminated else max(q[step.next_state])
            error = step.reward + settings.discount * following - q[step.state][step.action]
            q[step.state][step.action] += settings.step_size * error
            errors.append(error)
        return learned(self.policy, q, errors, rollout)

    def state_dict(self) -> dict:
        return {"ended": list(self.walk.ended)}

    def load_state_dict(self, state: dict) -> None:
        self.walk.ended = list(state["ended"])
