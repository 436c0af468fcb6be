"""A start asked for again under its mark: one run, whoever asks and however often."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from routes_client import OURS, SHORT, served
from starlette.testclient import TestClient

from engine.service import Engine

MARK = "0123456789abcdef"


@pytest.fixture
def served_routes(tmp_path: Path) -> Iterator[tuple[TestClient, Engine]]:
    with served(tmp_path) as both:
        yield both


def asked(client: TestClient, mark: str, **changes: object) -> tuple[int, dict]:
    answer = client.post("/api/runs", json={**SHORT, **changes}, headers={**OURS, "X-Uphill-Once": mark})
    return answer.status_code, answer.json()


def test_the_same_start_asked_again_is_the_run_it_made(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    first, again, other = asked(client, MARK), asked(client, MARK), asked(client, f"{MARK}x")
    assert first == again and first[0] == 201
    assert other[1]["run_id"] != first[1]["run_id"]
    assert engine.store.count_runs() == 2


def test_asked_eight_times_at_once_it_starts_once(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: asked(client, f"{MARK}-many")[1]["run_id"], range(8)))
    assert len(set(found)) == 1 and engine.store.count_runs() == 1


def test_a_mark_is_no_key_to_another_start(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    assert asked(client, f"{MARK}-two") != asked(client, f"{MARK}-two", seed=2)
    assert engine.store.count_runs() == 2


def test_what_was_refused_may_be_asked_again(
    served_routes: tuple[TestClient, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, engine = served_routes
    with monkeypatch.context() as full:
        full.setattr(engine.store, "create_run", lambda *_: (_ for _ in ()).throw(OSError("No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            asked(client, f"{MARK}-full")
    assert asked(client, f"{MARK}-full")[0] == 201


@pytest.mark.parametrize("mark", ["short", "x" * 65, "no blanks in here, please"])
def test_a_mark_that_is_none_is_refused(served_routes: tuple[TestClient, Engine], mark: str) -> None:
    client, engine = served_routes
    status, answer = asked(client, mark)
    assert status == 422 and "16 to 64 letters, digits or dashes" in answer["problems"][0]
    assert engine.store.count_runs() == 0
