"""Returns and advantages as pure functions of masked, time-major records [T, N]."""

import torch
from torch import Tensor


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of `x` over the entries where `mask` is true; whatever stands elsewhere, NaN included, counts nowhere."""
    return torch.where(mask, x, 0.0).sum() / mask.sum().clamp(min=1)


def masked_whiten(x: Tensor, mask: Tensor) -> Tensor:
    """(x - mean) / (sd + 1e-8) over the valid entries, 0 elsewhere; sd with n - 1. A single entry is left alone.

    Entries that are all alike give 0: the rounding of their mean is not taken for a deviation.
    """
    count = mask.sum()
    x = torch.where(mask, x, 0.0)
    centred = torch.where(mask, x - x.sum() / count.clamp(min=1), 0.0)
    deviation = (centred.square().sum() / (count - 1).clamp(min=1)).sqrt()
    scale = torch.where(deviation > _rounding(x, count), deviation + 1e-8, torch.inf)
    return torch.where(count > 1, centred / scale, x)


def _rounding(x: Tensor, count: Tensor) -> Tensor:
    """How far the mean of `count` entries (0 elsewhere) may be off: a few digits of their mean size."""
    return 8 * torch.finfo(x.dtype).eps * x.abs().sum() / count.clamp(min=1)


def reward_to_go(
    rewards: Tensor, done: Tensor, mask: Tensor, discount: float, following: Tensor | None = None
) -> Tensor:
    """G_t = r_t + discount * G_{t+1}, cut where an episode ends [T, N]. (Sutton & Barto 2018, eq. 3.9)

    following [T, N]: value of what an episode cut off at t would still have brought; it counts only where
    `done`, an invalid row or the last one cuts the sum. None: nothing follows.
    """
    rewards = torch.where(mask, rewards, 0.0)
    cut = done.clone()
    cut[:-1] |= ~mask[1:]
    cut[-1] = True
    ahead, returns = torch.zeros_like(rewards[0]), torch.empty_like(rewards)
    for t in range(len(rewards) - 1, -1, -1):
        at_end = 0.0 if following is None else following[t]
        ahead = rewards[t] + discount * torch.where(cut[t], at_end, ahead)
        returns[t] = ahead
    return returns


def total_return(rewards: Tensor, done: Tensor, mask: Tensor, discount: float) -> Tensor:
    """The discounted return of the whole episode, written at each of its steps [T, N]. (Williams 1992)"""
    totals = reward_to_go(rewards, done, mask, discount)
    for t in range(1, len(totals)):
        goes_on = mask[t] & mask[t - 1] & ~done[t - 1]
        totals[t] = torch.where(goes_on, totals[t - 1], totals[t])
    return totals


def next_values(values: Tensor, terminated: Tensor) -> Tensor:
    """V(s_{t+1}) [T, N] from values [T+1, N]: 0 after a true end, V of the final observation after a cut-off.

    A time limit is not part of the task, so the value of going on counts (Pardo et al. 2018).
    """
    return torch.where(terminated, 0.0, values[1:])


def gae(
    rewards: Tensor, values: Tensor, terminated: Tensor, done: Tensor, mask: Tensor, discount: float, gae_lambda: float
) -> Tensor:
    """Generalised advantage estimates [T, N] from rewards [T, N] and values [T+1, N]; 0 at invalid rows.

    delta_t = r_t + discount * V(s_{t+1}) - V(s_t),  A_t = delta_t + discount * lambda * A_{t+1}, cut where an
    episode ends. (Schulman et al. 2016, eq. 16)
    """
    deltas = torch.where(mask, rewards + discount * next_values(values, terminated) - values[:-1], 0.0)
    decay = (~done & mask).to(rewards.dtype) * (discount * gae_lambda)
    ahead, advantages = torch.zeros_like(deltas[0]), []
    for delta, rate in zip(reversed(deltas.unbind()), reversed(decay.unbind()), strict=True):
        ahead = torch.addcmul(delta, rate, ahead)
        advantages.append(ahead)
    return torch.stack(advantages[::-1])


def explained_variance(predictions: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """1 - Var(returns - predictions) / Var(returns) over valid entries; NaN where the returns do not vary."""

    def variance(x: Tensor) -> Tensor:
        return masked_mean((x - masked_mean(x, mask)) ** 2, mask)

    spread = variance(returns)
    alike = spread <= _rounding(torch.where(mask, returns, 0.0), mask.sum()) ** 2
    return torch.where(~alike, 1 - variance(returns - predictions) / spread, torch.nan)
