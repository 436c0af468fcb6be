"""What the screens work out by themselves, against numbers worked out by hand."""

import csv
import dataclasses
import io
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from opened import recorded_run

from engine.config import RunConfig, config_schema
from engine.presets import PRESETS
from engine.settings import InvalidSettings
from engine.store import open_store
from pages.parts import text
from pages.parts.comparison import Figures, band, curves, figures, find, flattened, setting_labels
from pages.parts.config_form import in_words
from pages.parts.csv_file import csv_text, curves_csv
from pages.parts.edit_run import refused, split
from pages.parts.estimate import duration, estimate, size
from pages.parts.form import read, written
from pages.parts.report import report
from pages.parts.seeds import read_seeds
from pages.parts.svg_chart import figure, ticks

NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}
OPTIONAL = {"anyOf": [{"type": "number"}, {"type": "null"}]}
LIST = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("typed", "node", "value"),
    [
        ("3e-4", NUMBER, 0.0003),
        (" 0.5 ", NUMBER, 0.5),
        (".5", NUMBER, 0.5),
        ("2", NUMBER, 2),
        ("200,000", WHOLE, 200_000),
        ("2e5", WHOLE, 200_000),
        ("1.5", WHOLE, 1.5),  # for the engine to refuse
        ("", OPTIONAL, None),
        ("64, 64", LIST, [64, 64]),
        ("[64,32]", LIST, [64, 32]),
        ("", LIST, []),
        ("64, x", LIST, [64, "x"]),
        ("12", {"type": "string"}, "12"),
    ],
)
def test_typed_text_becomes_a_value(typed: str, node: dict, value: object) -> None:
    assert read(typed, node) == value


@pytest.mark.parametrize(
    "typed", ["nan", "inf", "1e999", "0x10", "１２", "1_000", "1,00", "--1", "1 2", "9" * 500, "٣"]
)
def test_what_is_no_number_stays_text(typed: str) -> None:
    assert read(typed, NUMBER) == typed
    assert read(typed, WHOLE) == typed


@pytest.mark.parametrize("value", [0.0003, 1e-8, 0.1, 123456.789, 1, 200_000, None, True, [64, 64], []])
def test_a_value_survives_being_written_and_read(value: object) -> None:
    node = LIST if isinstance(value, list) else OPTIONAL
    assert read(written(value), node) == value


def test_seeds() -> None:
    assert read_seeds("7") == [7]
    assert read_seeds("1, 2,3") == [1, 2, 3]
    assert read_seeds("1-3, 2, 9") == [1, 2, 3, 9]


@pytest.mark.parametrize("typed", ["", "x", "-1", "1.5", "3-1", "1-21", "1-999999999", "2147483648", "１", "1,,2"])
def test_wrong_seeds_are_refused(typed: str) -> None:
    with pytest.raises(InvalidSettings, match="seed is"):
        read_seeds(typed)


def test_text_is_cleaned_of_what_hides() -> None:
    assert text.clean("a\x00b\u202ec\n\nd\u200fe") == "a b c d e"
    assert text.clean("x" * 300, 10) == "xxxxxxxxx…"


def test_names_tags_and_notes_have_limits() -> None:
    assert split(" a, b ,a,, c c ") == ["a", "b", "c c"]
    assert refused("Name", ["a"], "notes") == []
    assert len(refused("", ["x" * 41] * 11, "n" * 2001)) == 14
    assert refused("a\u202eb", [], "")


@pytest.fixture
def known(tmp_path: Path):
    store = open_store(tmp_path / "uphill.db")
    # Two seeds: scores 0, 10 and 0, 20 after 100 and 200 steps.
    for seed, end in ((1, 10.0), (2, 20.0)):
        recorded_run(store, [0.0, end], seed=seed, group_id="aaaaaaaaaaaa", name="=cmd()|'/c calc'!A1")
    yield store
    store.close()


def test_a_band_is_the_mean_and_the_spread_over_seeds(known) -> None:
    (item,), problems = find(known, ["aaaaaaaaaaaa"])
    assert problems == []
    found = band(curves(known, item, "return_mean"))
    assert (found.env_steps[0], found.env_steps[-1]) == (100, 200)
    assert found.mean[-1] == pytest.approx(15)
    # sample standard deviation of 10 and 20: sqrt((25 + 25) / 1)
    assert found.high[-1] - found.mean[-1] == pytest.approx(50**0.5)
    assert found.mean[0] == found.low[0] == found.high[0] == 0


def test_the_figures_of_a_group(known) -> None:
    (item,), _ = find(known, ["aaaaaaaaaaaa"])
    row = figures(curves(known, item, "return_mean"))
    assert (row.last, row.best, row.mean, row.n) == (15, 20, 15, 2)
    assert row.sd == pytest.approx(50**0.5)
    assert figures([]).n == 0


