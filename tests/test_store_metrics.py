"""Metric rows in the store: packing, progress, thinning from rollups, sparklines, size on disk."""

import math
import sqlite3
import struct
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.store import open_store, recording


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "uphill.db") as opened:
        opened.claim()
        yield opened


def training_run(store):
    run_id = store.create_run('{"budget": 200000}', "Keep the pole up", "gym", "ppo", seed=1)
    attempt = store.begin_attempt(run_id)
    store.set_state(run_id, "training")
    return run_id, attempt


def test_rows_come_back_as_recorded_and_names_only_grow(store):
    run_id, attempt = training_run(store)
    store.record(run_id, attempt, 1, {"env_steps": 2048, "return_mean": 21.5})
    store.flush()
    store.record(run_id, attempt, 2, {"return_mean": 22.0, "kl": 0.01, "env_steps": 4096})
    store.record(run_id, attempt, 3, {"kl": math.nan, "clip_fraction": -math.inf})
    store.flush()
    table = store.metrics(run_id)
    assert table.names == ["env_steps", "return_mean", "kl", "clip_fraction"]
    expected = [[2048, 21.5, np.nan, np.nan], [4096, 22.0, 0.01, np.nan], [np.nan, np.nan, np.nan, -np.inf]]
    np.testing.assert_array_equal(table.values, expected)
    assert table.steps.tolist() == [1, 2, 3] and table.attempts.tolist() == [1, 1, 1] and not table.thinned
    tail = store.metrics(run_id, since=1, until=2, names=["kl"])
    assert (tail.names, tail.steps.tolist(), tail.values.tolist(), tail.last_step) == (["kl"], [2], [[0.01]], 3)
    empty = store.metrics(run_id, since=3)
    assert empty.steps.shape == (0,) and empty.values.shape == (0, 4) and empty.last_step == 3


def test_a_row_is_packed_as_the_layout_says(store):
    run_id, attempt = training_run(store)
    store.record(run_id, attempt, 7, {"env_steps": 2048.0, "kl": 0.25})
    store.flush()
    with sqlite3.connect(store.path) as plain:
        (packed,) = plain.execute("SELECT packed FROM metrics WHERE step = 7").fetchone()
        names = [row[0] for row in plain.execute("SELECT name FROM metric_names ORDER BY position")]
    assert dict(zip(names, struct.unpack("<2d", packed), strict=True)) == {"env_steps": 2048.0, "kl": 0.25}


def test_the_writer_thread_commits_by_itself(store):
    run_id, attempt = training_run(store)
    began = time.monotonic()
    store.record(run_id, attempt, 1, {"kl": 0.1})
    while store.metrics(run_id).last_step < 1:
        assert time.monotonic() - began < 5
        time.sleep(0.005)
    assert store.problem is None


def test_rows_that_nobody_reads_share_a_commit(store, monkeypatch):
    run_id, attempt = training_run(store)
    before, began = store.version, time.monotonic()
    for step in range(1, 31):
        store.record(run_id, attempt, step, {"kl": 0.1})
        time.sleep(0.02)
    assert store.version - before <= 1 + (time.monotonic() - began) / recording.UNREAD_SECONDS
    clock = [100.0]
    monkeypatch.setattr(recording, "monotonic", lambda: clock[0])
    store.metrics(run_id)
    assert store._writer.pause < 0.25
    clock[0] += 60
    assert 0.25 < store._writer.pause <= 0.6


def test_a_reader_who_comes_ends_a_long_pause(store, monkeypatch):
    monkeypatch.setattr(recording, "UNREAD_SECONDS", 3600.0)
    run_id, attempt = training_run(store)
    store.record(run_id, attempt, 1, {"kl": 0.1})
    time.sleep(0.1)  # the writer has begun its pause
    began = time.monotonic()
    while store.metrics(run_id).last_step < 1:
        assert time.monotonic() - began < 5
        time.sleep(0.005)


def test_writing_a_step_twice_changes_nothing_and_a_new_value_replaces(store):
    run_id, attempt = training_run(store)
    for _ in range(2):
        for step in range(1, 401):
            store.record(run_id, attempt, step, {"return_mean": float(step)})
        store.flush()
    assert store.metrics(run_id).values[:, 0].tolist() == list(range(1, 401))
    assert store.metrics(run_id, max_rows=2).values[:, 0].tolist() == [1.0, 400.0]
    store.record(run_id, attempt, 200, {"return_mean": 9999.0})
    store.flush()
    assert store.metrics(run_id).values[199, 0] == 9999.0
    assert store.metrics(run_id, max_rows=2).values.max() == 9999.0


