"""The collapse alarm: which falls sound it, what it says, and what it would change."""

import numpy as np
import pytest

from engine.algorithms import ALGORITHMS
from engine.collapse import alarm
from engine.store import MetricTable

PG = {"kind": "pg", "learning_rate": 5e-4, "reference_kl_coefficient": 0.0}


def rows(n=40, **columns):
    names = list(columns)
    values = np.column_stack([np.broadcast_to(columns[name], n).astype(float) for name in names])
    return MetricTable(names, np.arange(1, n + 1), values, np.ones(n, int), n)


def healthy(n=40, **changed):
    columns = {"unique": np.full(n, 0.97), "new": np.full(n, 0.95), "valid": np.full(n, 0.9)}
    return rows(n, **(columns | {"scaffolds": np.arange(n) * 20.0} | changed))


def test_a_healthy_run_has_no_alarm_nor_a_short_one():
    assert alarm(healthy(), PG) is None
    assert alarm(healthy(25, unique=np.full(25, 0.1)), PG) is None
    assert alarm(rows(40, return_mean=np.arange(40)), PG) is None


def falls(name, to, since=10, n=40):
    column = np.array([0.97 if i < n - since else to for i in range(n)])
    return {name: column}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (falls("unique", 0.4), "It repeats itself: 40% of its molecules differ, 97% did before."),
        (falls("unique", 0.65), "It repeats itself: 65% of its molecules differ, 97% did before."),
        (falls("new", 0.5), "It falls back on what it was taught: 50% are new, 97% were."),
        (falls("valid", 0.3), "It forgets how to write: 30% are real molecules, 97% were."),
        (
            {"scaffolds": np.concatenate([np.arange(30) * 20.0, np.full(10, 600.0)])},
            "Hardly any new ring systems come: 0.0 a round, 20.0 did before.",
        ),
        (falls("unique", 0.9), None),
        (falls("unique", 0.2, since=2), None),
    ],
)
def test_each_fall_is_named_with_its_figures(changed, said):
    found = alarm(healthy(**changed), PG)
    assert (found and found.sentence) == said


def test_a_run_that_had_collapsed_before_is_still_in_alarm():
    assert "repeats itself" in alarm(healthy(unique=np.full(40, 0.3)), PG).sentence


@pytest.mark.parametrize(
    ("kind", "settings", "to", "remedy", "changes"),
    [
        ("pg", {"reference_kl_coefficient": 0.0}, 0.4, "raise-pull", {"algorithm.reference_kl_coefficient": 0.05}),
        ("ppo", {"reference_kl_coefficient": 0.08}, 0.4, "raise-pull", {"algorithm.reference_kl_coefficient": 0.16}),
        (
            "pg",
            {"reference_kl_coefficient": 0.6, "learning_rate": 5e-4},
            0.4,
            "lower-learning-rate",
            {"algorithm.learning_rate": 2.5e-4},
        ),
        ("trpo", {"reference_kl_coefficient": 0.6}, 0.4, "start-again", {}),
        ("pg", {"reference_kl_coefficient": 0.0}, 0.02, "start-again", {}),
    ],
)
def test_the_remedy_is_one_that_the_algorithm_takes(kind, settings, to, remedy, changes):
    chosen = ALGORITHMS[kind].settings.from_object({"kind": kind, **settings}).model_dump(mode="json")
    found = alarm(healthy(**falls("unique", to)), chosen)
    assert found.remedy == remedy and found.changes == pytest.approx(changes) and found.advice
    changed = {path.removeprefix("algorithm."): value for path, value in found.changes.items()}
    ALGORITHMS[kind].settings.from_object(chosen | changed)


@pytest.mark.parametrize(
    ("settings", "to", "remedy", "changes"),
    [
        ({"reference_kl_coefficient": 0.0}, 0.02, "go-back", {"algorithm.reference_kl_coefficient": 0.05}),
        ({"reference_kl_coefficient": 0.08}, 0.4, "raise-pull", {"algorithm.reference_kl_coefficient": 0.16}),
        (
            {"reference_kl_coefficient": 100.0, "learning_rate": 5e-4},
            0.02,
            "go-back",
            {"algorithm.learning_rate": 2.5e-4},
        ),
        ({"reference_kl_coefficient": 100.0, "learning_rate": 1e-6}, 0.02, "go-back", {}),
    ],
)
def test_going_back_is_offered_where_there_is_a_best_checkpoint(settings, to, remedy, changes):
    chosen = ALGORITHMS["pg"].settings.from_object({"kind": "pg", **settings}).model_dump(mode="json")
    found = alarm(healthy(**falls("unique", to)), chosen, best_step=12)
    assert found.remedy == remedy
    assert (
        found.back.step == 12 and found.back.changes == pytest.approx(changes) and "iteration 12" in found.back.advice
    )
    if remedy == "go-back":
        assert found.changes == {} and found.advice == found.back.advice


def test_a_checkpoint_that_collapsed_too_is_none_to_go_back_to():
    """The last 10 of 40 iterations are judged: the 30th is the last that is not among them."""
    assert alarm(healthy(**falls("unique", 0.4)), PG, best_step=30).back.step == 30
    assert alarm(healthy(**falls("unique", 0.4)), PG, best_step=31).back is None


def test_a_run_with_patience_of_its_own_needs_no_alarm():
    changed = falls("unique", 0.1)
    assert alarm(healthy(**changed), PG) is not None
    assert alarm(healthy(**changed, restarts=np.zeros(40)), PG) is None
