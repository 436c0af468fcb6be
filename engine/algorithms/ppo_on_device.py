"""PPO's update without reading a number from the device until it ends: captured on CUDA, called as it is elsewhere."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from engine.advantages import gae
from engine.algorithms.measuring import foresight, movement
from engine.batch import Batch, judge
from engine.graphs import Replayed
from engine.optimisation import MAX_SKIPPED_IN_A_ROW, Optimiser
from engine.optimisation_on_device import OnDevice
from engine.policies import Policy
from engine.rollout import Rollout

Loss = Callable[[Any, Batch], tuple[Tensor, dict[str, Tensor]]]
RECORDED = ("observations", "actions", "rewards", "terminated", "truncated", "mask")


class UpdateOnDevice:
    """The updates of one policy under the same settings from rollouts of the same shape.

    What PPO.update does, of a rollout of M rows of which some do not count: those stay in the batch, masked, and so
    does one more that fills up the smaller minibatches. An early stop (target_kl) leaves the remaining steps undone.
    loss(settings, minibatch): the loss and its metrics.
    """

    def __init__(self, policy: Policy, optimiser: Optimiser, loss: Loss, settings: Any, rollout: Rollout):
        self.policy, self.loss, self.settings = policy, loss, settings
        self.adam = OnDevice(optimiser)
        self.parameters: list[nn.Parameter] = [*policy.actor_parameters(), *policy.critic_parameters()]
        self.rollout = Rollout(**{name: getattr(rollout, name).clone() for name in RECORDED})
        self.batch = _room(policy, self.rollout)

        device, size = rollout.mask.device, rollout.mask.numel()
        parts = [len(part) for part in torch.arange(size).tensor_split(max(1, round(size / settings.minibatch_size)))]
        width = max(parts)
        self.order = torch.full((len(parts), width), size, device=device)
        places = [torch.arange(count) + row * width for row, count in enumerate(parts)]
        self.places = torch.cat(places).to(device)  # where in `order` the entries of a permutation go
        self.turn = torch.zeros(1, dtype=torch.int64, device=device)
        self.goes_on = torch.ones((), dtype=torch.bool, device=device)
        self.epochs, self.weight = (torch.zeros((), dtype=torch.float64, device=device) for _ in ("epochs", "weight"))
        self.sums: dict[str, Tensor] = {}
        self.found = torch.zeros(0)
        self.names: list[str] = []

        self.prepare, self.descend, self.finish = (
            Replayed(work, device) for work in (self._prepare, self._descend, self._finish)
        )

    def fits(self, settings: Any, rollout: Rollout) -> bool:
        """Whether it was made for these settings and rollouts of this shape."""
        return settings == self.settings and rollout.mask.shape == self.rollout.mask.shape

    def update(self, rollout: Rollout, learning_rate: float, generator: torch.Generator) -> dict[str, float]:
        """One update; returns PPO's metrics, read in one transfer at its end. Non-finite gradients in a row stop it."""
        for name in RECORDED:
            getattr(self.rollout, name).copy_(getattr(rollout, name))
        self.adam.begin(learning_rate)
        self.goes_on.fill_(True)
        for counted in (self.epochs, self.weight, *self.sums.values()):
            counted.zero_()
        self.prepare()
        for _ in range(self.settings.epochs):
            drawn = torch.randperm(len(self.places), generator=generator, device=generator.device)
            self.order.view(-1).scatter_(0, self.places, drawn)
            self.turn.zero_()
            for _ in range(len(self.order)):
                self.descend()
            self.epochs += self.goes_on
        self.finish()
        row = dict(zip(self.names, self.found.tolist(), strict=True))
        self.adam.end(row.pop("steps"), row.pop("skipped"))
        return row

    @torch.no_grad()
    def _prepare(self) -> None:
        """Judge the rollout and lay its rows out as one batch."""
        rollout, settings = self.rollout, self.settings
        judged = judge(self.policy, rollout)
        record = (rollout.rewards, judged.values, rollout.terminated, rollout.done, rollout.mask)
        advantages = gae(*record, settings.discount, settings.gae_lambda)
        rows = {
            "observations": rollout.observations[:-1],
            "actions": judged.rollout.actions,
            "params": judged.params,
            "log_probs": judged.log_probs,
            "values": judged.values[:-1],
            "advantages": advantages,
            "returns": advantages + judged.values[:-1],
            "mask": rollout.mask,
        }
        for name, row in rows.items():
            getattr(self.batch, name)[:-1].copy_(row.flatten(0, 1))

    def _descend(self) -> None:
        """One gradient step on minibatch `turn` of the order; its metrics, by its valid rows, go to the sums."""
        index = self.order.index_select(0, self.turn)[0]
        columns = {field.name: getattr(self.batch, field.name) for field in fields(self.batch)}
        part = Batch(**{name: row.index_select(0, index) for name, row in columns.items() if row is not None})
        loss, row = self.loss(self.settings, part)
        slopes = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            torch.cat([slope.reshape(-1) for slope in slopes], out=self.adam.optimiser.gradient)
            valid = part.mask.sum()
            weight = torch.where(self.goes_on, valid, 0)
            if self.settings.target_kl is not None:
                self.goes_on &= ~(row["minibatch_kl"] > 1.5 * self.settings.target_kl)
            norm = self.adam.descend(self.settings.max_gradient_norm, self.goes_on & (valid > 0))
            row["gradient_norm"] = torch.where(self.goes_on, norm, 0.0)
            self.goes_on &= self.adam.skipped < MAX_SKIPPED_IN_A_ROW
            self.weight += weight
            for name, scalar in row.items():
                self._sum(name).add_(torch.where(weight > 0, scalar.detach().double() * weight, 0.0))
            self.turn += 1

    def _sum(self, name: str) -> Tensor:
        return self.sums.setdefault(name, torch.zeros_like(self.weight))

    @torch.no_grad()
    def _finish(self) -> None:
        """All that is to be read, side by side."""
        row = {name: total / self.weight for name, total in self.sums.items()}
        row |= movement(self.policy, self.batch) | foresight(self.batch)
        row |= {"epochs": self.epochs, "steps": self.adam.steps, "skipped": self.adam.skipped}
        if not self.names:
            self.names, self.found = list(row), self.weight.new_zeros(len(row))
        self.found.copy_(torch.stack([scalar.double() for scalar in row.values()]))


@torch.no_grad()
def _room(policy: Policy, rollout: Rollout) -> Batch:
    """A batch with a place for every row of the rollout, and one at the end that does not count."""
    size = rollout.mask.numel() + 1
    like = {name: getattr(rollout, name)[:1].flatten(0, 1)[:1] for name in ("observations", "actions", "mask")}
    row = rollout.rewards.new_zeros(1)
    like |= {"params": policy.params(like["observations"]), "log_probs": row, "values": row}
    like |= {"advantages": row, "returns": row}
    return Batch(**{name: one.new_zeros(size, *one.shape[1:]) for name, one in like.items()})