def test_the_sparkline_is_the_mean_of_equal_stretches(store):
    run_id, attempt = training_run(store)
    empty, _ = training_run(store)
    for step in range(0, 80):
        store.record(run_id, attempt, step, {"return_mean": float(step)})
    store.flush()
    curves = store.sparkline([run_id, empty, "ffffffffffff"], points=40)
    assert curves[run_id] == [2 * i + 0.5 for i in range(40)]  # means of (0, 1), (2, 3), ...
    assert curves[empty] == [] and curves["ffffffffffff"] == []
    for step in range(80, 25_000):
        store.record(run_id, attempt, step, {"return_mean": float(step)})
    store.flush()
    curve = store.sparkline([run_id], points=80)[run_id]
    # 25,000 steps in strides of 512: 48 whole ones and 424 steps; a stride's mean is its middle.
    assert len(curve) == 49
    np.testing.assert_allclose(curve[:48], [512 * i + 255.5 for i in range(48)], rtol=1e-6)
    assert curve[48] == pytest.approx((24_576 + 24_999) / 2)


@given(
    values=arrays(
        np.float64, st.tuples(st.integers(1, 900), st.just(2)), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
    ),
    max_rows=st.integers(2, 300),
    since=st.integers(0, 400),
    until=st.none() | st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_thinning_keeps_the_extremes(store, values, max_rows, since, until):
    run_id, attempt = training_run(store)
    for step, row in enumerate(values, start=1):
        store.record(run_id, attempt, step, {"kl": row[0], "entropy": row[1]})
    store.flush()
    table = store.metrics(run_id, since=since, until=until, max_rows=max_rows)
    asked = values[since:until]
    np.testing.assert_array_equal(np.fmin.reduce(table.values, initial=np.inf), np.fmin.reduce(asked, initial=np.inf))
    np.testing.assert_array_equal(np.fmax.reduce(table.values, initial=-np.inf), np.fmax.reduce(asked, initial=-np.inf))
    assert len(table.steps) <= max_rows and np.all(np.diff(table.steps) > 0)
    assert table.thinned == (len(asked) > max_rows) == (table.means is not None)
    if len(asked):
        assert table.steps[0] == since + 1 and table.steps[-1] == since + len(asked)
    assert table.last_step == len(values)


@pytest.mark.parametrize("n", [300, 5000])
def test_thinned_rows_come_with_the_means_of_their_groups(store, n):
    run_id, attempt = training_run(store)
    entropy = np.array([100.0 * (step % 10 == 3) for step in range(n)])
    for step, value in enumerate(entropy, start=1):
        store.record(run_id, attempt, step, {"kl": 1.0, "entropy": value})
    store.flush()
    table = store.metrics(run_id, max_rows=20, names=["entropy"])
    for (first, last), means in zip(table.steps.reshape(-1, 2), table.means.reshape(-1, 2), strict=True):
        np.testing.assert_allclose(means, entropy[first - 1 : last].mean())


def test_a_falling_metric_is_drawn_falling(store):
    run_id, attempt = training_run(store)
    for step in range(1, 5001):
        store.record(run_id, attempt, step, {"learning_rate": 1.0 - step / 5000, "env_steps": step * 64.0})
    store.flush()
    for max_rows in (10, 100, 1000):
        table = store.metrics(run_id, max_rows=max_rows)
        assert np.all(np.diff(table.values[:, 0]) < 0) and np.all(np.diff(table.values[:, 1]) > 0)
        assert max_rows / 3 < len(table.steps) <= max_rows


def test_a_million_points_stay_under_50_megabytes(tmp_path):
    """As 31,250 iterations of 32 metrics, and as a million iterations of one (measured on a part of each)."""
    sizes = []
    for count, names in ((10_000, [f"m{i}" for i in range(32)]), (20_000, ["return_mean"])):
        rows = np.random.default_rng(0).normal(size=(count, len(names)))
        with open_store(tmp_path / f"{len(names)}.db") as store:
            run_id, attempt = training_run(store)
            for step, row in enumerate(rows.tolist(), start=1):
                store.record(run_id, attempt, step, dict(zip(names, row, strict=True)))
            store.flush()
            assert 500 < len(store.metrics(run_id, max_rows=2000).steps) <= 2000
            np.testing.assert_array_equal(store.metrics(run_id, since=count - 1000).values, rows[-1000:])
        sizes.append((tmp_path / f"{len(names)}.db").stat().st_size * 1_000_000 / rows.size)
    assert max(sizes) < 50e6, sizes
