"""Running normalisation of observations and rewards; its statistics belong in the checkpoint."""

from typing import Any

import numpy as np
import torch

EPSILON = 1e-8
CLIP = 10.0


class Statistics:
    """Mean and variance of everything seen so far, merged batch by batch (Chan, Golub and LeVeque 1979)."""

    def __init__(self, shape: tuple[int, ...]):
        self.count = 0
        self.mean = np.zeros(shape)
        self.squares = np.zeros(shape)

    @property
    def variance(self) -> np.ndarray:
        """Population variance; one where fewer than two numbers were seen."""
        return self.squares / self.count if self.count > 1 else np.ones_like(self.mean)

    def update(self, batch: np.ndarray) -> None:
        """Merge a batch [B, *shape]."""
        if not len(batch):
            return
        batch = batch.astype(np.float64)
        mean, n = batch.mean(0), len(batch)
        delta, total = mean - self.mean, self.count + n
        self.mean = self.mean + delta * (n / total)
        self.squares = self.squares + ((batch - mean) ** 2).sum(0) + delta**2 * (self.count * n / total)
        self.count = total

    def state_dict(self) -> dict[str, Any]:
        mean, squares = torch.from_numpy(np.array(self.mean)), torch.from_numpy(np.array(self.squares))
        return {"count": self.count, "mean": mean, "squares": squares}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        mean, squares = state["mean"].numpy(), state["squares"].numpy()
        if mean.shape != self.mean.shape or squares.shape != self.mean.shape:
            raise ValueError(f"The saved statistics have shape {mean.shape}; expected {self.mean.shape}")
        self.count, self.mean, self.squares = state["count"], mean.copy(), squares.copy()


class ObservationScale:
    """(observation - mean) / standard deviation, clipped to [-10, 10]; the statistics rest while a rollout is made."""

    def __init__(self, shape: tuple[int, ...]):
        self.statistics = Statistics(shape)
        self._derive()

    def _derive(self) -> None:
        self.shift = self.statistics.mean.astype(np.float32)
        self.factor = (1 / np.sqrt(self.statistics.variance + EPSILON)).astype(np.float32)

    def apply(self, observations: np.ndarray, out: np.ndarray) -> None:
        """Normalise observations [..., *shape] into `out`, with the statistics as they are."""
        np.subtract(observations, self.shift, out=out)
        np.multiply(out, self.factor, out=out)
        np.clip(out, -CLIP, CLIP, out=out)

    def update(self, observations: np.ndarray) -> None:
        """Learn from observations [B, *shape]; they count from the next rollout on."""
        self.statistics.update(observations)
        self._derive()

    def state_dict(self) -> dict[str, Any]:
        return self.statistics.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.statistics.load_state_dict(state)
        self._derive()


class RewardScale:
    """Rewards divided by the standard deviation of the running discounted return (Engstrom et al. 2020, A.2)."""

    def __init__(self, n_envs: int, discount: float):
        self.discount = discount
        self.statistics = Statistics(())
        self.returns = np.zeros(n_envs)

    def forget_episodes(self) -> None:
        """All episodes begin anew; what was learnt of their spread stays."""
        self.returns[:] = 0

    def scaled(self, rewards: np.ndarray, done: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Learn from rewards [T, N] of one rollout, then return them scaled and clipped to [-10, 10]."""
        running = np.empty_like(rewards)
        for t in range(len(rewards)):
            self.returns = self.discount * self.returns + rewards[t]
            running[t] = self.returns
            self.returns = np.where(done[t], 0.0, self.returns)
        self.statistics.update(running[mask])
        return np.clip(rewards / np.sqrt(self.statistics.variance + EPSILON), -CLIP, CLIP)

    def state_dict(self) -> dict[str, Any]:
        return {**self.statistics.state_dict(), "returns": torch.from_numpy(self.returns.copy())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        returns = state["returns"].numpy()
        if returns.shape != self.returns.shape:
            raise ValueError(f"The saved returns have shape {returns.shape}; expected {self.returns.shape}")
        self.statistics.load_state_dict(state)
        self.returns = returns.copy()
