"""The sentence about a run: each case from a curve drawn here, with the figures it must name."""

from dataclasses import replace

import numpy as np
import pytest

from engine.commentary import sentence
from engine.store import MetricTable, RunRecord

RUN = RunRecord(
    run_id="0123456789ab",
    group_id=None,
    name="",
    config={"algorithm": {"kind": "ppo", "epochs": 4, "target_kl": 0.02}},
    task="gym",
    algorithm="ppo",
    seed=1,
    state="training",
    attempt=1,
    created_at=0.0,
    started_at=0.0,
    ended_at=None,
    iteration=40,
    env_steps=4000,
    budget=10_000,
    wall_s=1.0,
    best=None,
    last_return=None,
    message=None,
    details=None,
    tags=(),
    notes="",
    result=None,
    checkpoint_step=None,
    deleted_at=None,
)


def rows(**columns):
    values = np.array(list(columns.values()), dtype=float).T
    steps = np.arange(1, len(values) + 1)
    return MetricTable(list(columns), steps, values, np.ones_like(steps), len(steps))


def ramp(low, high, n):
    return np.linspace(low, high, n)


def test_no_row_yet():
    assert sentence(RUN, rows()).startswith("Warming up: the first point comes after the first batch")


def test_rising_names_the_gain_over_twenty_iterations():
    # The running mean over 5 rows of a line that rises by 10 a row: (400 + ... + 360) / 5 now, 200 less 20 rows back.
    text = sentence(RUN, rows(return_mean=10.0 * np.arange(1, 41)))
    assert text == "Still improving: average score 380, up 200 in 20 iterations."


def test_flat_counts_the_iterations_since_the_last_progress():
    text = sentence(RUN, rows(return_mean=np.r_[ramp(0, 200, 20), np.full(44, 200.0)]))
    # The mean over 5 rows still crept up by more than the margin (3 % of 190) until row 23, at 198 of 200.
    assert text.startswith("Flat for 4") and "average score of about 200" in text


def test_falling_names_the_distance_from_the_best():
    text = sentence(RUN, rows(return_mean=np.r_[ramp(0, 500, 30), np.full(30, 100.0)]))
    assert text.startswith("Falling: average score 100, ") and "below its best" in text


def test_a_score_that_holds_its_level_is_not_called_progress():
    assert sentence(RUN, rows(return_mean=np.full(10, 7.0))) == "Holding an average score of about 7."


