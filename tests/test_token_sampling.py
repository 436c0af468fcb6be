"""Sampled strings beside the plain loop over nn.GRU: the same distribution at every place, also of stacked layers."""

import pytest
import torch
from scipy.stats import chi2_contingency

from engine.policies.tokens import BOUNDARY, TokenModel, sample

VOCABULARY, N, LENGTH = 9, 6000, 7


def model(layers):
    torch.manual_seed(layers)
    made = TokenModel(VOCABULARY, 6, 20, layers, VOCABULARY)
    with torch.no_grad():
        made.gru.weight_hh_l0.mul_(4)  # so that what comes next depends on what came before
        made.head.weight.mul_(12)
    return made


@torch.no_grad()
def plain(made, temperature):
    """[LENGTH, N] tokens by nn.Embedding, nn.GRU, nn.Linear, softmax and multinomial; boundaries after the end."""
    tokens, states, written = torch.zeros(1, N, dtype=torch.int64), None, []
    ended = torch.zeros(N, dtype=torch.bool)
    for _ in range(LENGTH):
        outputs, states = made.gru(made.embedding(tokens), states)
        tokens = torch.multinomial(torch.softmax(made.head(outputs[0]) / temperature, -1), 1).t()
        tokens = torch.where(ended, BOUNDARY, tokens)
        ended |= tokens[0] == BOUNDARY
        written.append(tokens[0])
    return torch.stack(written)


@pytest.mark.parametrize(("layers", "temperature"), [(1, 1.0), (3, 1.0), (2, 0.7)])
def test_strings_come_as_often_as_by_the_plain_loop(layers, temperature):
    made = model(layers)
    ours = sample(made, N, LENGTH, torch.Generator().manual_seed(1), temperature).written
    theirs = plain(made, temperature)
    assert len(ours) == LENGTH
    for place in range(1, LENGTH):
        # The last two tokens together: 81 kinds, those that are rare in both counted as one.
        pairs = [VOCABULARY * written[place - 1] + written[place] for written in (ours, theirs)]
        counts = torch.stack([torch.bincount(pair, minlength=VOCABULARY**2) for pair in pairs])
        common = counts.sum(0) >= 20
        table = torch.cat([counts[:, common], counts[:, ~common].sum(1, keepdim=True)], 1)
        assert common.sum() >= 10
        assert chi2_contingency(table[:, table.sum(0) > 0].numpy()).pvalue > 1e-4, place


@pytest.mark.parametrize("layers", [3, 4])
def test_deep_stacks_give_the_log_probabilities_of_a_float64_pass(layers):
    made = model(layers)
    drawn = sample(made, 300, 20, torch.Generator().manual_seed(2))
    made = made.double()
    expected = torch.log_softmax(made.head(made.gru(made.embedding(drawn.read))[0]), -1)
    expected = expected.gather(-1, drawn.written[..., None])[..., 0]
    torch.testing.assert_close(drawn.log_prob[drawn.mask].double(), expected[drawn.mask], atol=2e-5, rtol=0)
