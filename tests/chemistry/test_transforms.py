"""Transforms against their formulas worked out by hand, and what they refuse."""

import math

import pytest

from engine.chemistry.components import component
from engine.chemistry.transforms import (
    DoubleSigmoid,
    Gaussian,
    Identity,
    MaxGaussian,
    MinGaussian,
    Ramp,
    ReverseSigmoid,
    Sigmoid,
    Step,
    Window,
)
from engine.settings import InvalidSettings


def test_identity_is_cut_off_at_0_and_1():
    assert [Identity()(x) for x in (-2, 0, 0.3, 1, 7)] == [0, 0, 0.3, 1, 1]


def test_ramp_up_and_down():
    assert [Ramp(zero=0, one=10)(x) for x in (-1, 0, 2.5, 10, 11)] == [0, 0, 0.25, 1, 1]
    assert [Ramp(zero=6, one=1)(x) for x in (0, 1, 3.5, 6, 9)] == [1, 1, 0.5, 0, 0]


def test_window_is_flat_inside_and_gaussian_outside():
    window = Window(low=1, high=4, width=2)
    assert [window(x) for x in (1, 2.5, 4)] == [1, 1, 1]
    assert window(6) == pytest.approx(math.exp(-0.5))  # one width beyond
    assert window(-3) == pytest.approx(math.exp(-2))  # two widths below


def test_step_includes_its_ends_and_may_lack_one():
    assert [Step(low=2, high=3)(x) for x in (1.9, 2, 3, 3.1)] == [0, 1, 1, 0]
    assert Step(low=2)(1e6) == 1 and Step(high=3)(-1e6) == 1


def test_gaussians():
    assert Gaussian(mu=3, sigma=2)(3) == 1 and Gaussian(mu=3, sigma=2)(1) == pytest.approx(math.exp(-0.5))
    assert MinGaussian(mu=3, sigma=2)(-9) == 1 and MinGaussian(mu=3, sigma=2)(7) == pytest.approx(math.exp(-2))
    assert MaxGaussian(mu=3, sigma=2)(9) == 1 and MaxGaussian(mu=3, sigma=2)(-1) == pytest.approx(math.exp(-2))


def test_sigmoids_as_reinvent_writes_them():
    # REINVENT 4: 1 / (1 + 10^(10 k (x - (low + high) / 2) / (low - high))); reverse with (high - low).
    for x in (-3.0, 0.5, 2.0, 3.1, 8.0):
        middle = (1.0 + 5.0) / 2
        assert Sigmoid(low=1, high=5, k=0.25)(x) == pytest.approx(1 / (1 + 10 ** (2.5 * (x - middle) / (1.0 - 5.0))))
        assert ReverseSigmoid(low=1, high=5, k=0.25)(x) == pytest.approx(1 / (1 + 10 ** (2.5 * (x - middle) / 4.0)))


def test_double_sigmoid_as_reinvent_writes_it():
    # A / (A + B) - C / (C + D) with A = 10^(s x), B = 10^(s low), C = 10^(s x), D = 10^(s high).
    low, high, s = 1.0, 4.0, 2.0
    for x in (-1.0, 1.0, 2.5, 4.0, 6.0):
        a, b, d = 10 ** (s * x), 10 ** (s * low), 10 ** (s * high)
        assert DoubleSigmoid(low=low, high=high, steepness=s)(x) == pytest.approx(a / (a + b) - a / (a + d))


@pytest.mark.parametrize("transform", [Sigmoid(k=100), ReverseSigmoid(k=100), DoubleSigmoid(steepness=1e9), Gaussian()])
def test_no_value_overflows(transform):
    for x in (-1e300, -1e9, 0.0, 1e9, 1e300):
        assert 0.0 <= transform(x) <= 1.0


@pytest.mark.parametrize(
    "transform, part",
    [
        ({"kind": "gaussian", "sigma": 0.0}, "transform.sigma is 0.0; it must be a number above 0"),
        ({"kind": "ramp", "zero": 1.0, "one": 1.0}, "one is 1.0; it must differ from zero"),
        ({"kind": "step", "low": 2.0, "high": 1.0}, "low is 2.0; it must be at most high, which is 1.0"),
        ({"kind": "sigmoid", "low": 1.0, "high": 1.0}, "low is 1.0; it must be below high"),
        ({"kind": "sigmoid", "low": float("nan")}, "transform.low"),
        ({"kind": "gaussian", "mean": 1.0}, "transform.mean is not a setting"),
        ({"kind": "bend"}, 'transform.kind is "bend"; it must be one of'),
    ],
)
def test_what_makes_no_curve_is_refused_by_name(transform, part):
    with pytest.raises(InvalidSettings) as caught:
        component("qed", transform=transform)
    assert part in caught.value.problems[0]
