"""What the charts compute in the browser, against numpy and hand calculation: tables, smoothing, thinning, bands."""

import struct
from typing import Any

import numpy as np
import pytest
from conftest import App
from playwright.sync_api import Page


@pytest.fixture
def run(page: Page, app: App) -> Any:
    """Call exported functions of an asset: run("table.js", "({ Table }) => ...", argument)."""
    page.goto("/api/health")

    def called(asset: str, function: str, argument: Any = None) -> Any:
        script = "async ([address, argument]) => ({f})(await import(address), argument)".replace("{f}", function)
        return page.evaluate(script, [f"{app.address}/assets/{asset}", argument])

    return called


FILLED = """const table = new Table(); table.append({ names: given.names, steps: given.steps, values: given.rows.flat(),
last_step: given.steps.at(-1) });"""


def test_a_binary_answer_is_read_as_it_was_packed(run: Any) -> None:
    """The layout of the metrics route, packed here with struct."""
    header = b'{"names":["a","b"],"rows":2,"last_step":7,"run":{"name":"\xc3\xa4"}}'
    header += b" " * (-(len(header) + 4) % 8)
    body = (
        struct.pack("<I", len(header)) + header + struct.pack("<2d", 5, 7) + struct.pack("<4d", 1, 2, 3, float("nan"))
    )
    decoded = run(
        "api.js",
        "({ decoded }, bytes) => { const d = decoded(new Uint8Array(bytes).buffer);"
        " return [d.run.name, d.last_step, [...d.steps], [...d.values].map(String)]; }",
        list(body),
    )
    assert decoded == ["ä", 7, [5, 7], ["1", "2", "3", "NaN"]]


def test_columns_that_come_later_are_not_measured_before(run: Any) -> None:
    result = run(
        "table.js",
        """({ Table }) => { const table = new Table();
        table.append({ names: ["a"], steps: [1, 2], values: [10, 20], last_step: 2 });
        table.append({ names: ["a", "b"], steps: [2, 3], values: [99, 99, 30, 3], last_step: 3 });
        return [table.steps, table.column("a"), table.column("b").map(String), table.last, table.newest("b"),
        table.has("c")]; }""",
    )
    assert result == [[1, 2, 3], [10, 20, 30], ["NaN", "NaN", "3"], 3, 3, False]


def test_only_time_is_measured_in_the_unit_of_time(run: Any) -> None:
    given = {"names": ["env_steps", "wall_s"], "steps": [1, 2], "rows": [[512, 30], [1024, 90]]}
    script = (
        "({ Table }, given) => { " + FILLED + " return ['steps', 'iterations', 'time'].map((a) => table.x(a, 60)); }"
    )
    assert run("table.js", script, given) == [[512, 1024], [1, 2], [0.5, 1.5]]


