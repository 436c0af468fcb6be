"""Expected SARSA: as SARSA, with the average over the next action in the place of the one that was drawn."""

from typing import Literal

import torch
from torch import Tensor

from engine.algorithms import fields
from engine.algorithms.tabular import BATCH_SIZE, STEP_SIZE, TabularSettings, Walk, expected_value, learned
from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import setting


class ExpectedSARSASettings(TabularSettings):
    kind: Literal["expected-sarsa"] = "expected-sarsa"
    step_size: float = setting(0.1, **STEP_SIZE)
    discount: float = setting(0.99, **fields.DISCOUNT)
    batch_size: int = setting(64, **BATCH_SIZE)


class ExpectedSARSA:
    """State that outlives an update: the table, which is the policy's, and which episodes have ended."""

    whole_episodes = False

    def __init__(self, policy: TablePolicy, reference: None):
        self.policy, self.walk = policy, Walk()

    def update(
        self, settings: ExpectedSARSASettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """Q(S, A) <- Q(S, A) + alpha [R + gamma sum_a pi(a | S') Q(S', a) - Q(S, A)], transition by transition.

        Sutton & Barto (2018), equation 6.9, p. 133; pi is epsilon-greedy in the table as it stands at that
        transition. Nothing follows where an episode ended; where it was cut off, S' is what it had led to. Behaviour
        changes between batches only: with one copy and a batch of 1 this is the textbook's algorithm step by step.
        """
        q, errors, epsilon = self.policy.action_values.tolist(), [], float(self.policy.epsilon)
        for step in self.walk.steps(self.policy, rollout):
            following = 0.0 if step.terminated else expected_value(q[step.next_state], epsilon)
            error = step.reward + settings.discount * following - q[step.state][step.action]
            q[step.state][step.action] += settings.step_size * error
            errors.append(error)
        return learned(self.policy, q, errors, rollout)

    def state_dict(self) -> dict:
        return {"ended": list(self.walk.ended)}

    def load_state_dict(self, state: dict) -> None:
        self.walk.ended = list(state["ended"])
