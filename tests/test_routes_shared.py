"""One answer serves every tab that asks the same, compressed or not, and never outlives what it says."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from routes_client import finished_run, served
from starlette.testclient import TestClient

from engine.service import Engine
from engine.store import Store
from pages.routes import access


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