@pytest.mark.parametrize("scores", [[1.0, 3.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_a_curve_too_short_for_a_running_mean_has_no_trend(scores):
    """A single mean over five rows or fewer says neither that a score rises nor that it holds."""
    mean = f"{sum(scores) / len(scores):.3g}"
    assert sentence(RUN, rows(return_mean=np.array(scores))) == (
        f"Average score of the first {len(scores)} iterations: about {mean}."
    )


def test_rows_without_an_ended_episode_count_nowhere():
    returns = 10.0 * np.arange(1, 41)
    gaps = np.r_[[np.nan] * 5, returns]
    assert sentence(RUN, rows(return_mean=gaps)) == sentence(RUN, rows(return_mean=returns))
    assert sentence(RUN, rows(return_mean=[np.nan] * 3)) == "The first tries are under way."


@pytest.mark.parametrize(
    ("columns", "remark"),
    [
        (
            {"epochs": [1.0] * 6 + [4.0] * 4},
            "KL is at its limit of 0.02: steps are being cut short, 2.2 of 4 epochs on average",
        ),
        ({"epochs": [4.0] * 10}, ""),
        ({"clip_fraction": [0.6] * 10}, "60% of the probability ratios are clipped"),
        ({"clip_fraction": [0.2] * 10}, ""),
        ({"step_accepted": [0.0] * 7 + [1.0] * 3}, "The line search found no better policy in 7 of 10 iterations"),
        ({"step_accepted": [1.0] * 10}, ""),
        ({"entropy": [0.69] * 30 + [0.001] * 10}, "The policy hardly explores any more"),
        ({"entropy": [0.69] * 40}, ""),
    ],
)
def test_a_remark_says_what_limits_the_updates(columns, remark):
    n = len(next(iter(columns.values())))
    text = sentence(RUN, rows(return_mean=np.arange(n) * 10.0, **columns))
    assert text.startswith("Still improving") or text.startswith("Holding")
    assert remark in text
    assert remark or text.count(". ") == 0


@pytest.mark.parametrize(
    ("state", "message", "text"),
    [
        ("queued", None, "Waiting for its turn."),
        ("paused", None, "Paused after iteration 40. Resume goes on from there."),
        ("stopped", "Stopped before it began.", "Stopped before it began."),
        ("interrupted", None, "The program ended while this run was training. Resume goes on from its checkpoint."),
        ("failed", "Out of memory.", "Out of memory."),
    ],
)
def test_runs_that_do_not_train_say_why(state, message, text):
    assert sentence(replace(RUN, state=state, message=message), rows()) == text


def test_a_finished_run_states_its_test():
    result = {"eval_return_mean": 498.25, "eval_episodes": 100, "solved_at_env_steps": 73_090}
    text = sentence(replace(RUN, state="finished", result=result), rows())
    assert text == "Finished: average score 498 over 100 test tries. Solved after 73,090 steps."


def test_of_molecules_the_average_is_that_of_the_real_ones_as_the_page_has_it_and_iterations_are_rounds():
    columns = {"return_mean": np.full(40, 0.3), "score_mean": 0.01 * np.arange(1, 41)}
    # The running mean over 5 rounds of a line that rises by 0.01 a round: 0.38 now, 0.18 twenty rounds before.
    text = sentence(replace(RUN, task="molecules"), rows(**columns))
    assert text == "Still improving: average score 0.38, up 0.2 in 20 rounds."


def test_no_molecule_yet():
    assert (
        sentence(replace(RUN, task="molecules"), rows()) == "Warming up: the first molecules come with the first round."
    )


def test_a_finished_molecule_run_says_what_its_test_was():
    result = {"eval_return_mean": 0.6824, "eval_episodes": 100}
    run = replace(RUN, task="molecules", state="finished", result=result, env_steps=7680)
    assert sentence(run, rows()) == (
        "Finished: 7,680 molecules tried. A last test of 100 fresh ones scores 0.682 on average; "
        "whatever is no molecule counts 0."
    )
    assert sentence(replace(run, result=None), rows()) == "Finished: 7,680 molecules tried."
    reached = replace(run, result=result | {"solved_at_env_steps": 5120})
    assert sentence(reached, rows()).endswith("counts 0. Its goal was reached after 5,120 molecules.")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("paused", "Paused after round 40. Resume goes on from there."),
        ("stopped", "Stopped after round 40. What it learned is kept."),
    ],
)
def test_a_molecule_run_that_was_halted_counts_rounds(state, text):
    assert sentence(replace(RUN, task="molecules", state=state), rows()) == text


def test_a_molecule_run_that_repeats_itself_is_told_what_helps():
    unique = np.where(np.arange(40) < 30, 0.97, 0.3)
    columns = {"return_mean": np.arange(40) * 0.01, "unique": unique}
    drawing = replace(RUN, task="molecules", config={"algorithm": {"reference_kl_coefficient": 0.1}})
    text = sentence(drawing, rows(**columns))
    assert "It repeats itself: 30% of its molecules differ, 97% did before. Raise the pull to the reference" in text
    assert "repeats itself" not in sentence(replace(RUN, task="gym"), rows(**columns))


def test_a_search_that_started_over_is_judged_from_there_on():
    """Thirty rounds at .8, then a new search that rises from .3: neither falling, nor a collapse to be mended."""
    scores = np.concatenate([np.full(30, 0.8), ramp(0.3, 0.4, 8)])
    columns = {"score_mean": scores, "restarts": np.repeat([0.0, 1.0], [30, 8])}
    text = sentence(replace(RUN, task="molecules"), rows(**columns))
    assert text.startswith("Still improving: average score 0.371, up")
    assert text.endswith("It started over, as nothing better came for long; the best so far are kept.")
    later = {
        "score_mean": np.append(scores, ramp(0.41, 0.5, 10)),
        "restarts": np.append(columns["restarts"], [1.0] * 10),
    }
    assert "started over" not in sentence(replace(RUN, task="molecules"), rows(**later))
