"""Returns and advantages against hand calculations. Beside peers, and with padding of any content: tests/truth."""

import pytest
import torch

from engine.advantages import (
    explained_variance,
    gae,
    masked_whiten,
    next_values,
    reward_to_go,
    total_return,
)


def everything(shape: tuple[int, int]) -> torch.Tensor:
    return torch.ones(shape, dtype=torch.bool)


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


def test_a_single_entry_is_not_whitened_away() -> None:
    assert masked_whiten(torch.tensor([3.0, 9.0]), torch.tensor([True, False])).tolist() == [3.0, 0.0]


@pytest.mark.parametrize("constant", [0.1, -100.3, 1000.3, 1e6, 1e-30, 0.0])
def test_what_does_not_vary_has_no_deviation_to_be_measured_by(constant: float) -> None:
    """x - mean is 0, although the mean of a thousand float32 is off by a digit: no noise is blown up to deviation 1."""
    x, mask = torch.full((1000,), constant), torch.ones(1000, dtype=torch.bool)
    assert (masked_whiten(x, mask) == 0).all()
    predictions = torch.linspace(-1, 1, 1000)
    assert torch.isnan(explained_variance(predictions, x, mask))


def test_what_varies_in_its_fifth_digit_still_counts() -> None:
    x, mask = torch.tensor([1.00001, 0.99999] * 500), torch.ones(1000, dtype=torch.bool)
    # deviation 1e-5 sqrt(1000 / 999); float32 holds 1.00001 to 6e-8, 0.6 % of it
    assert torch.allclose(masked_whiten(x, mask), torch.tensor([1.0, -1.0] * 500), atol=0.02)
    assert float(explained_variance(x, x, mask)) == 1.0


def test_explained_variance_by_hand() -> None:
    # returns 0, 2 (variance 1), predictions 0, 1: errors 0, 1 (variance .25) -> 1 - .25
    mask = torch.tensor([True, True, False])
    returns, predictions = torch.tensor([0.0, 2.0, 50.0]), torch.tensor([0.0, 1.0, -50.0])
    assert float(explained_variance(predictions, returns, mask)) == 0.75
    assert torch.isnan(explained_variance(predictions, torch.ones(3), mask))


def test_estimates_are_as_precise_as_what_they_are_made_of() -> None:
    """float64 by hand: A_0 = 1 + 0.3 * 0.7 * A_1, A_1 = 1; float32 would miss 0.21 in its ninth digit."""
    ones, none = torch.ones(2, 1, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.bool)
    advantages = gae(ones, torch.zeros(3, 1, dtype=torch.float64), none, none, ~none, 0.3, 0.7)
    assert advantages.dtype == torch.float64
    assert advantages.flatten().tolist() == pytest.approx([1.21, 1.0], abs=1e-15)
