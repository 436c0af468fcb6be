"""The molecule benchmark: PMO's area by hand, REINVENT's loss by hand, what a table counts."""

import pytest
import torch

from benchmarks.molecules import area, configured, diversity
from benchmarks.molecules_table import section
from benchmarks.reinvent import different, loss
from engine.chemistry.prior import SHIPPED
from engine.rollout import Rollout


def test_pmos_area_by_hand():
    """250 calls of .2, .6 and .4 by hundreds, of a budget of 500, best one.

    Points: .2 at 100, .6 at 200 and at 250, then level. Trapezia: 100 * .1 + 100 * .4 + 50 * .6 + 250 * .6 = 230,
    of 500 calls.
    """
    scores = [0.2] * 100 + [0.6] * 100 + [0.4] * 50
    assert area(scores, 1, 500) == pytest.approx(230 / 500)
    assert area(scores, 100, 500) == pytest.approx(230 / 500)
    assert area(scores, 200, 200) == pytest.approx((100 * 0.1 + 100 * (0.2 + 0.4) / 2) / 200)


def test_pmos_area_of_runs_that_spent_the_budget_and_of_nothing():
    """A constant .5 misses half of the first hundred: (1000 - 50) * .5 / 1000. Calls beyond the budget do not count."""
    assert area([0.5] * 1000 + [1.0] * 50, 10, 1000) == pytest.approx(0.475)
    assert area([], 10, 1000) == 0.0
    assert area([1.0], 10, 1000) == pytest.approx((0.5 + 999) / 1000)


def test_diversity_is_one_less_the_mean_similarity():
    assert diversity(["CCO", "CCO"]) == pytest.approx(0.0)
    assert diversity(["CCCCCC", "c1ccncc1"]) == pytest.approx(1.0)


def test_reinvents_loss_by_hand():
    """Olivecrona et al.: (log p_prior + sigma S - log p_agent)^2: (-30 + 500 * .1 + 25)^2 = 2025, (-20 + 18)^2 = 4."""
    agent = torch.tensor([-25.0, -18.0, -1.0], requires_grad=True)
    prior, scores = torch.tensor([-30.0, -20.0, -9.0]), torch.tensor([0.1, 0.0, 1.0])
    value = loss(agent, prior, scores, torch.tensor([True, True, False]), 500.0)
    assert value.item() == pytest.approx((2025 + 4) / 2)
    value.backward()
    assert agent.grad.tolist() == pytest.approx([-2 * 45 / 2, -2 * -2 / 2, 0.0])


def test_a_string_counts_once_in_reinvents_batch():
    actions = torch.tensor([[1, 1, 2, 1], [0, 0, 0, 2], [5, 6, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)
    empty = torch.zeros(3, 4, dtype=torch.bool)
    recorded = Rollout(actions, actions, torch.zeros(3, 4), empty, empty, mask)
    assert different(recorded).tolist() == [True, False, True, False]


def test_reinvent_differs_in_its_batch_and_replay_only():
    ours, theirs = (configured(SHIPPED, "median1", method, 3, 1000) for method in ("pg", "reinvent"))
    assert theirs.task.objective == ours.task.objective == "median1" and theirs.seed == ours.seed == 3
    assert theirs.algorithm.batch_size == 64 and theirs.task.replay == 24 and theirs.task.replay_top == 100
    assert theirs.task.score_power == theirs.task.best_share == 1.0 and not theirs.task.relative_rewards
    assert theirs.task.prior_weight == 0.0 and theirs.task.screen == 1 and theirs.task.patience == 0
    assert theirs.budget == 5000 and ours.budget == 5000 * ours.task.screen


def row(objective, method, seed, auc):
    figures = dict.fromkeys(("auc_top1", "auc_top100", "diversity", "valid", "cpu_ms_per_call"), 0.5)
    return {"budget": 1000, "objective": objective, "method": method, "seed": seed, "auc_top10": auc} | figures


def test_a_table_compares_what_both_have_run():
    rows = [
        *(row("a", "pg", seed, auc) for seed, auc in ((1, 0.6), (2, 0.2))),
        *(row("a", "reinvent", seed, auc) for seed, auc in ((1, 0.3), (2, 0.4))),
        row("b", "pg", 1, 0.1),
        row("b", "reinvent", 1, 0.2),
        row("c", "pg", 1, 0.9),
    ]
    text = section(rows, 1000)
    assert "| a | 0.400 (2) | 0.350 (2) |" in text and "| c | 0.900 (1) | - |" in text
    assert "| 2 objectives, 3 runs of both |" in text
    assert "| AUC top-10, mean | 0.250 | 0.275 | 0.909 |" in text  # (.4 + .1) / 2 and (.35 + .2) / 2
    assert "ahead in AUC top-10 | 1 of 2 |" in text
