"""Updates with replayed columns: what is learned from, by hand, and what is told of the policy, without them."""

import math

import pytest
import torch

from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.policies.spec import TokenSpec
from engine.policies.tokens import TokenModel, TokenPolicy
from engine.rollout import Rollout

CHANCES = (0.5, 0.25, 0.25)


def policy() -> TokenPolicy:
    """Writes each of three tokens with the same chances whatever it has read, as its head's weights are 0."""
    torch.manual_seed(1)
    model = TokenModel(3, 4, 6, 1, 3)
    torch.nn.init.zeros_(model.head.weight)
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor(CHANCES).log())
    weights = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    return TokenPolicy(TokenSpec(3, 4, 6, 1, weights=weights), torch.Generator().manual_seed(1))


def rollout(**columns) -> Rollout:
    """Four strings: two drawn that earn 0 and .2, one drawn that earns .9, one replayed that earned .8."""
    actions = torch.tensor([[0, 1, 2, 1], [0, 0, 0, 2], [0, 0, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]], dtype=torch.bool)
    last = torch.arange(3)[:, None] == mask.sum(0) - 1
    rewards = torch.where(last, torch.tensor([0.0, 0.2, 0.9, 0.8]), 0.0)
    read = torch.cat([torch.zeros(1, 4, dtype=torch.int64), actions[:-1]])
    return Rollout(read, actions, rewards, last, torch.zeros_like(last), mask, **columns)


SAMPLED = torch.tensor([True, True, True, False])
LEARNED = torch.tensor([False, False, True, True])


def updated(kind: str, recorded: Rollout, **settings):
    taught, learner = policy(), policy()
    algorithm = algorithms.build(kind, learner, taught)
    chosen = ALGORITHMS[kind].settings.from_object({"kind": kind, "discount": 1.0, **settings})
    return learner, algorithm.update(chosen, recorded, 0.0, torch.Generator().manual_seed(1))


PLAIN = {"baseline": "none", "standardise_advantages": False, "max_gradient_norm": 1e6, "learning_rate": 1e-3}


def test_the_policy_gradient_of_the_best_and_the_replayed_by_hand():
    """Learned from: "2 end" with .9 and "1 2 end" with .8, five tokens.

    Loss: -(.9 (ln .25 + ln .5) + .8 (ln .25 + ln .25 + ln .5)) / 5. Its slope in the bias of token k is
    sum R (p_k - [k written]) / 5: end .5 * (1.8 + 2.4) - (.9 + .8) = .4; 1: .25 * 4.2 - .8 = .25; 2: .25 * 4.2 -
    (.9 + .8) = -.65; all over 5.
    """
    learner, row = updated("pg", rollout(sampled=SAMPLED, learned=LEARNED), **PLAIN)
    quarter, half = math.log(0.25), math.log(0.5)
    assert float(row["policy_loss"]) == pytest.approx(-(0.9 * (quarter + half) + 0.8 * (2 * quarter + half)) / 5)
    assert learner.actor.head.bias.grad.tolist() == pytest.approx([0.4 / 5, 0.25 / 5, -0.65 / 5], abs=1e-6)


@pytest.mark.parametrize("kind", ["pg", "ppo", "trpo"])
def test_what_is_told_of_the_policy_is_of_all_it_sampled_and_of_nothing_else(kind):
    """The KL over the tokens of the three drawn strings, from the parameters before and after, computed here."""
    old = policy()
    learner, row = updated(kind, rollout(sampled=SAMPLED, learned=LEARNED))
    recorded = rollout()
    with torch.no_grad():
        before, after = (
            torch.log_softmax(p.params(recorded.observations), -1)[:, :3][recorded.mask[:, :3]] for p in (old, learner)
        )
    expected = float((before.exp() * (before - after)).sum(-1).mean())
    assert expected > 0
    assert float(row["kl"]) == pytest.approx(expected, rel=1e-3, abs=1e-9)
    if kind == "trpo":
        assert float(row["kl"]) <= 0.0101 and row["step_accepted"] == 1.0


@pytest.mark.parametrize("kind", ["pg", "ppo", "trpo"])
def test_all_columns_named_is_the_update_without_names(kind):
    everything = torch.ones(4, dtype=torch.bool)
    one, _ = updated(kind, rollout())
    other, _ = updated(kind, rollout(sampled=everything, learned=everything))
    for left, right in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize(("pull", "known", "columns"), [(0.0, False, [3]), (0.0, True, []), (0.5, True, [4])])
def test_the_reference_reads_no_more_than_it_must(pull, known, columns, monkeypatch):
    """Replayed strings only where it pulls, drawn ones not where the task knows already what it makes of them.

    Each time the distance is told of the three drawn strings: KL(after || taught), computed here.
    """
    taught, learner = policy(), policy()
    asked = []
    monkeypatch.setattr(taught, "params", lambda read: asked.append(read.shape[1]) or TokenPolicy.params(taught, read))
    algorithm = algorithms.build("pg", learner, taught)
    chosen = ALGORITHMS["pg"].settings.from_object({"kind": "pg", "reference_kl_coefficient": pull, **PLAIN})
    logits = torch.tensor(CHANCES).log().expand(3, 3, 3) if known else None
    recorded = rollout(sampled=SAMPLED, learned=LEARNED, reference_params=logits)
    row = algorithm.update(chosen, recorded, 0.0, torch.Generator().manual_seed(1))
    assert asked == columns
    with torch.no_grad():
        after = torch.log_softmax(learner.params(recorded.observations), -1)[:, :3][recorded.mask[:, :3]]
    expected = float((after.exp() * (after - torch.tensor(CHANCES).log())).sum(-1).mean())
    assert expected > 0 and float(row["reference_kl"]) == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_ppos_ratio_of_a_replayed_string_is_to_the_policy_before_the_update():
    """One epoch in one minibatch: every ratio is 1 while the gradient is taken, so nothing is clipped."""
    _, row = updated("ppo", rollout(sampled=SAMPLED, learned=LEARNED), epochs=1, minibatch_size=4, learning_rate=0.1)
    assert float(row["clip_fraction"]) == 0.0 and float(row["minibatch_kl"]) == pytest.approx(0.0, abs=1e-9)
    assert float(row["kl"]) > 1e-4
