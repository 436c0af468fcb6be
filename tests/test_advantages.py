"""Returns and advantages against Stable-Baselines3, hand calculations and padding of any content."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st
from stable_baselines3.common.buffers import RolloutBuffer

from engine.advantages import (
    explained_variance,
    gae,
    masked_mean,
    masked_whiten,
    next_values,
    reward_to_go,
    total_return,
)


def everything(shape: tuple[int, int]) -> torch.Tensor:
    return torch.ones(shape, dtype=torch.bool)


def test_gae_equals_stable_baselines3() -> None:
    steps, envs, rng = 40, 6, np.random.default_rng(0)
    rewards, values = rng.normal(size=(steps, envs)), rng.normal(size=(steps + 1, envs))
    ends = rng.random((steps, envs)) < 0.15
    box = spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(steps, box, spaces.Discrete(2), "cpu", gae_lambda=0.9, gamma=0.97, n_envs=envs)
    buffer.rewards, buffer.values = rewards.copy(), values[:-1].copy()
    buffer.episode_starts = np.concatenate([np.zeros((1, envs)), ends[:-1]]).astype(np.float32)
    buffer.compute_returns_and_advantage(torch.tensor(values[-1]), ends[-1])

    done = torch.tensor(ends)
    ours = gae(torch.tensor(rewards), torch.tensor(values), done, done, everything((steps, envs)), 0.97, 0.9)
    assert np.allclose(ours.numpy(), buffer.advantages, atol=1e-6)


def test_gae_of_a_truncated_episode_bootstraps_and_of_a_terminated_one_does_not() -> None:
    # Two columns, two steps, gamma .9, lambda .8, rewards 1, V = 10, 20, 30; the episode ends at step 1.
    rewards, values = torch.ones(2, 2), torch.tensor([[10.0, 10.0], [20.0, 20.0], [30.0, 30.0]])
    terminated = torch.tensor([[False, False], [True, False]])
    done = torch.tensor([[False, False], [True, True]])
    advantages = gae(rewards, values, terminated, done, everything((2, 2)), 0.9, 0.8)
    # terminated: A1 = 1 - 20 = -19; truncated: A1 = 1 + .9*30 - 20 = 8; A0 = (1 + .9*20 - 10) + .72*A1
    assert torch.allclose(advantages[1], torch.tensor([-19.0, 8.0]))
    assert torch.allclose(advantages[0], torch.tensor([9 - 0.72 * 19, 9 + 0.72 * 8]))


def test_gae_across_an_autoreset_row_joins_nothing() -> None:
    # NEXT_STEP: the episode ends at row 1, row 2 is the reset (invalid), row 3 begins the next episode.
    rewards = torch.tensor([1.0, 1.0, 99.0, 5.0]).unsqueeze(1)
    values = torch.tensor([1.0, 2.0, 77.0, 3.0, 4.0]).unsqueeze(1)
    terminated = torch.tensor([False, True, False, False]).unsqueeze(1)
    mask = torch.tensor([True, True, False, True]).unsqueeze(1)
    advantages = gae(rewards, values, terminated, terminated, mask, 1.0, 1.0).squeeze(1)
    # A1 = 1 - 2, A0 = (1 + 2 - 1) + A1, row 2 counts nothing, A3 = 5 + 4 - 3
    assert advantages.tolist() == [1.0, -1.0, 0.0, 6.0]


def test_truncated_value_is_the_final_observations() -> None:
    values = torch.tensor([[1.0, 1.0], [7.0, 7.0]])
    terminated = torch.tensor([[True, False]])
    assert next_values(values, terminated).tolist() == [[0.0, 7.0]]


def test_reward_to_go_by_hand() -> None:
    # Episodes [1, 2, 3] and [4]; gamma .5: 1 + .5*(2 + .5*3) = 2.75, 3.5, 3 and 4.
    rewards = torch.tensor([1.0, 2.0, 3.0, 4.0]).unsqueeze(1)
    done = torch.tensor([False, False, True, True]).unsqueeze(1)
    returns = reward_to_go(rewards, done, everything((4, 1)), 0.5)
    assert returns.squeeze(1).tolist() == [2.75, 3.5, 3.0, 4.0]


def test_reward_to_go_adds_what_follows_a_cut() -> None:
    rewards, done = torch.ones(2, 1), torch.tensor([[False], [True]])
    following = torch.tensor([[5.0], [10.0]])
    assert reward_to_go(rewards, done, everything((2, 1)), 0.5, following).squeeze(1).tolist() == [4.0, 6.0]


def test_total_return_stands_at_every_step_of_its_episode() -> None:
    # gamma .5, episodes [1, 2, 4] -> 1 + 1 + 1 = 3 and [8, 8] -> 12, an autoreset row between them.
    rewards = torch.tensor([1.0, 2.0, 4.0, 99.0, 8.0, 8.0]).unsqueeze(1)
    done = torch.tensor([False, False, True, False, False, True]).unsqueeze(1)
    mask = torch.tensor([True, True, True, False, True, True]).unsqueeze(1)
    totals = total_return(rewards, done, mask, 0.5)
    assert totals[mask].tolist() == [3.0, 3.0, 3.0, 12.0, 12.0]


def test_a_reward_of_one_for_ever_cut_every_ten_steps_is_worth_ten() -> None:
    # One state, reward 1, gamma .9, truncated at step 10: the fixed point of V = GAE target is 1 / (1 - .9) = 10.
    value, done = torch.tensor(0.0), torch.zeros(10, 1, dtype=torch.bool)
    done[-1] = True
    for _ in range(400):
        values = value.expand(11, 1)
        advantages = gae(torch.ones(10, 1), values, torch.zeros_like(done), done, everything((10, 1)), 0.9, 0.95)
        value = (advantages + values[:-1]).mean()
    assert float(value) == pytest.approx(10.0, abs=1e-3)


def test_whitening_equals_stable_baselines3s_formula() -> None:
    x = torch.randn(50, generator=torch.Generator().manual_seed(1))
    expected = (x - x.mean()) / (x.std() + 1e-8)
    assert torch.allclose(masked_whiten(x, torch.ones(50, dtype=torch.bool)), expected, atol=1e-6)


def test_a_single_entry_is_not_whitened_away() -> None:
    assert masked_whiten(torch.tensor([3.0, 9.0]), torch.tensor([True, False])).tolist() == [3.0, 0.0]


def test_explained_variance_by_hand() -> None:
    # returns 0, 2 (variance 1), predictions 0, 1: errors 0, 1 (variance .25) -> 1 - .25
    mask = torch.tensor([True, True, False])
    returns, predictions = torch.tensor([0.0, 2.0, 50.0]), torch.tensor([0.0, 1.0, -50.0])
    assert float(explained_variance(predictions, returns, mask)) == 0.75
    assert torch.isnan(explained_variance(predictions, torch.ones(3), mask))


@given(
    padding=st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=5),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 1000),
)
def test_padding_of_any_content_changes_nothing(padding: list[float], dtype: torch.dtype, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rewards, values = (torch.randn(n, 1, dtype=dtype, generator=generator) for n in (6, 7))
    done = torch.zeros(6, 1, dtype=torch.bool)
    done[-1] = True
    mask = everything((6, 1))
    pad = torch.tensor(padding, dtype=dtype).unsqueeze(1)
    no = torch.zeros(len(pad), 1, dtype=torch.bool)
    long = {
        "rewards": torch.cat([rewards, pad]),
        "values": torch.cat([values, pad]),
        "done": torch.cat([done, no]),
        "mask": torch.cat([mask, no]),
    }
    terminated_long = torch.cat([torch.zeros_like(done), no])
    plain = gae(rewards, values, torch.zeros_like(done), done, mask, 0.9, 0.8)
    padded = gae(long["rewards"], long["values"], terminated_long, long["done"], long["mask"], 0.9, 0.8)
    assert torch.equal(plain, padded[:6])
    for function in (reward_to_go, total_return):
        expected = function(rewards, done, mask, 0.9)
        assert torch.equal(expected, function(long["rewards"], long["done"], long["mask"], 0.9)[:6])
    assert torch.allclose(masked_mean(rewards, mask), masked_mean(long["rewards"], long["mask"]))
    assert torch.allclose(masked_whiten(rewards, mask), masked_whiten(long["rewards"], long["mask"])[:6], atol=1e-5)
