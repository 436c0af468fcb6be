"""Objectives: weighted means by hand; names; what can't be computed stays NaN."""

import math

import pytest

from engine.chemistry.components import component
from engine.chemistry.rewards import Objective
from engine.chemistry.transforms import Ramp

QED, SA = component("qed", weight=3.0), component("sa", transform=Ramp(zero=6.0, one=1.0))


def test_weighted_arithmetic_mean_by_hand():
    mix = Objective((QED, SA))
    assert mix.names == ("qed", "sa")
    assert mix.score({"qed": 0.8, "sa": 3.5}) == pytest.approx((3 * 0.8 + 1 * 0.5) / 4)
    assert mix.parts({"qed": 0.8, "sa": 3.5}) == {"qed": pytest.approx(0.8), "sa": 0.5}


def test_weighted_geometric_mean_by_hand():
    mix = Objective((QED, SA), "geometric")
    assert mix.score({"qed": 0.8, "sa": 3.5}) == pytest.approx((0.8**3 * 0.5) ** (1 / 4))
    assert mix.score({"qed": 0.8, "sa": 6.0}) == 0.0


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_what_is_missing_is_nan_and_not_zero(mean):
    mix = Objective((QED, SA), mean)
    assert math.isnan(mix.score({"qed": 0.8, "sa": math.nan}))
    assert math.isnan(mix.score({"qed": 0.0, "sa": math.nan}))
    assert math.isnan(mix.score({}))


def test_what_weighs_nothing_is_shown_and_does_not_count():
    mix = Objective((QED, component("logp", weight=0.0)))
    assert mix.score({"qed": 0.8, "logp": math.nan}) == pytest.approx(0.8)
    assert mix.score({"qed": 0.8, "logp": 2.0}) == pytest.approx(0.8) and mix.parts({"logp": 2.0})["logp"] == 1.0


def test_a_kind_that_comes_twice_is_numbered_and_a_name_of_its_own_kept():
    twice = Objective(
        (component("atoms", element="F"), component("atoms", element="Cl"), component("qed", name="like"))
    )
    assert twice.names == ("atoms_1", "atoms_2", "like") and twice.labels["like"] == "Like"
    assert twice.questions["atoms_1"] != twice.questions["atoms_2"]


@pytest.mark.parametrize("components", [(), (component("qed", weight=0.0),)])
def test_an_objective_without_weight_is_refused(components):
    with pytest.raises(ValueError, match="above 0"):
        Objective(components)


def test_two_components_of_one_name_are_refused():
    with pytest.raises(ValueError, match="like is the name of two"):
        Objective((component("qed", name="like"), component("sa", name="like")))
