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


def times(rollout: Rollout, start: float, collected: float, ended: float) -> dict[str, float]:
    """Where an iteration's seconds went, from its start, the end of the calls that collected, and its end.

    On a device the update is called while the rollout is still being made; learning begins where that ends.
    """
    spent = rollout.timings if rollout.seconds is None else {"environment": rollout.seconds()}
    learning = ended - max(collected, start + sum(spent.values()))
    return {f"time_{name}": seconds for name, seconds in spent.items()} | {"time_update": learning}


def episode_figures(rollout: Rollout) -> dict[str, float]:
    """Statistics of the episodes that ended in this rollout; none ended: only their count."""
    if rollout.under_way is not None:
        return _figures_on_device(*(counted[rollout.done] for counted in rollout.under_way))
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


def _figures_on_device(returns: Tensor, lengths: Tensor) -> dict[str, float]:
    """The same from tensors [E], computed where they are."""
    count = len(returns)
    if not count:
        return {"episodes": 0.0}
    returns = returns.sort().values
    middle = (returns[(count - 1) // 2] + returns[count // 2]) / 2
    figures = torch.stack([returns.mean(), middle, returns[0], returns[-1], lengths.double().mean()]).tolist()
    names = ("return_mean", "return_median", "return_min", "return_max", "episode_length")
    return {"episodes": float(count), **dict(zip(names, figures, strict=True))}
