"""The token policy: sampling, its log-probabilities against a float64 pass of nn.GRU, masks, gradients."""

import copy

import pytest
import torch
from torch import nn

from engine.policies.gru import PackedGRU, tanh_
from engine.policies.spec import TokenSpec
from engine.policies.tokens import BOUNDARY, TokenModel, TokenPolicy, sample, under_way

VOCABULARY, EMBEDDING, HIDDEN = 7, 5, 16


def model(layers=1, seed=0):
    torch.manual_seed(seed)
    return TokenModel(VOCABULARY, EMBEDDING, HIDDEN, layers, VOCABULARY)


def plain(module, tokens):
    """Logits by nn.Embedding, nn.GRU and nn.Linear alone, in float64."""
    module = copy.deepcopy(module).double()
    return module.head(module.gru(module.embedding(tokens))[0])


@pytest.mark.parametrize("layers", [1, 2])
def test_sampled_log_probabilities_are_those_of_a_float64_teacher_forced_pass(layers):
    module = model(layers)
    drawn = sample(module, 200, 30, torch.Generator().manual_seed(1))
    expected = torch.log_softmax(plain(module, drawn.read), -1).gather(-1, drawn.written[..., None])[..., 0]
    assert drawn.mask.any(0).all() and 200 < drawn.mask.sum() < 6000
    torch.testing.assert_close(drawn.log_prob[drawn.mask].double(), expected[drawn.mask], atol=3e-6, rtol=0)


@pytest.mark.parametrize("layers", [1, 2])
def test_packed_forward_and_gradients_are_those_of_nn_gru(layers):
    module = model(layers).double()
    tokens = sample(model(layers), 60, 25, torch.Generator().manual_seed(2)).read
    mask = under_way(tokens)
    weights = torch.randn(*tokens.shape, VOCABULARY, dtype=torch.float64) * mask[..., None]
    (module(tokens) * weights).sum().backward()
    ours = [parameter.grad.clone() for parameter in module.parameters()]
    module.zero_grad()
    (module.head(module.gru(module.embedding(tokens))[0]) * weights).sum().backward()
    for parameter, gradient in zip(module.parameters(), ours, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-10, rtol=1e-9)
    torch.testing.assert_close(module(tokens)[mask], plain(module, tokens)[mask], atol=1e-12, rtol=0)
    assert (module(tokens)[~mask] == 0).all()


def test_packed_gru_against_numerical_gradients():
    torch.manual_seed(0)
    drive, weight, bias = (torch.randn(*shape, dtype=torch.float64) for shape in ((9, 12), (12, 4), (4,)))
    inputs = [tensor.requires_grad_() for tensor in (drive, weight, bias)]
    assert torch.autograd.gradcheck(lambda d, w, b: PackedGRU.apply(d, w, b, [4, 3, 2]), inputs)


def test_masks_end_with_the_first_boundary_written():
    drawn = sample(model(), 300, 12, torch.Generator().manual_seed(3))
    for column in range(300):
        length = int(drawn.mask[:, column].sum())
        written = drawn.written[:, column].tolist()
        assert drawn.mask[:length, column].all()
        assert BOUNDARY not in written[: length - 1]
        assert written[length - 1] == BOUNDARY or length == 12  # ended, or cut off
        assert drawn.read[:length, column].tolist() == [BOUNDARY, *written[: length - 1]]
    assert torch.equal(under_way(drawn.read), drawn.mask)
    assert (drawn.mask.sum(0) < 12).any() and (drawn.written[-1][drawn.mask[-1]] != BOUNDARY).any()


def test_frequencies_of_the_first_token_follow_its_probabilities():
    module, n = model(seed=5), 20_000
    with torch.no_grad():
        module.head.weight.mul_(4)
    drawn = sample(module, n, 1, torch.Generator().manual_seed(4))
    expected = torch.softmax(plain(module, torch.zeros(1, 1, dtype=torch.int64))[0, 0], 0)
    shares = torch.bincount(drawn.written[0], minlength=VOCABULARY) / n
    deviations = (shares - expected) / (expected * (1 - expected) / n).sqrt()
    assert deviations.abs().max() < 4  # standard errors


def test_equal_seeds_give_equal_sequences():
    first, second, other = (sample(model(), 50, 20, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.written, second.written)
    assert first.written.shape != other.written.shape or not torch.equal(first.written, other.written)


def test_tanh_in_place_agrees_with_torch():
    x = torch.linspace(-9, 9, 2001)
    torch.testing.assert_close(tanh_(x.clone()), x.tanh(), atol=1e-7, rtol=0)


def policy(seed=1):
    weights = model().state_dict()
    spec = TokenSpec(VOCABULARY, EMBEDDING, HIDDEN, 1, weights)
    return TokenPolicy(spec, torch.Generator().manual_seed(seed)), weights


def test_policy_starts_as_its_prior_and_worth_nothing():
    made, weights = policy()
    assert made.recurrent
    tokens = sample(made.actor, 20, 15, torch.Generator().manual_seed(1)).read
    mask = under_way(tokens)
    module = TokenModel(VOCABULARY, EMBEDDING, HIDDEN, 1, VOCABULARY)
    module.load_state_dict(weights)
    torch.testing.assert_close(made.params(tokens)[mask].double(), plain(module, tokens)[mask], atol=1e-6, rtol=0)
    assert made.values(tokens).shape == tokens.shape and (made.values(tokens) == 0).all()
    again, _ = policy()
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), again.parameters(), strict=True))


def test_actor_and_critic_share_nothing():
    made, _ = policy()
    actor, critic = made.actor_parameters(), made.critic_parameters()
    assert {id(p) for p in actor}.isdisjoint(id(p) for p in critic)
    assert {id(p) for p in made.parameters()} == {id(p) for p in (*actor, *critic)}
    tokens = sample(made.actor, 8, 10, torch.Generator().manual_seed(1)).read
    nn.init.normal_(made.critic.head.weight)
    made.values(tokens).sum().backward()
    assert all(p.grad is None for p in actor) and all(p.grad is not None for p in critic)
    made.zero_grad()
    made.params(tokens).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in actor)


def test_a_column_does_not_depend_on_its_neighbours():
    made, _ = policy()
    tokens = sample(made.actor, 30, 15, torch.Generator().manual_seed(6)).read
    together, mask = made.params(tokens), under_way(tokens)
    for column in (0, 7, 29):
        length = int(mask[:, column].sum())
        alone = made.params(tokens[:length, column : column + 1])
        torch.testing.assert_close(alone[:, 0], together[:length, column], atol=1e-6, rtol=0)