def test_smoothing_is_the_unbiased_exponential_mean(run: Any) -> None:
    """Against the sum of keep^(age) x_i over the sum of the weights, which is the closed form of the recursion."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=400)
    keep = 1 - 1 / 10
    ages = np.arange(400)[:, None] - np.arange(400)[None, :]
    weights = np.where(ages >= 0, keep ** np.maximum(ages, 0), 0.0)
    expected = weights @ values / weights.sum(axis=1)
    steps = list(range(1, 401))
    smooth = run("table.js", "({ smoothed }, [v, s]) => smoothed(v, s, 10)", [values.tolist(), steps])
    assert np.allclose(smooth, expected, rtol=1e-10)


def test_smoothing_a_thinned_column_decays_per_iteration(run: Any) -> None:
    """Iterations 1 and 11, window 10: the second value weighs 1, the first 0.9^10 (by hand)."""
    smooth = run("table.js", "({ smoothed }) => smoothed([0, 1, 1], [1, 11, 1000], 10)")
    assert smooth[1] == pytest.approx(1 / (1 + 0.9**10))


def test_thinning_keeps_every_peak_and_the_end(run: Any) -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=20_000)
    values[12_345], values[777] = 50.0, -50.0
    script = "({ drawn }, v) => drawn(v.map((_, i) => i), v, -Infinity, Infinity, 700)"
    rows = run("table.js", script, values.tolist())
    assert len(rows) <= 701
    assert rows == sorted(set(rows))
    assert {12_345, 777, 19_999} <= set(rows)


def test_thinning_looks_at_the_part_that_is_shown(run: Any) -> None:
    script = "({ drawn }, v) => drawn(v.map((_, i) => i), v, 100, 300, 700)"
    rows = run("table.js", script, np.sin(np.arange(20_000)).tolist())
    assert rows == list(range(100, 301))


def test_the_band_over_seeds_is_numpys(run: Any) -> None:
    """Straight lines between points, then mean and sample deviation at common places, where every seed has points."""
    generator = np.random.default_rng(2)
    curves = [(np.sort(generator.uniform(0, end, 50)), generator.normal(size=50)) for end in (80, 100, 120)]
    given = [{"x": x.tolist(), "y": y.tolist()} for x, y in curves]
    band = run("groups.js", "({ averaged }, curves) => averaged(curves)", given)
    assert band["x"][0] == max(x[0] for x, _ in curves)
    assert band["x"][-1] == pytest.approx(min(x[-1] for x, _ in curves))
    columns = np.array([np.interp(band["x"], x, y) for x, y in curves])
    assert np.allclose(band["mean"], columns.mean(axis=0))
    assert np.allclose(band["sd"], columns.std(axis=0, ddof=1))


def test_the_mean_over_seeds_is_of_the_points_and_not_of_the_extremes_that_are_drawn(run: Any) -> None:
    """1,400 scores of which each twentieth is 100: their mean is 5. Drawn are 400 points, mostly a peak and a 0."""
    given = {"names": ["env_steps", "score"], "steps": list(range(1, 1401))}
    given["rows"] = [[64 * step, 100.0 * (step % 20 == 7)] for step in given["steps"]]
    table = run(
        "table.js", "({ Table }, given) => { " + FILLED + " return { ...table, columns: [...table.columns] }; }", given
    )
    script = """({ averaged, curve }, { steps, columns }) => {
        const known = new Map(columns);
        const table = { steps, x: () => known.get("env_steps"), column: (name) => known.get(name) };
        const one = curve(table, "score", { x: "steps", smooth: 1 }, 1, 400);
        return { drawn: one.x.length, peaks: one.y, mean: averaged([one.all, one.all]).mean };
    }"""
    found = run("groups.js", script, table)
    assert found["drawn"] <= 401 and max(found["peaks"]) == 100
    assert np.mean(found["mean"]) == pytest.approx(5, abs=1.5)
    assert np.mean(found["peaks"]) > 15


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (475, "475"), (-13, "−13"), (9718, "9718"), (60000, "60k"), (1234567, "1.23M"), (0.01234, "0.0123"),
        (2e9, "2e9"), (-3.9e31, "−3.9e31"), (0.00015, "0.00015"), (0.000041, "4.1e−5"),
        (0.05, "0.05"), (99.96, "100"), (None, "–"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(run: Any, value: float | None, text: str) -> None:
    assert run("format.js", "({ number }, value) => number(value)", value) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (41, "0:41"), (725.4, "12:05"), (12000, "3:20:00")])
def test_durations_are_written_as_a_clock(run: Any, seconds: float, text: str) -> None:
    assert run("format.js", "({ clock }, seconds) => clock(seconds)", seconds) == text


def test_a_healthy_band_far_from_the_data_does_not_squash_it(run: Any) -> None:
    """A KL of 0.001 keeps an axis of its own size though the healthy range ends at 0.03."""
    low, high = run("plot.js", "({ span }) => span([0.0008, 0.001, 0.0012], { band: [0.0005, 0.03] }, false)")
    assert 0 <= low <= 0.0005
    assert 0.0012 <= high < 0.01


@pytest.mark.parametrize(
    ("values", "low", "high"), [([0, 0, 0], 0, 1), ([5], 0, 5), ([-2, -2], -2, 0), ([1e30, 1e30], 0, 1e30)]
)
def test_a_constant_gets_an_axis_from_zero(run: Any, values: list[float], low: float, high: float) -> None:
    """An axis of 2e-10 around a share that is always 0 would tell of changes that there are not."""
    found = run("plot.js", "({ span }, values) => span(values, { band: null }, false)", values)
    assert found[0] <= low <= high <= found[1]
    assert found[1] - found[0] < 1.3 * (high - low)


def test_an_axis_fits_a_million_values(run: Any) -> None:
    script = "({ span }) => span(Array.from({ length: 1e6 }, (_, i) => i), { band: null }, false)"
    low, high = run("plot.js", script)
    assert low == 0 and 999_999 <= high < 1.1e6


@pytest.mark.parametrize(
    ("values", "log", "wanted", "text"),
    [
        ([1, 2], True, True, None),
        ([-1, 2], True, True, "log: 0 and below are left out"),
        ([-1, 0], False, True, "no log: no value above 0"),
        ([-1, 0], False, False, None),
        (["NaN", 3], True, True, None),
    ],
)
def test_a_log_axis_says_what_it_cannot_show(run: Any, values: list, log: bool, wanted: bool, text: str | None) -> None:
    script = (
        "({ unlogged }, [v, l, w]) => unlogged(v.map(Number), l, w, { muted: '#000', card: '#fff' })[0]?.text ?? null"
    )
    assert run("plot.js", script, [values, log, wanted]) == text


def test_the_time_profile_adds_up_the_last_hundred_iterations(run: Any) -> None:
    """Two seconds in the environment, six of learning, two of recording in one of the two last rounds (by hand); what
    lies more than 100 iterations back counts no more, and a phase that never was has no bar."""
    long_ago = [[1000.0, 0.0, 0.0]] * 7
    latest = [[0.0, 0.0, float("nan")]] * 98 + [[1.0, 3.0, float("nan")], [1.0, 3.0, 2.0]]
    rows = [["NaN" if value != value else value for value in row] for row in [*long_ago, *latest]]
    names = ["time_environment", "time_update", "time_record"]
    given = {"names": names, "steps": list(range(1, len(rows) + 1)), "rows": rows}
    script = """async ({ timeProfile }, given) => {
        const { Table } = await import(new URL("/assets/table.js", location.href));
        const table = new Table();
        table.append({ names: given.names, steps: given.steps, values: given.rows.flat().map(Number), last_step: 0 });
        const node = document.createElement("div");
        timeProfile(node).draw({ table });
        return [...node.querySelectorAll("dt, dd")].map((part) => part.textContent);
    }"""
    assert run("profile.js", script, given) == ["Environment", "20 %", "Learning", "60 %", "Recording", "20 %"]


def test_names_of_what_was_changed_keep_apart(run: Any) -> None:
    """580 px hold a hundred letters over 100 steps: 10 for a mark at 20, 4 for one at 30, 66 for one at 34."""
    names = run(
        "marks.js",
        """({ markNames }) => markNames([0, 20, 30, 34, 101].map((x) => ({ x, name: "Clip range 0.1" })), [0, 100], 580,
        { accent: "" }).map((mark) => [mark.x, mark.text, mark.hovertext])""",
    )
    whole = "Clip range 0.1"
    assert names == [[0, whole, whole], [20, "Clip ran…", whole], [30, "●", whole], [34, whole, whole]]
