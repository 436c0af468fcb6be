"""What of an iteration becomes its row of metrics: numbers read from the device, and its episodes' statistics."""

import statistics

import torch
from torch import Tensor

from engine.rollout import Rollout


def numbers(row: dict[str, Tensor | float]) -> dict[str, float]:
    """Every metric as a float, tensors read from the device in one transfer."""
    tensors = {name: value for name, value in row.items() if isinstance(value, Tensor)}
    read = torch.stack([value.float() for value in tensors.values()]).tolist() if tensors else []
    return {name: float(value) for name, value in row.items() if name not in tensors} | dict(
        zip(tensors, read, strict=True)
    )


def episode_figures(rollout: Rollout) -> dict[str, float]:
    """Statistics of the episodes that ended in this rollout; none ended: only their count."""
    returns = rollout.episode_returns
    if not returns:
        return {"episodes": 0.0}
    return {
        "episodes": float(len(returns)),
        "return_mean": statistics.fmean(returns),
        "return_median": statistics.median(returns),
        "return_min": min(returns),
        "return_max": max(returns),
        "episode_length": statistics.fmean(rollout.episode_lengths),
    }
