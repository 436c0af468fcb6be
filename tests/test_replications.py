"""The replications: scores summed up as rliable defines it, and every row with a preset, budget and figure."""

import numpy as np
import pytest
from scipy.stats import trim_mean

from benchmarks.aggregates import bootstrap_interval, interquartile_mean
from benchmarks.course import PICTURES, drawn
from benchmarks.replicate import PUBLISHED, course_names, preset, table_row
from engine.config import RunConfig


def test_the_interquartile_mean_is_the_mean_of_the_middle_half() -> None:
    assert interquartile_mean(np.array([1.0, 2, 3, 4, 5, 6, 7, 100])) == (3 + 4 + 5 + 6) / 4
    scores = np.random.default_rng(0).normal(size=(9, 5))  # rliable: scipy.stats.trim_mean(scores, 0.25)
    np.testing.assert_allclose(interquartile_mean(scores), trim_mean(scores, 0.25, axis=-1))


def test_the_interval_is_that_of_a_known_distribution() -> None:
    """The bootstrap of one score out of {0, 1} with five draws: the mean of the middle three is 0 or 1 at its ends."""
    low, high = bootstrap_interval([np.array([0.0, 0, 1, 1, 1])])
    assert (low, high) == (0.0, 1.0)
    assert bootstrap_interval([np.full(5, 3.0)]) == (3.0, 3.0)


def test_seeds_are_drawn_within_their_task() -> None:
    """Two tasks with five equal scores each: whichever are drawn, half of all are 0 and half 10, and 5 is the mean."""
    assert bootstrap_interval([np.zeros(5), np.full(5, 10.0)]) == (5.0, 5.0)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_row_takes_no_more_steps_than_it_says(name: str) -> None:
    config = RunConfig.from_object(preset(name))
    assert not config.evaluation.stop_when_solved
    assert config.budget - 1 + config.algorithm.batch_size <= PUBLISHED[name].env_steps


def test_a_row_tells_what_it_missed() -> None:
    runs = [{"name": "pendulum-ppo", "seed": seed, "score": -160.0 - seed, "env_steps": 99_000} for seed in (1, 2, 3)]
    assert table_row("pendulum-ppo", runs).endswith("| 99,000 | 1, 2, 3 | yes |")
    assert table_row("pendulum-ppo", [row | {"score": -200.0} for row in runs]).endswith("| no: return |")
    assert table_row("pendulum-ppo", [row | {"env_steps": 100_001} for row in runs]).endswith("| no: steps |")
    assert table_row("pendulum-ppo", []).endswith("| not trained |")


def test_the_courses_settings_are_valid_and_its_curves_can_be_drawn() -> None:
    for config in course_names().values():
        RunConfig.from_object(config | {"budget": 100_000, "seed": 1})
    picture = PICTURES["inverted-pendulum"]
    svg = drawn(picture, {name: [{"curve": [1.0, 5.0, 9.0]}, {"curve": [2.0, 4.0, 8.0]}] for name in picture.curves})
    assert svg.count("<polygon") == 2 and svg.count("<polyline") == 6  # two bands; four seeds and two means
    assert "batch 100, rate 0.05" in svg