def test_the_figures_of_a_long_run_are_of_its_rows_and_not_of_the_extremes_that_are_drawn(tmp_path: Path) -> None:
    """Of 3,000 scores each tenth is 100, the others 0: among the last 300 are 30, so their mean is 10."""
    with open_store(tmp_path / "uphill.db") as store:
        run_id = recorded_run(store, [100.0 if step % 10 == 5 else 0.0 for step in range(1, 3001)])
        (item,), _ = find(store, [run_id])
        found = curves(store, item, "return_mean")
        assert len(found[0].values) <= 1000
        assert figures(found) == Figures(last=0.0, best=100.0, mean=10.0, sd=None, n=1)


def test_the_mean_over_seeds_of_long_runs_is_of_their_rows_and_not_of_the_extremes_that_are_drawn(
    tmp_path: Path,
) -> None:
    """Of any six scores in a row one is 60, the others 0: their mean is 10."""
    scores = [60.0 if step % 6 == 3 else 0.0 for step in range(1, 3001)]
    with open_store(tmp_path / "uphill.db") as store:
        items, _ = find(store, [recorded_run(store, scores), recorded_run(store, scores)])
        found = [curve for item in items for curve in curves(store, item, "return_mean")]
        assert max(found[0].values) == 60.0
        drawn = band(found)
        assert np.allclose(drawn.mean, 10.0) and np.allclose(drawn.high - drawn.low, 0.0)


def test_curves_that_share_no_steps_have_no_band(known) -> None:
    items, _ = find(known, [run.run_id for run in known.runs()])
    (first,), (second,) = (curves(known, item, "return_mean") for item in items)
    with pytest.raises(ValueError, match="no steps in common"):
        band([first, dataclasses.replace(second, env_steps=second.env_steps + 1000)])


def test_ticks_are_round() -> None:
    assert ticks(0, 18_300) == [0, 5_000, 10_000, 15_000, 20_000]
    assert ticks(-18.1, -2.69) == [-20, -15, -10, -5, 0]
    assert [figure(value) for value in (0, -15, 0.05, 60_000, 2e6)] == ["0", "−15", "0.05", "60k", "2M"]


def test_settings_are_called_by_their_labels() -> None:
    labels = setting_labels(config_schema())
    assert labels["algorithm.clip_range"] == "Algorithm: clip range"
    assert labels["budget"] == "Budget"


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("algorithm.clip_range is 3; it must be a number", "Clip range is 3; it must be a number"),
        ("budget is 1; it must be at least algorithm.batch_size", "Budget is 1; it must be at least batch size"),
        ("algorithm.max_kl is 9", "KL limit is 9"),
        ("The settings are 70,000 bytes", "The settings are 70,000 bytes"),
        ("task.nonsense is unknown", "task.nonsense is unknown"),
    ],
)
def test_a_refusal_names_settings_as_the_form_does(sentence: str, words: str) -> None:
    assert in_words(sentence) == words


def test_a_spreadsheet_runs_nothing(known) -> None:
    (item,), _ = find(known, ["aaaaaaaaaaaa"])
    rows = list(csv.DictReader(io.StringIO(curves_csv(known, [item], ["return_mean"]))))
    assert [(row["seed"], row["env_steps"], row["value"]) for row in rows] == [
        ("1", "100", "0.0"),
        ("1", "200", "10.0"),
        ("2", "100", "0.0"),
        ("2", "200", "20.0"),
    ]
    assert rows[0]["compared"].startswith("'=cmd()")
    assert csv_text(["a"], [["+1"], ["-1"], ["@x"], ["\tx"], [-1.5]]) == "a\r\n'+1\r\n'-1\r\n'@x\r\n'\tx\r\n-1.5\r\n"


def test_a_report_needs_nothing_else_and_holds_no_live_text(known) -> None:
    known.update_notes(known.runs()[0].run_id, name="<script>alert(1)</script>")
    items, _ = find(known, [run.run_id for run in known.runs()])
    page = report(known, items, ["return_mean", "kl"], datetime(2026, 1, 2, 3, 4))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<polyline") == 4  # two runs, each with its points and its mean
    assert "Not measured yet." in page  # no KL was recorded


def test_an_estimate_follows_runs_like_it(known) -> None:
    config = RunConfig.from_object(PRESETS["gridworld-ppo"].config | {"budget": 200_000})
    unseen = estimate(config, 1, known)
    assert not unseen.seen
    # 30 iterations of 100 steps in 0.1 s each: 1,000 steps per second, so 200,000 steps take 200 s, three seeds 600 s.
    recorded_run(known, [0.0] * 30)
    seen = estimate(config, 3, known)
    assert seen.seen
    assert seen.seconds == pytest.approx(600)
    assert not seen.is_heavy
    assert estimate(config.model_copy(update={"budget": 10**9}), 1, known).is_heavy


def test_durations_and_sizes_in_words() -> None:
    assert [duration(s) for s in (1, 40, 600, 9_000, 400_000)] == [
        "a few seconds",
        "40 s",
        "10 min",
        "2.5 h",
        "4.6 days",
    ]
    assert [size(b) for b in (12_000, 3.4e6, 2e9, 5e13)] == ["12 kB", "3.4 MB", "2 GB", "50 TB"]


def test_settings_are_flattened_by_their_paths() -> None:
    assert flattened({"a": 1, "b": {"c": {"d": 2}}}) == {"a": 1, "b.c.d": 2}
