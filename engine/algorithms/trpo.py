"""Trust region policy optimisation: the natural gradient, with a hard limit on how far the policy moves."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from engine import losses
from engine.advantages import gae, masked_mean, masked_whiten
from engine.algorithms import fields
from engine.algorithms.critic import fit_critic
from engine.algorithms.measuring import beside_exact, foresight, movement, reference_penalty
from engine.batch import Batch, judge
from engine.metrics import LINE_SEARCH_TRIES
from engine.optimisation import MAX_SKIPPED_IN_A_ROW, NonFiniteGradient, Optimiser
from engine.policies import Policy
from engine.rollout import Rollout
from engine.settings import Settings, setting
from engine.trust_region import Fisher, Trial, backtrack, conjugate_gradient

NO_GAIN = 1e-12


class TRPOSettings(Settings):
    kind: Literal["trpo"] = "trpo"
    batch_size: int = setting(2048, **fields.BATCH_SIZE)
    max_kl: float = setting(
        0.01,
        gt=0.0,
        le=10.0,
        label="KL limit",
        help="The farthest one update may move the policy: mean KL(old || new), in nats.",
        live=True,
    )
    discount: float = setting(0.99, **fields.DISCOUNT)
    gae_lambda: float = setting(0.95, **fields.GAE_LAMBDA)
    damping: float = setting(
        0.1, ge=0.0, le=100.0, label="Damping", help="Added to the Fisher matrix's diagonal.", live=True, expert=True
    )
    conjugate_gradient_steps: int = setting(
        15, ge=1, le=200, label="Conjugate gradient steps", help="Effort to find the natural gradient.", expert=True
    )
    fisher_share: float = setting(
        1.0,
        gt=0.0,
        le=1.0,
        label="Share for the Fisher matrix",
        help="How much of a batch, drawn at random, it is estimated from. The KL limit is kept on all of it.",
        expert=True,
    )
    line_search_shrink: float = setting(
        0.8, ge=0.1, le=0.95, label="Line search factor", help="How a step that went too far is shortened.", expert=True
    )
    line_search_steps: int = setting(
        10, ge=1, le=LINE_SEARCH_TRIES, label="Line search tries", help="Then the old policy is kept.", expert=True
    )
    critic_learning_rate: float = setting(1e-3, **fields.CRITIC_LEARNING_RATE)
    critic_steps: int = setting(10, **fields.CRITIC_STEPS)
    critic_minibatch_size: int = setting(
        128, ge=1, le=10_000_000, label="Critic minibatch size", help="Env steps per step of the critic.", expert=True
    )
    max_gradient_norm: float = setting(10.0, **fields.MAX_GRADIENT_NORM)
    reference_kl_coefficient: float = setting(0.0, **fields.REFERENCE_KL_COEFFICIENT)


class TRPO:
    """State that outlives an update: Adam's moments of the critic; the policy's step needs none."""

    whole_episodes = False

    def __init__(self, policy: Policy, reference: Policy | None):
        self.policy, self.reference = policy, reference
        self.critic = Optimiser(policy.critic_parameters())
        self.skipped = 0

    def update(
        self, settings: TRPOSettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """One TRPO update from one rollout; returns its metrics. (Schulman et al. 2015, section 6)"""
        judged = judge(self.policy, rollout)
        record = (rollout.rewards, judged.values, rollout.terminated, rollout.done, rollout.mask)
        advantages = gae(*record, settings.discount, settings.gae_lambda)
        batch = judged.batch(
            self.policy,
            masked_whiten(advantages, rollout.mask),
            advantages + judged.values[:-1],
            self.reference,
        )
        lesson, sampled = batch.columns(rollout.learned), batch.columns(rollout.sampled)
        row = self._move(settings, lesson, sampled, generator)
        row["value_loss"] = fit_critic(
            self.policy,
            self.critic,
            sampled,
            passes=settings.critic_steps,
            minibatch_size=settings.critic_minibatch_size,
            learning_rate=settings.critic_learning_rate,
            max_gradient_norm=settings.max_gradient_norm,
            generator=generator,
        )
        row |= movement(self.policy, sampled) | foresight(sampled)
        return row | beside_exact(self.policy, batch, rollout.oracle)

    def _move(
        self, settings: TRPOSettings, lesson: Batch, sampled: Batch, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """theta <- theta + sqrt(2 delta / x'Fx) x, F x = g, shortened until it keeps the limit and improves.

        The gain is that on `lesson`; the limit, and with it F, is of what the policy has sampled. F may be that of a
        part of it (Schulman et al. 2015, appendix C.1): the limit is kept on all.
        """
        parameters = self.policy.actor_parameters()
        before = self._surrogate(settings, lesson)
        parts = torch.autograd.grad(before, parameters, allow_unused=True, materialize_grads=True)
        gradient = parameters_to_vector(parts)
        norm = gradient.norm()
        row: dict[str, Tensor | float] = {"policy_loss": -before.detach(), "gradient_norm": norm}
        if not torch.isfinite(norm):
            return row | self._skip()
        self.skipped = 0
        fisher = Fisher(self.policy, sampled.share(settings.fisher_share, generator), settings.damping)
        direction, towards = conjugate_gradient(fisher.product, gradient, settings.conjugate_gradient_steps)
        if direction @ towards < NO_GAIN:
            return row | _searched([], False, 0.0)
        step = (2 * settings.max_kl / (direction @ towards)).sqrt() * direction
        if not torch.isfinite(step).all():
            return row | _searched([], False, 0.0)

        def measure() -> tuple[Tensor, Tensor]:
            params = self.policy.params(sampled.observations)
            kl = masked_mean(self.policy.distribution.kl(sampled.params, params), sampled.mask)
            return kl, self._surrogate(settings, lesson) - before

        accepted, trials = backtrack(
            parameters, step, measure, settings.max_kl, settings.line_search_shrink, settings.line_search_steps
        )
        return row | _searched(trials, accepted, float(gradient @ step))

    def _surrogate(self, settings: TRPOSettings, batch: Batch) -> Tensor:
        params = self.policy.params(batch.observations)
        log_probs = self.policy.distribution.log_prob(params, batch.actions)
        gain = losses.surrogate(log_probs, batch.log_probs, batch.advantages, batch.mask)
        return gain - settings.reference_kl_coefficient * reference_penalty(self.policy, params, batch)

    def _skip(self) -> dict[str, Tensor | float]:
        self.skipped += 1
        if self.skipped >= MAX_SKIPPED_IN_A_ROW:
            raise NonFiniteGradient(f"the policy gradient was NaN or infinite for {self.skipped} updates in a row")
        return _searched([], False, 0.0)

    def state_dict(self) -> dict:
        return {"critic": self.critic.state_dict(), "skipped": self.skipped}

    def load_state_dict(self, state: dict) -> None:
        self.critic.load_state_dict(state["critic"])
        self.skipped = state["skipped"]


def _searched(trials: list[Trial], accepted: bool, predicted: float) -> dict[str, Tensor | float]:
    """The line search as metrics. `predicted`: the linear model's gain of the full step."""
    row: dict[str, Tensor | float] = {"line_search_steps": float(len(trials)), "step_accepted": float(accepted)}
    for index, trial in enumerate(trials):
        row |= {f"line_search_kl_{index}": trial.kl, f"line_search_gain_{index}": trial.improvement}
    if trials:
        last = trials[-1]
        row |= {"surrogate_predicted": last.fraction * predicted, "surrogate_gain": last.improvement}
        row |= {"step_fraction": last.fraction if accepted else 0.0}
    return row
