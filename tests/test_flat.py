"""Parameters in one vector: what is written to it stands in them, and passes find them wherever they are put."""

import copy

import pytest
import torch
from torch import nn

from engine import flat
from engine.optimisation import Optimiser
from engine.policies.passes import ROWS, Passes


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_parameters_keep_their_numbers_and_become_views() -> None:
    layers = network()
    before = [parameter.detach().clone() for parameter in layers.parameters()]
    assert not flat.adjacent(list(layers.parameters()))
    vector = flat.in_one(list(layers.parameters()))
    assert flat.adjacent(list(layers.parameters()))
    assert all(torch.equal(old, new) for old, new in zip(before, layers.parameters(), strict=True))
    vector.zero_()
    assert not any(parameter.any() for parameter in layers.parameters())
    flat.vector_of(list(layers.parameters())).fill_(2.0)
    assert (vector == 2).all()


def test_passes_follow_parameters_that_are_moved_copied_or_loaded() -> None:
    layers, rows = network(), torch.randn(5, 3)
    passes = Passes(layers)
    with torch.no_grad():
        assert torch.allclose(passes.forward(rows), layers(rows), atol=1e-6)
        optimiser = Optimiser([nn.Parameter(torch.zeros(1)), *layers.parameters()])
        optimiser.parameters += 0.5
        assert torch.allclose(passes.forward(rows), layers(rows), atol=1e-6)
        other, others = copy.deepcopy((layers, passes))
        others.parameters[0] += 1.0
        assert torch.allclose(others.forward(rows), other(rows), atol=1e-6)
        assert not torch.allclose(others.forward(rows), passes.forward(rows), atol=1e-3)
        layers.load_state_dict(other.state_dict())
        assert torch.allclose(passes.forward(rows), other(rows), atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 5])
def test_any_number_of_rows_goes_through_and_an_earlier_output_stays(count: int) -> None:
    layers = network()
    passes = Passes(layers)
    earlier = passes.forward(torch.ones(2, 3))
    kept, rows = earlier.clone(), torch.randn(count, 3)
    with torch.no_grad():
        assert torch.allclose(passes.forward(rows), layers(rows), atol=1e-6)
    assert torch.equal(earlier, kept)
