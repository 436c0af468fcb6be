"""Objectives: transforms and weighted means by hand; what can't be computed stays NaN."""

import math

import pytest

from engine.chemistry.rewards import Component, Objective, Ramp, Window


def test_ramp_up_and_down():
    assert [Ramp(0, 10)(x) for x in (-1, 0, 2.5, 10, 11)] == [0, 0, 0.25, 1, 1]
    assert [Ramp(zero=6, one=1)(x) for x in (0, 1, 3.5, 6, 9)] == [1, 1, 0.5, 0, 0]


def test_window_is_flat_inside_and_gaussian_outside():
    window = Window(1, 4, width=2)
    assert [window(x) for x in (1, 2.5, 4)] == [1, 1, 1]
    assert window(6) == pytest.approx(math.exp(-0.5))  # one width beyond
    assert window(-3) == pytest.approx(math.exp(-2))  # two widths below


def test_weighted_mean_by_hand():
    mix = Objective((Component("qed", Ramp(0, 1), 3.0), Component("sa", Ramp(6, 1), 1.0)))
    assert mix.properties == ("qed", "sa")
    assert mix.score({"qed": 0.8, "sa": 3.5}) == pytest.approx((3 * 0.8 + 1 * 0.5) / 4)
    assert mix.parts({"qed": 0.8, "sa": 3.5}) == {"qed": pytest.approx(0.8), "sa": 0.5}


def test_what_is_missing_is_nan_and_not_zero():
    mix = Objective((Component("qed", Ramp(0, 1)), Component("sa", Ramp(6, 1))))
    assert math.isnan(mix.score({"qed": 0.8, "sa": math.nan}))
    assert math.isnan(mix.score({}))


@pytest.mark.parametrize("components", [(), (Component("qed", Ramp(0, 1), 0.0),)])
def test_an_objective_without_weight_is_refused(components):
    with pytest.raises(ValueError, match="above 0"):
        Objective(components)
