"""One answer serves every tab that asks the same, compressed or not, and never outlives what it says."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from routes_client import finished_run, served
from starlette.testclient import TestClient

from engine.service import Engine
from engine.store import Store, open_store
from pages.routes import access
from pages.routes.lately import newest_description, newest_rows


@pytest.fixture
def served_routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient, Engine]]:
    monkeypatch.setattr(access, "SHARED_SECONDS", 60.0)
    with served(tmp_path) as both:
        yield both


def header(content: bytes) -> dict[str, Any]:
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


def test_tabs_that_ask_the_same_cost_one_reading(
    served_routes: tuple[TestClient, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    readings = []
    read = Store.metrics
    monkeypatch.setattr(
        Store, "metrics", lambda self, *given, **named: readings.append(1) or read(self, *given, **named)
    )
    address = f"/api/runs/{run_id}/metrics?format=binary"
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    first = len(readings)
    again = [client.get(address, headers={"Accept-Encoding": how}) for how in ("gzip", "identity", "gzip")]
    assert len(readings) == first > 0
    assert packed.headers["content-encoding"] == again[0].headers["content-encoding"] == "gzip"
    assert "content-encoding" not in again[1].headers
    assert all(answer.content == packed.content for answer in again)


def test_tabs_that_ask_at_the_same_moment_wait_for_one_reading(
    served_routes: tuple[TestClient, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    readings = []
    read = Store.get_run

    def slow(self: Store, *given: Any) -> Any:
        readings.append(1)
        time.sleep(0.3)
        return read(self, *given)

    monkeypatch.setattr(Store, "get_run", slow)
    address = f"/api/runs/{run_id}/metrics"
    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(lambda _: client.get(address).json(), range(8)))
    assert len(readings) == 1
    assert all(answer == answers[0] for answer in answers)


def test_what_is_written_is_in_the_next_answer(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    address = f"/api/runs/{run_id}/metrics"
    before = client.get(address).json()
    attempt = engine.store.get_run(run_id).attempt
    engine.store.record(run_id, attempt, before["last_step"] + 1, {"return_mean": -3.5})
    engine.store.flush()
    after = client.get(address).json()
    assert after["steps"] == [*before["steps"], before["last_step"] + 1]
    assert after["values"][-1][after["names"].index("return_mean")] == -3.5


def test_a_run_tells_its_newest_picture(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    run = header(client.get(f"/api/runs/{run_id}/metrics?format=binary").content)["run"]
    assert run["picture_step"] == client.get(f"/api/runs/{run_id}/picture").json()["step"] > 0


def test_the_newest_rows_are_the_stores_own_wherever_one_begins(tmp_path: Path) -> None:
    with open_store(tmp_path / "uphill.db") as store:
        store.claim()
        run_id = store.create_run('{"budget": 2000}', "Keep the pole up", "gym", "ppo", seed=1)
        attempt = store.begin_attempt(run_id)
        for step in range(1, 1001):
            store.record(run_id, attempt, step, {"return_mean": float(step), "kl": step / 7})
            if step % 90 == 0 or step > 990:
                store.flush()
                for since in (0, step - 100, step - 40, step - 3, step, step + 5):
                    for max_rows in (2, 2000):
                        assert_alike(store, run_id, max(0, since), max_rows)
        again = store.begin_attempt(run_id)
        assert_alike(store, run_id, 940, 2000)
        store.record(run_id, again, 951, {"return_mean": -1.0, "kl": 0.5})
        store.flush()
        for since in (900, 949, 950, 951, 1000):
            assert_alike(store, run_id, since, 2000)


def assert_alike(store: Store, run_id: str, since: int, max_rows: int) -> None:
    ours = newest_rows(store, run_id, since, max_rows)
    theirs = store.metrics(run_id, since=since, max_rows=max_rows)
    assert (ours.names, ours.last_step, ours.thinned) == (theirs.names, theirs.last_step, theirs.thinned)
    for name in ("steps", "values", "attempts"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_beside_new_rows_only_progress_is_read_and_an_event_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    readings = []
    read = Store.events
    monkeypatch.setattr(Store, "events", lambda self, *given: readings.append(1) or read(self, *given))
    store = open_store(tmp_path / "uphill.db")
    store.claim()
    run_id = store.create_run('{"budget": 1000}', "run", "gym", "ppo", 1)
    attempt = store.begin_attempt(run_id)
    store.set_state(run_id, "training", attempt=attempt)
    for step in (1, 2):
        store.record(run_id, attempt, step, {"env_steps": 100.0 * step, "wall_s": float(step), "return_mean": step})
        store.flush()
        told = newest_description(store, run_id)
        assert (told["iteration"], told["env_steps"], told["last_return"]) == (step, 100 * step, step)
        assert told["eta_s"] == pytest.approx((1000 - 100 * step) / 100)
        assert told["sentence"].startswith("First average score: 1")
    assert len(readings) == 1
    store.add_event(run_id, 2, "warning", {"text": "hot"})
    told = newest_description(store, run_id)
    assert told["events"][-1]["kind"] == "warning"
    assert "first 2 iterations: about 1.5" in told["sentence"]
    store.record(run_id, attempt, 3, {"env_steps": 300.0, "wall_s": 3.0, "return_mean": 9.0})
    store.flush()
    clock[0] += 1.0
    assert "first 3 iterations: about 4" in newest_description(store, run_id)["sentence"]
    store.close()
