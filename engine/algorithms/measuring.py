"""What every algorithm reports of an update: how far the policy moved, and averages over minibatches."""

import torch
from torch import Tensor

from engine import losses
from engine.advantages import explained_variance, masked_mean
from engine.batch import Batch
from engine.metrics import RATIO_EDGES
from engine.policies import Policy


class Means:
    """Means of scalars over the minibatches of an update, weighted by valid entries; read once, at its end."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Tensor]] = []
        self.weights: list[Tensor] = []

    def add(self, mask: Tensor, **scalars: Tensor) -> None:
        self.rows.append({name: scalar.detach() for name, scalar in scalars.items()})
        self.weights.append(mask.sum())

    def read(self) -> dict[str, Tensor]:
        weights = torch.stack(self.weights).float()
        names = self.rows[0] if self.rows else {}
        return {name: (torch.stack([row[name] for row in self.rows]) * weights).sum() / weights.sum() for name in names}


@torch.no_grad()
def movement(policy: Policy, batch: Batch) -> dict[str, Tensor]:
    """How the policy after the update differs from the one that collected, over all valid entries of the batch."""
    params = policy.params(batch.observations)
    log_probs = policy.distribution.log_prob(params, batch.actions)
    log_ratio = torch.where(batch.mask, log_probs - batch.log_probs, 0.0)
    row = {
        "kl": masked_mean(policy.distribution.kl(batch.params, params), batch.mask),
        "kl_k1": losses.kl_k1(log_ratio, batch.mask),
        "kl_k2": losses.kl_k2(log_ratio, batch.mask),
        "kl_k3": losses.kl_k3(log_ratio, batch.mask),
        "entropy": masked_mean(policy.distribution.entropy(params), batch.mask),
        "explained_variance": explained_variance(batch.values, batch.returns, batch.mask),
    }
    if batch.reference_params is not None:
        row["reference_kl"] = masked_mean(policy.distribution.kl(params, batch.reference_params), batch.mask)
    return row | ratio_bins(log_ratio[batch.mask].exp())


def ratio_bins(ratio: Tensor) -> dict[str, Tensor]:
    """Share of probability ratios in each bin of RATIO_EDGES; the first and the last bin are open."""
    edges = torch.tensor(RATIO_EDGES[1:-1], device=ratio.device)
    shares = torch.bincount(torch.bucketize(ratio, edges), minlength=len(RATIO_EDGES) - 1) / max(1, len(ratio))
    return {f"ratio_bin_{index:02d}": share for index, share in enumerate(shares)}


def reference_penalty(policy: Policy, params: Tensor, batch: Batch) -> Tensor:
    """mean KL(pi || reference) over valid entries, summed over all actions; 0 where there is no reference."""
    if batch.reference_params is None:
        return params.new_zeros(())
    return masked_mean(policy.distribution.kl(params, batch.reference_params), batch.mask)
