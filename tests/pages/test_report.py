"""What Compare's tables and its report say, and where a chart of the report ends."""

import re
from datetime import datetime

import numpy as np
import pytest
from opened import recorded_run

from engine.store import open_store
from pages.parts.comparison import Band, Curve, differing, find
from pages.parts.report import report, worded, written
from pages.parts.svg_chart import chart, ticks


@pytest.fixture
def known(tmp_path):
    with open_store(tmp_path / "uphill.db") as store:
        yield store


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.269e-05, "1.269e−5"), (-1.5e-7, "−1.5e−7"), (1234.56, "1235"), (9999.7, "10,000"), (400_000, "400,000"),
        (475_000.0, "475,000"), (1e20, "1e20"), (2048, "2048"), (-2.0411, "−2.041"), (0.0, "0"), (None, "–"),
        (True, "on"),
    ],
)  # fmt: skip
def test_figures_are_written_for_people(value: object, text: str) -> None:
    assert written(value) == text


def test_algorithms_and_tasks_are_called_by_their_names() -> None:
    assert worded("algorithm.kind", "pg") == "Policy gradient"
    assert worded("task.kind", "gym") == "Gymnasium"
    assert worded("algorithm.baseline", "gae") == "gae"


def test_what_most_of_them_have_comes_first_among_what_differs(known) -> None:
    """PPO alone has a clip range; PPO and policy gradient have a learning rate, of 0.03 and 0.05."""
    runs = [recorded_run(known, [1.0], preset=f"gridworld-{kind}") for kind in ("ppo", "pg", "trpo")]
    items, _ = find(known, runs)
    rows = differing(items)
    gaps = [values.count(None) for values in rows.values()]
    assert gaps == sorted(gaps)
    assert rows["algorithm.clip_range"].count(None) == 2
    assert list(rows).index("algorithm.learning_rate") < list(rows).index("algorithm.clip_range")


def test_the_heading_says_what_is_compared(known) -> None:
    single = recorded_run(known, [1.0], name="Alone")
    pair = [recorded_run(known, [1.0], seed=seed, group_id="aaaaaaaaaaaa", name="Twice") for seed in (1, 2)]
    now = datetime(2026, 1, 2)

    def heading(*ids: str) -> str:
        found = re.search("<h1>(.*?)</h1>", report(known, find(known, list(ids))[0], ["return_mean"], now))
        assert found
        return found[1]

    assert heading(single).startswith("Alone")
    assert heading(single, *pair) == "3 runs compared"
    assert heading(single, "aaaaaaaaaaaa") == "2 runs and groups compared"


@pytest.mark.parametrize("value", [0.0, 1e-14, -3.0, 1e20, -1e300])
def test_a_constant_has_an_axis(value: float) -> None:
    """Ticks that grow, the constant among them; adding 1 to 1e20 would add nothing."""
    curve = Curve(
        None,
        np.array([1, 2]),
        np.array([1.0, 2.0]),
        np.array([value, value]),
        np.array([value, value]),
        np.array([value]),
    )
    drawn = chart("Score", [[curve]], [None])
    assert "nan" not in drawn and "inf" not in drawn
    places = [float(y) for y in re.findall(r"M64 (-?[\d.]+)H", drawn)]
    assert len(set(places)) == len(places) >= 2


def test_tiny_numbers_have_ticks_of_their_own() -> None:
    assert ticks(0.0, 5e-15) == [0, 1e-15, 2e-15, 3e-15, 4e-15, 5e-15]


def test_a_band_stays_within_its_chart() -> None:
    """A KL of 0.001 with a spread of 0.01 would reach far below the axis."""
    steps, low = np.array([1.0, 2.0]), np.array([-0.009, -0.009])
    values = [np.array([0.0, value]) for value in (0.001, 0.002)]
    curves = [Curve(None, steps, steps, one, one, one[-1:]) for one in values]
    drawn = chart("KL", [curves], [Band(steps, np.array([0.0, 0.0015]), low, -low)])
    inside = re.search(r'<g clip-path="url\(#inside\)">(.*?)</g>', drawn)
    assert inside and "<polygon" in inside[1] and drawn.count("<polygon") == 1
