"""Returns, advantages, whitening and explained variance beside Stable-Baselines3, torchrl, SciPy and NumPy."""

import numpy as np
import pytest
import torch
from episodes import Steps, ends, happened
from gymnasium import spaces
from scipy.signal import lfilter
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.utils import explained_variance as sb3_explained_variance
from torchrl.objectives.value.functional import generalized_advantage_estimate

from engine.advantages import (
    explained_variance,
    gae,
    masked_mean,
    masked_whiten,
    next_values,
    reward_to_go,
    total_return,
)

STEPS, ENVS = 40, 5
# fractions of a power of two: torchrl multiplies with them in float32
CASES = [(0.96875, 0.875, 0), (0.875, 1.0, 1), (1.0, 0.0, 2), (0.0, 0.5, 3), (1.0, 1.0, 4)]


def record(seed: int) -> dict[str, torch.Tensor]:
    """Rewards [T, N] and values [T+1, N] in float64, with episodes that end in either way, and invalid rows."""
    rng = np.random.default_rng(seed)
    found = {"rewards": rng.normal(size=(STEPS, ENVS)), "values": 10 * rng.normal(size=(STEPS + 1, ENVS))}
    return {name: torch.from_numpy(array) for name, array in (found | vars(ends(STEPS, ENVS, rng))).items()}


def ours(record: dict[str, torch.Tensor], gamma: float, gae_lambda: float) -> torch.Tensor:
    done = record["terminated"] | record["truncated"]
    order = (record["rewards"], record["values"], record["terminated"], done, record["mask"])
    return gae(*order, gamma, gae_lambda)


def by_stable_baselines3(steps: Steps, gamma: float, gae_lambda: float) -> np.ndarray:
    """Its way with a cut-off (on_policy_algorithm.py): gamma V(final observation) is added to the last reward."""
    m = len(steps.rewards)
    buffer = RolloutBuffer(m, spaces.Box(-1, 1, (1,)), spaces.Discrete(2), gae_lambda=gae_lambda, gamma=gamma)
    cut_off = steps.done & ~steps.terminated
    buffer.rewards = (steps.rewards + gamma * torch.where(cut_off, steps.following, 0.0)).numpy()[:, None]
    buffer.values, buffer.advantages = steps.values.numpy()[:, None], np.zeros((m, 1))
    done = steps.done.numpy()
    buffer.episode_starts = np.concatenate([[True], done[:-1]]).astype(np.float32)[:, None]
    buffer.compute_returns_and_advantage(steps.following[-1:], done[-1:])
    return buffer.advantages[:, 0]


@pytest.mark.parametrize(("gamma", "gae_lambda", "seed"), CASES)
def test_gae_equals_stable_baselines3(gamma: float, gae_lambda: float, seed: int) -> None:
    given = record(seed)
    steps = happened(**given)
    assert (steps.done & ~steps.terminated).sum() > 10 < steps.terminated.sum() and not given["mask"].all()
    found = ours(given, gamma, gae_lambda)
    np.testing.assert_allclose(
        found[steps.row, steps.column], by_stable_baselines3(steps, gamma, gae_lambda), atol=1e-12
    )
    assert (found[~given["mask"]] == 0).all()


@pytest.mark.parametrize(("gamma", "gae_lambda", "seed"), CASES)
def test_gae_equals_torchrl(gamma: float, gae_lambda: float, seed: int) -> None:
    """torchrl knows no mask: it gets the invalid rows too, and ours must give the same wherever a row happened."""
    given = record(seed)
    done = given["terminated"] | given["truncated"]
    columns = [x.T[..., None] for x in (given["values"][:-1], given["values"][1:], given["rewards"], done)]
    theirs, targets = generalized_advantage_estimate(gamma, gae_lambda, *columns, given["terminated"].T[..., None])
    found, mask = ours(given, gamma, gae_lambda), given["mask"]
    torch.testing.assert_close(found[mask], theirs[..., 0].T[mask], atol=1e-12, rtol=0)
    torch.testing.assert_close((found + given["values"][:-1])[mask], targets[..., 0].T[mask], atol=1e-12, rtol=0)


def episodes(steps: Steps) -> list[slice]:
    stops = (steps.done.nonzero()[:, 0] + 1).tolist()
    return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]


@pytest.mark.parametrize("gamma", [1.0, 0.95, 0.0])
def test_returns_are_those_of_a_linear_filter(gamma: float) -> None:
    """G_t = r_t + gamma G_{t+1} is the filter 1 / (1 - gamma z^-1) run backwards over each episode."""
    given = record(7)
    steps = happened(**given)
    done = given["terminated"] | given["truncated"]
    plain = (given["rewards"], done, given["mask"], gamma)
    after = next_values(given["values"], given["terminated"])
    to_go, total, bootstrapped = reward_to_go(*plain), total_return(*plain), reward_to_go(*plain, after)
    for episode in episodes(steps):
        at = (steps.row[episode], steps.column[episode])
        rewards = steps.rewards[episode].numpy()
        expected = lfilter([1.0], [1.0, -gamma], rewards[::-1])[::-1]
        np.testing.assert_allclose(to_go[at], expected, atol=1e-12)
        np.testing.assert_allclose(total[at], np.full(len(rewards), expected[0]), atol=1e-12)
        last = 0.0 if steps.terminated[episode][-1] else float(steps.following[episode][-1])
        longer = lfilter([1.0], [1.0, -gamma], np.append(rewards, last)[::-1])[::-1]
        np.testing.assert_allclose(bootstrapped[at], longer[:-1], atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_statistics_over_a_mask_are_those_over_what_it_keeps(seed: int) -> None:
    given = record(seed)
    mask, x, y = given["mask"], given["rewards"], given["values"][:-1]
    kept = x[mask].numpy()
    assert float(masked_mean(x, mask)) == pytest.approx(kept.mean(), abs=1e-14)
    # Stable-Baselines3's ppo.py: (A - mean) / (std + 1e-8), std with n - 1
    np.testing.assert_allclose(
        masked_whiten(x, mask)[mask], (kept - kept.mean()) / (kept.std(ddof=1) + 1e-8), rtol=1e-9
    )
    assert (masked_whiten(x, mask)[~mask] == 0).all()
    theirs = sb3_explained_variance(y[mask].numpy(), kept)
    assert float(explained_variance(y, x, mask)) == pytest.approx(float(theirs), rel=1e-9)
