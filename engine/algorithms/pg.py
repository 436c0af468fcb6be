"""The policy gradient (REINFORCE): whole episodes, one gradient step per batch."""

from typing import Literal

import torch
from torch import Tensor

from engine import losses
from engine.advantages import gae, masked_mean, masked_whiten, next_values, reward_to_go, total_return
from engine.algorithms import fields
from engine.algorithms.critic import fit_critic
from engine.algorithms.measuring import beside_exact, foresight, movement, reference_penalty
from engine.batch import Judged, judge_to_learn
from engine.optimisation import Optimiser
from engine.policies import Policy
from engine.rollout import Rollout
from engine.settings import Settings, setting


class PGSettings(Settings):
    kind: Literal["pg"] = "pg"
    batch_size: int = setting(2000, **fields.BATCH_SIZE)
    learning_rate: float = setting(5e-3, **fields.LEARNING_RATE)
    discount: float = setting(0.99, **fields.DISCOUNT)
    return_kind: Literal["reward-to-go", "total"] = setting(
        "reward-to-go",
        label="Return",
        help="An action is credited with the rewards that follow it, or with all rewards of its episode.",
    )
    baseline: Literal["none", "mean", "value", "gae"] = setting(
        "mean",
        label="Baseline",
        help="What is subtracted from the return: nothing, the batch's mean, a learned value, or GAE's estimate.",
    )
    standardise_advantages: bool = setting(
        True, label="Standardise advantages", help="Scale the batch's advantages to mean 0 and deviation 1."
    )
    gae_lambda: float = setting(0.95, expert=True, **fields.GAE_LAMBDA)
    entropy_coefficient: float = setting(0.0, **fields.ENTROPY_COEFFICIENT)
    critic_learning_rate: float = setting(5e-3, **fields.CRITIC_LEARNING_RATE)
    critic_steps: int = setting(10, **fields.CRITIC_STEPS)
    max_gradient_norm: float = setting(10.0, **fields.MAX_GRADIENT_NORM)
    reference_kl_coefficient: float = setting(0.0, **fields.REFERENCE_KL_COEFFICIENT)


class PG:
    """State that outlives an update: Adam's moments of actor and critic."""

    whole_episodes = True

    def __init__(self, policy: Policy, reference: Policy | None):
        self.policy, self.reference = policy, reference
        self.actor = Optimiser(policy.actor_parameters())
        self.critic = Optimiser(policy.critic_parameters())

    def update(
        self, settings: PGSettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """theta <- theta + lr * mean(grad log pi(a|s) A); returns the update's metrics. (Williams 1992)"""
        valued = settings.baseline in ("value", "gae")
        judged = judge_to_learn(self.policy, rollout, with_values=valued)
        returns = self._returns(settings, judged)
        advantages = self._advantages(settings, judged, returns)
        pulled = settings.reference_kl_coefficient > 0
        batch = judged.batch(self.policy, advantages, returns, self.reference if pulled else None)

        lesson, sampled = batch.columns(rollout.learned), batch.columns(rollout.sampled)
        if not pulled:  # then the reference is only told about, and need not read what is replayed
            sampled = sampled.beside(self.reference, rollout.reference_params)

        policy_loss = losses.policy_gradient(lesson.log_probs, lesson.advantages, lesson.mask)
        entropy = masked_mean(self.policy.distribution.entropy(lesson.params), lesson.mask)
        penalty = reference_penalty(self.policy, lesson.params, lesson)
        loss = policy_loss - settings.entropy_coefficient * entropy + settings.reference_kl_coefficient * penalty
        norm = self.actor.step(loss, settings.learning_rate, settings.max_gradient_norm)

        row: dict[str, Tensor | float] = {
            "policy_loss": policy_loss.detach(),
            "gradient_norm": norm,
            "learning_rate": settings.learning_rate,
        }
        if valued:
            row["value_loss"] = fit_critic(
                self.policy,
                self.critic,
                sampled,
                passes=settings.critic_steps,
                minibatch_size=sampled.size,
                learning_rate=settings.critic_learning_rate,
                max_gradient_norm=settings.max_gradient_norm,
                generator=generator,
            )
            row |= foresight(sampled)
        return row | movement(self.policy, sampled) | beside_exact(self.policy, batch, rollout.oracle)

    def _returns(self, settings: PGSettings, judged: Judged) -> Tensor:
        """Returns [T, N]; a learned value stands in for what a cut-off episode would still have brought."""
        rollout = judged.rollout
        if settings.return_kind == "total":
            return total_return(rollout.rewards, rollout.done, rollout.mask, settings.discount)
        following = next_values(judged.values, rollout.terminated) if settings.baseline in ("value", "gae") else None
        return reward_to_go(rollout.rewards, rollout.done, rollout.mask, settings.discount, following)

    def _advantages(self, settings: PGSettings, judged: Judged, returns: Tensor) -> Tensor:
        rollout, values = judged.rollout, judged.values
        match settings.baseline:
            case "none":
                advantages = returns
            case "mean":
                advantages = returns - masked_mean(returns, rollout.mask)
            case "value":
                advantages = returns - values[:-1]
            case "gae":
                record = (rollout.rewards, values, rollout.terminated, rollout.done, rollout.mask)
                advantages = gae(*record, settings.discount, settings.gae_lambda)
        return masked_whiten(advantages, rollout.mask) if settings.standardise_advantages else advantages

    def state_dict(self) -> dict:
        return {"actor": self.actor.state_dict(), "critic": self.critic.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.actor.load_state_dict(state["actor"])
        self.critic.load_state_dict(state["critic"])
