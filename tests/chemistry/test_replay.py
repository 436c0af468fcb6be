"""Learning from the best: drawing by score, columns beside the drawn ones, sharpened rewards, the best share."""

import math

import pytest
import torch

from engine.chemistry.memory import Found
from engine.chemistry.replay import beside, best_of, drawn_from, log_probability, logits_of, relative, sharpened
from engine.policies.tokens import Sequences, TokenModel, sample


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def found(score: float, name: str) -> Found:
    return Found(score, name, (), 1, (3, 0), score)


def test_a_molecule_is_drawn_in_proportion_to_its_score():
    """Scores .6, .3, .1, .0: the chances of the first draw are the scores themselves, as they sum to 1."""
    best = [found(score, name) for score, name in ((0.0, "d"), (0.1, "c"), (0.3, "b"), (0.6, "a"))]
    random, n = generator(), 4000
    counts = {name: 0 for name in "abcd"}
    for _ in range(n):
        (one,) = drawn_from(best, 1, random)
        counts[one.smiles] += 1
    for name, chance in (("a", 0.6), ("b", 0.3), ("c", 0.1), ("d", 0.0)):
        assert abs(counts[name] / n - chance) <= 4 * math.sqrt(0.25 / n)


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (2, 2), (9, 3)])
def test_no_molecule_is_drawn_twice(n, expected):
    best = [found(score, str(score)) for score in (0.0, 0.2, 0.9)]
    chosen = drawn_from(best, n, generator())
    assert len({one.smiles for one in chosen}) == len(chosen) == expected


def test_replayed_strings_stand_right_of_the_drawn_ones():
    read = torch.tensor([[0, 0], [5, 6]])
    written = torch.tensor([[5, 6], [0, 7]])
    drawn = Sequences(read, written, torch.zeros(2, 2), torch.ones(2, 2, dtype=torch.bool))
    both = beside(drawn, [[4, 0], [1, 2, 3, 0]])
    assert both.read.t().tolist() == [[0, 5, 0, 0], [0, 6, 0, 0], [0, 4, 0, 0], [0, 1, 2, 3]]
    assert both.written.t().tolist() == [[5, 0, 0, 0], [6, 7, 0, 0], [4, 0, 0, 0], [1, 2, 3, 0]]
    assert both.mask.sum(0).tolist() == [2, 2, 2, 4]
    assert beside(drawn, []) is drawn


def test_a_reward_is_the_sharpened_score():
    """By hand: (.8 - .001 * 30)^3 = .77^3 = .456533; .01 - .02 is below 0."""
    rewards = sharpened(torch.tensor([0.8, 0.01]), torch.tensor([-30.0, -20.0]), 0.001, 3.0)
    assert rewards.tolist() == pytest.approx([0.456533, 0.0])
    assert sharpened(torch.tensor([0.37]), torch.tensor([0.0]), 0.0, 1.0).tolist() == pytest.approx([0.37])


def test_the_log_probability_of_a_string_is_what_it_was_drawn_with():
    torch.manual_seed(0)
    model = TokenModel(7, 4, 8, 1, 7)
    drawn = sample(model, 20, 15, generator())
    expected = torch.where(drawn.mask, drawn.log_prob, 0.0).sum(0)
    assert torch.allclose(log_probability(logits_of(model, drawn), drawn), expected, atol=1e-4)


def test_the_best_share_is_rounded_up_and_leaves_out_what_does_not_count():
    rewards = torch.tensor([0.5, 0.9, 0.1, 0.7, 1.0])
    counted = torch.tensor([True, True, True, True, False])
    assert best_of(rewards, counted, 0.5).tolist() == [False, True, False, True, False]
    assert best_of(rewards, counted, 0.6).tolist() == [True, True, False, True, False]
    assert best_of(rewards, counted, 1.0).tolist() == counted.tolist()
    assert not best_of(rewards, torch.zeros(5, dtype=torch.bool), 0.5).any()


def test_relative_rewards_have_mean_one_over_what_is_learned_from():
    rewards, learned = torch.tensor([0.02, 0.06, 0.5]), torch.tensor([True, True, False])
    assert relative(rewards, learned).tolist() == pytest.approx([0.5, 1.5, 12.5])
    nothing = torch.zeros(3)
    assert relative(nothing, learned).tolist() == [0.0, 0.0, 0.0]
    assert relative(rewards, torch.zeros(3, dtype=torch.bool)).tolist() == rewards.tolist()
