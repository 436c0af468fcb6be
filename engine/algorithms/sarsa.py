"""SARSA: learns what the policy that is followed is worth, its exploring included."""

from typing import Literal

import torch
from torch import Tensor

from engine.algorithms import fields
from engine.algorithms.tabular import BATCH_SIZE, STEP_SIZE, TabularSettings, Walk, expected_value, learned
from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import setting


class SARSASettings(TabularSettings):
    kind: Literal["sarsa"] = "sarsa"
    step_size: float = setting(0.1, **STEP_SIZE)
    discount: float = setting(0.99, **fields.DISCOUNT)
    batch_size: int = setting(64, **BATCH_SIZE)


class SARSA:
    """State that outlives an update: the table, which is the policy's, which episodes have ended, and for each
    environment the transition (state, action, reward) whose next action is not yet known."""

    whole_episodes = False

    def __init__(self, policy: TablePolicy, reference: None):
        self.policy, self.walk = policy, Walk()
        self.waiting: dict[int, tuple[int, int, float]] = {}

    def update(
        self, settings: SARSASettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """Q(S, A) <- Q(S, A) + alpha [R + gamma Q(S', A') - Q(S, A)], each transition once its A' is known.

        Sutton & Barto (2018), equation 6.7, p. 129. A batch's last transitions wait for the first actions of the
        next. Nothing follows where an episode ended; where it was cut off no A' was drawn, and the mean over what
        could have been, sum_a pi(a | S') Q(S', a), stands in for it. Behaviour changes between batches only: with
        one copy and a batch of 1 this is the textbook's algorithm step by step.
        """
        q, errors, epsilon = self.policy.action_values.tolist(), [], float(self.policy.epsilon)

        def move(state: int, action: int, target: float) -> None:
            error = target - q[state][action]
            q[state][action] += settings.step_size * error
            errors.append(error)

        for step in self.walk.steps(self.policy, rollout):
            if step.env in self.waiting:
                state, action, reward = self.waiting.pop(step.env)
                move(state, action, reward + settings.discount * q[step.state][step.action])
            if step.terminated:
                move(step.state, step.action, step.reward)
            elif step.truncated:
                following = expected_value(q[step.next_state], epsilon)
                move(step.state, step.action, step.reward + settings.discount * following)
            else:
                self.waiting[step.env] = (step.state, step.action, step.reward)
        return learned(self.policy, q, errors, rollout)

    def state_dict(self) -> dict:
        return {"ended": list(self.walk.ended), "waiting": dict(self.waiting)}

    def load_state_dict(self, state: dict) -> None:
        self.walk.ended, self.waiting = list(state["ended"]), dict(state["waiting"])
