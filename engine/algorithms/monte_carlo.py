"""First-visit Monte Carlo: learns from what whole episodes brought, and from nothing else."""

from typing import Literal

import torch
from torch import Tensor

from engine.algorithms import fields
from engine.algorithms.tabular import BATCH_SIZE, STEP_SIZE, Step, TabularSettings, Walk, expected_value, learned
from engine.policies.table import TablePolicy
from engine.rollout import Rollout
from engine.settings import setting


class MonteCarloSettings(TabularSettings):
    kind: Literal["monte-carlo"] = "monte-carlo"
    step_size: float | None = setting(
        None, **{**STEP_SIZE, "help": "Share of its error by which an entry moves; none: the mean of all returns."}
    )
    discount: float = setting(0.99, **fields.DISCOUNT)
    batch_size: int = setting(64, **BATCH_SIZE)


class MonteCarlo:
    """State that outlives an update: the table, which is the policy's, and how many returns each entry has [S, A]."""

    whole_episodes = True

    def __init__(self, policy: TablePolicy, reference: None):
        self.policy, self.walk = policy, Walk()
        self.counts = torch.zeros_like(policy.visits)

    def update(
        self, settings: MonteCarloSettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """Q(s, a) <- mean of the returns that followed the first visit to (s, a) in each episode.

        Sutton & Barto (2018), section 5.4, p. 101 (on-policy first-visit control; prediction is on p. 92), with the
        mean kept up by Q <- Q + (G - Q) / n (equation 2.3, p. 31), or with a constant step size. An episode that was
        cut off goes on with the table's own estimate, sum_a pi(a | s) Q(s, a): only there does it bootstrap.
        Behaviour changes between batches only: with one copy and a batch of 1 that is after every episode.
        """
        q, counts, errors = self.policy.action_values.tolist(), self.counts.tolist(), []
        under_way: dict[int, list[Step]] = {}
        for step in self.walk.steps(self.policy, rollout):
            episode = under_way.setdefault(step.env, [])
            episode.append(step)
            if not (step.terminated or step.truncated):
                continue
            last = 0.0 if step.terminated else expected_value(q[step.next_state], float(self.policy.epsilon))
            for state, action, return_ in first_visits(under_way.pop(step.env), settings.discount, last):
                counts[state][action] += 1
                error = return_ - q[state][action]
                q[state][action] += error * (settings.step_size or 1.0 / counts[state][action])
                errors.append(error)
        self.counts = torch.tensor(counts)
        return learned(self.policy, q, errors, rollout)

    def state_dict(self) -> dict:
        return {"ended": list(self.walk.ended), "counts": self.counts}

    def load_state_dict(self, state: dict) -> None:
        self.walk.ended, self.counts = list(state["ended"]), state["counts"]


def first_visits(episode: list[Step], discount: float, last: float) -> list[tuple[int, int, float]]:
    """(state, action, G) for each pair where the episode came by it first; G_t = R_{t+1} + gamma G_{t+1}."""
    found: dict[tuple[int, int], float] = {}
    return_ = last
    for step in reversed(episode):
        return_ = step.reward + discount * return_
        found[step.state, step.action] = return_
    return [(state, action, value) for (state, action), value in found.items()]
