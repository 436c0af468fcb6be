"""Proximal policy optimisation: several epochs on one batch, held near the old policy by clipping."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from engine import closed_form, losses
from engine.advantages import gae, masked_mean, masked_whiten
from engine.algorithms import fields
from engine.algorithms.measuring import Means, beside_exact, foresight, movement, reference_penalty
from engine.algorithms.ppo_on_device import UpdateOnDevice
from engine.batch import Batch, judge
from engine.optimisation import Optimiser
from engine.policies import Policy
from engine.rollout import Rollout
from engine.settings import Settings, setting

Slope = Callable[[Batch], Mapping[str, Tensor | float]]


class PPOSettings(Settings):
    kind: Literal["ppo"] = "ppo"
    batch_size: int = setting(2048, **fields.BATCH_SIZE)
    minibatch_size: int = setting(
        256, ge=1, le=10_000_000, label="Minibatch size", help="Env steps (or molecules) per gradient step."
    )
    epochs: int = setting(4, ge=1, le=100, label="Epochs", help="How often each batch is gone through.")
    learning_rate: float = setting(3e-4, **fields.LEARNING_RATE)
    schedule: Literal["constant", "linear"] = setting("constant", **fields.SCHEDULE)
    clip_range: float = setting(
        0.2,
        ge=0.01,
        le=1.0,
        label="Clip range",
        help="How far the probability of an action may move before its gradient is cut.",
        live=True,
    )
    discount: float = setting(0.99, **fields.DISCOUNT)
    gae_lambda: float = setting(0.95, **fields.GAE_LAMBDA)
    entropy_coefficient: float = setting(0.0, **fields.ENTROPY_COEFFICIENT)
    value_coefficient: float = setting(
        0.5, ge=0.0, le=100.0, label="Value loss weight", help="Weight of the critic's loss.", expert=True
    )
    value_clip: float | None = setting(
        None,
        gt=0.0,
        le=1e6,
        label="Value clip range",
        help="How far a value may move in one update before its gradient is cut; none leaves it free.",
        expert=True,
    )
    max_gradient_norm: float = setting(0.5, **fields.MAX_GRADIENT_NORM)
    target_kl: float | None = setting(
        None,
        gt=0.0,
        le=10.0,
        label="Target KL",
        help="The update stops early once KL(old || new), k3 on a minibatch, passes 1.5 times this; none never stops.",
        live=True,
    )
    reference_kl_coefficient: float = setting(0.0, **fields.REFERENCE_KL_COEFFICIENT)
    reference_kl_target: float | None = setting(
        None,
        gt=0.0,
        le=100.0,
        label="Target distance to the reference",
        help="The pull to the reference adapts so that KL to it stays near this (nats per token); none keeps it fixed.",
        expert=True,
    )


class PPO:
    """State that outlives an update: Adam's moments and the adapted pull to the reference."""

    whole_episodes = False

    def __init__(self, policy: Policy, reference: Policy | None):
        self.policy, self.reference = policy, reference
        self.optimiser = Optimiser([*policy.actor_parameters(), *policy.critic_parameters()])
        self.pull = 1.0
        self.on_device: UpdateOnDevice | None = None

    def update(
        self, settings: PPOSettings, rollout: Rollout, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """One PPO update from one rollout; returns its metrics. (Schulman et al. 2017, algorithm 1)"""
        learning_rate = settings.learning_rate * (1 - progress if settings.schedule == "linear" else 1)
        if rollout.under_way is not None:
            return self._updated_on_device(settings, rollout, learning_rate, generator)
        judged = judge(self.policy, rollout)
        record = (rollout.rewards, judged.values, rollout.terminated, rollout.done, rollout.mask)
        advantages = gae(*record, settings.discount, settings.gae_lambda)
        batch = judged.batch(self.policy, advantages, advantages + judged.values[:-1], self.reference)
        lesson, sampled = batch.columns(rollout.learned), batch.columns(rollout.sampled)

        slope, means, epochs = self._slope(settings, lesson), Means(), 0
        for _ in range(settings.epochs):
            if not self._epoch(settings, slope, lesson, learning_rate, means, generator):
                break
            epochs += 1

        row: dict[str, Tensor | float] = {**means.read(), **movement(self.policy, sampled), **foresight(sampled)}
        row |= beside_exact(self.policy, batch, rollout.oracle, settings.clip_range)
        return row | self._adapt(settings, row) | {"learning_rate": learning_rate, "epochs": epochs}

    def _updated_on_device(
        self, settings: PPOSettings, rollout: Rollout, learning_rate: float, generator: torch.Generator
    ) -> dict[str, Tensor | float]:
        """The same from a rollout that was made wholly on the device; nothing is read from there before the end."""
        if self.on_device is None or not self.on_device.fits(settings, rollout):
            self.on_device = UpdateOnDevice(self.policy, self.optimiser, self.loss, settings, rollout)
        row = self.on_device.update(rollout, learning_rate, generator)
        self.optimiser.refuse_after_skipping(row["gradient_norm"])
        return {**row, "learning_rate": learning_rate}

    def _epoch(
        self,
        settings: PPOSettings,
        slope: Slope,
        batch: Batch,
        learning_rate: float,
        means: Means,
        generator: torch.Generator,
    ) -> bool:
        """One pass in random minibatches; False where the target KL was passed and the update must end."""
        for part in batch.minibatches(settings.minibatch_size, generator):
            row = slope(part)
            if settings.target_kl is not None and float(row["minibatch_kl"]) > 1.5 * settings.target_kl:
                means.add(part, **row, gradient_norm=0.0)
                return False
            norm = self.optimiser.descend(learning_rate, settings.max_gradient_norm)
            means.add(part, **row, gradient_norm=norm)
        return True

    def _slope(self, settings: PPOSettings, batch: Batch) -> Slope:
        """What leaves the loss's gradient in the optimiser; written out where that can be done, thrice as fast."""
        if settings.value_clip is None and self.reference is None and closed_form.covers(self.policy, batch):
            coefficients = settings.entropy_coefficient, settings.value_coefficient
            return closed_form.PPOGradient(self.policy, settings.clip_range, *coefficients)

        def plain(part: Batch) -> dict[str, Tensor]:
            loss, row = self.loss(settings, part)
            self.optimiser.slope(loss)
            return {name: scalar.detach() for name, scalar in row.items()}

        return plain

    def loss(self, settings: PPOSettings, part: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """L_clip + c_v L_value - c_e entropy + beta KL(pi || reference), means over the minibatch."""
        params = self.policy.params(part.observations)
        log_probs = self.policy.distribution.log_prob(params, part.actions)
        advantages = masked_whiten(part.advantages, part.mask)
        policy_loss, clip_fraction = losses.clipped_surrogate(
            log_probs, part.log_probs, advantages, part.mask, settings.clip_range
        )
        value_loss = self._value_loss(settings, part)
        entropy = masked_mean(self.policy.distribution.entropy(params), part.mask)
        penalty = reference_penalty(self.policy, params, part)
        loss = (
            policy_loss
            + settings.value_coefficient * value_loss
            - settings.entropy_coefficient * entropy
            + self.pull * settings.reference_kl_coefficient * penalty
        )
        log_ratio = torch.where(part.mask, log_probs.detach() - part.log_probs, 0.0)
        row = {
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "clip_fraction": clip_fraction,
            "minibatch_kl": losses.kl_k3(log_ratio, part.mask),
        }
        return loss, row

    def _value_loss(self, settings: PPOSettings, part: Batch) -> Tensor:
        values = self.policy.values(part.observations)
        if settings.value_clip is None:
            return losses.value_loss(values, part.returns, part.mask)
        return losses.clipped_value_loss(values, part.values, part.returns, part.mask, settings.value_clip)

    def _adapt(self, settings: PPOSettings, row: dict) -> dict[str, float]:
        """beta <- beta * (1 + 0.1 * clip(KL / target - 1, -0.2, 0.2)); as it is where no KL was measured.

        Ziegler et al. 2019, section 2.2.
        """
        if self.reference is None:
            return {}
        distance = float(row["reference_kl"])
        if settings.reference_kl_target is not None and math.isfinite(distance):
            error = distance / settings.reference_kl_target - 1
            self.pull *= 1 + 0.1 * min(0.2, max(-0.2, error))
        return {"reference_kl_coefficient": self.pull * settings.reference_kl_coefficient}

    def state_dict(self) -> dict:
        return {"optimiser": self.optimiser.state_dict(), "pull": self.pull}

    def load_state_dict(self, state: dict) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.pull = state["pull"]
