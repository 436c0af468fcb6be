"""What every algorithm reports of an update: how far the policy moved, and averages over minibatches."""

from functools import cache

import torch
from torch import Tensor

from engine import losses
from engine.advantages import explained_variance, masked_mean
from engine.batch import Batch
from engine.metrics import RATIO_EDGES
from engine.policies import Policy
from engine.rollout import Oracle


class Means:
    """Means of scalars over the minibatches of an update, weighted by valid entries; read once, at its end."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Tensor | float]] = []
        self.weights: list[Tensor | float] = []

    def add(self, part: Batch, **scalars: Tensor | float) -> None:
        self.rows.append(scalars)
        self.weights.append(part.count)

    @torch.no_grad()
    def read(self) -> dict[str, Tensor]:
        names = self.rows[0]
        tensors = (scalar for scalar in names.values() if isinstance(scalar, Tensor))
        weights = _row(self.weights, next(tensors, torch.ones(1)))
        share = weights / weights.sum()
        return {name: (_row([row[name] for row in self.rows], share) * share).sum() for name in names}


def _row(scalars: list[Tensor | float], like: Tensor) -> Tensor:
    """Numbers, or tensors of none, as one tensor."""
    if isinstance(scalars[0], Tensor):
        return torch.stack([torch.as_tensor(scalar, device=like.device) for scalar in scalars])
    return like.new_tensor(scalars)


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
    }
    if batch.reference_params is not None:
        row["reference_kl"] = masked_mean(policy.distribution.kl(params, batch.reference_params), batch.mask)
    return row | ratio_bins(log_ratio.exp(), batch.mask)


@torch.no_grad()
def foresight(batch: Batch) -> dict[str, Tensor]:
    """How well the critic that collected had predicted the batch's returns; of a critic that nobody fits, nothing."""
    return {"explained_variance": explained_variance(batch.values, batch.returns, batch.mask)}


@torch.no_grad()
def beside_exact(
    policy: Policy, batch: Batch, oracle: Oracle | None, clip_range: float | None = None
) -> dict[str, Tensor | float]:
    """The update beside what is known exactly, where that was asked for: gradient, KL, step and, for PPO, clipping.

    The sampled gradient in the logits of observation o is the mean of (1[a] - pi(. | o)) A over the batch.
    """
    if oracle is None:
        return {}
    n_observations, n_actions = oracle.probabilities.shape
    seen, old = batch.observations.argmax(-1).cpu(), torch.softmax(batch.params.cpu().double(), -1)
    moves = torch.eye(n_actions, dtype=torch.float64)[batch.actions.cpu()]
    pulls = (moves - old) * batch.advantages.cpu().double()[:, None]
    sampled = torch.zeros_like(oracle.gradient).index_add_(0, seen, pulls)
    everything = torch.eye(n_observations, dtype=batch.observations.dtype, device=batch.observations.device)
    after = torch.log_softmax(policy.params(everything).cpu().double(), -1)
    change = after - oracle.probabilities.log()
    expected = oracle.visits[:, None] * oracle.probabilities
    row: dict[str, Tensor | float] = {
        "gradient_cosine": _cosine(sampled, oracle.gradient),
        "followed_cosine": _cosine(sampled, oracle.followed),
        "natural_cosine": _cosine(_centred(change, oracle.visits), _centred(oracle.advantages, oracle.visits)),
        "kl_exact": -torch.where(expected > 0, expected * change, 0.0).sum(),
    }
    if clip_range is not None:
        ratio = (after[seen].gather(-1, batch.actions.cpu()[:, None]) - batch.log_probs.cpu()[:, None]).exp()
        row["clipped_after"] = ((ratio - 1).abs() > clip_range).double().mean()
        row["clipped_exact"] = (expected * ((change.exp() - 1).abs() > clip_range)).sum()
    return row


def _cosine(one: Tensor, other: Tensor) -> Tensor:
    """NaN where one of them is nothing."""
    return (one * other).sum() / (one.norm() * other.norm())


def _centred(logits: Tensor, visits: Tensor) -> Tensor:
    """What a softmax knows of logits [O, A]: adding the same to all of a row changes nothing; nor do unvisited rows."""
    return torch.where(visits[:, None] > 0, logits - logits.mean(-1, keepdim=True), 0.0)


def ratio_bins(ratio: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Share of the valid probability ratios in each bin of RATIO_EDGES; the first and the last bin are open."""
    counts = torch.zeros(len(RATIO_EDGES) - 1, device=ratio.device)
    counts.index_add_(0, torch.bucketize(ratio, _inner_edges(ratio.device)).flatten(), mask.flatten().to(counts.dtype))
    shares = counts / mask.sum().clamp(min=1)
    return {f"ratio_bin_{index:02d}": share for index, share in enumerate(shares)}


@cache
def _inner_edges(device: torch.device) -> Tensor:
    return torch.tensor(RATIO_EDGES[1:-1], device=device)


def reference_penalty(policy: Policy, params: Tensor, batch: Batch) -> Tensor:
    """mean KL(pi || reference) over valid entries, summed over all actions; 0 where there is no reference."""
    if batch.reference_params is None:
        return params.new_zeros(())
    return masked_mean(policy.distribution.kl(params, batch.reference_params), batch.mask)
