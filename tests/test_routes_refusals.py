"""What the routes refuse: wrong settings, hostile bodies, unknown ids, each at once and with a sentence."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from routes_client import OURS, finished_run, served
from starlette.testclient import TestClient

from engine.service import Engine
from pages.routes.access import MAX_BODY


@pytest.fixture(scope="module")
def served_routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Engine]]:
    with served(tmp_path_factory.mktemp("store")) as both:
        yield both


@pytest.fixture(scope="module")
def client(served_routes: tuple[TestClient, Engine]) -> TestClient:
    return served_routes[0]


@pytest.fixture(scope="module")
def engine(served_routes: tuple[TestClient, Engine]) -> Engine:
    return served_routes[1]


@pytest.fixture(scope="module")
def run_id(client: TestClient, engine: Engine) -> str:
    """A run of one iteration that is finished."""
    return finished_run(client, engine)


@pytest.mark.parametrize(
    ("set_", "sentence"),
    [
        ({"algorithm.clip_range": 3.0}, "algorithm.clip_range is 3.0; it must be a number between 0.01 and 1.0"),
        ({"algorithm.clip_range": True}, "algorithm.clip_range is true; it must be a number between 0.01 and 1.0"),
        ({"algorithm.clip_range": "0.2"}, 'algorithm.clip_range is "0.2"; it must be a number between 0.01 and 1.0'),
        ({"algorithm.clip_rage": 0.1}, "algorithm.clip_rage is not a setting; did you mean clip_range?"),
        ({"algorithm.epochs.x": 1}, "algorithm.epochs"),
        ({"task.n_envs": 0}, "task.n_envs is 0; it must be a whole number between 1 and 65536"),
        ({"seed.x": 0}, '"seed.x" is not a setting: "seed" has no parts'),
        ({"name": "a\u202eb"}, "name contains control or direction characters"),
    ],
)
def test_a_wrong_setting_is_named(client: TestClient, set_: dict[str, Any], sentence: str) -> None:
    answer = client.post("/api/runs", json={"preset": "gridworld-ppo", "set": set_}, headers=OURS)
    assert answer.status_code == 422
    assert any(problem.startswith(sentence) for problem in answer.json()["problems"]), answer.text


HOSTILE: dict[str, tuple[bytes, int]] = {
    "20 MB": (b'{"name": "' + b"x" * 20_000_000 + b'"}', 413),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, 422),
    "nested objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 422),
    "NaN": (b'{"preset": "gridworld-ppo", "set": {"algorithm.clip_range": NaN}}', 400),
    "Infinity": (b'{"budget": Infinity}', 400),
    "1e999": (b'{"preset": "gridworld-ppo", "set": {"algorithm.learning_rate": 1e999}}', 422),
    "a long number": (b'{"preset": "gridworld-ppo", "seed": ' + b"9" * 100_000 + b"}", 400),
    "cut off": (b'{"preset": "gridw', 400),
    "not UTF-8": (b'{"name": "\xff\xfe"}', 400),
    "a lone surrogate": (b'{"preset": "gridworld-ppo", "set": {"name": "\\ud800"}}', 422),
    "NUL": (b'{"preset": "gridworld-ppo", "set": {"name": "a\\u0000b"}}', 422),
    "a list": (b"[1, 2, 3]", 422),
    "a string": (b'"gridworld-ppo"', 422),
    "null": (b"null", 422),
    "nothing": (b"", 422),
    "unknown key": (b'{"preset": "gridworld-ppo", "sede": 1}', 422),
    "unknown preset": (b'{"preset": "gridworld-ppp"}', 422),
    "a preset that is a list": (b'{"preset": ["gridworld-ppo"]}', 422),
    "set is a list": (b'{"preset": "gridworld-ppo", "set": [1]}', 422),
    "an environment that imports a module": (
        b'{"preset": "cartpole-ppo", "set": {"task.env_id": "os:CartPole-v1"}}',
        422,
    ),
    "seed -1": (b'{"preset": "gridworld-ppo", "seed": -1}', 422),
    "seed 2**70": (b'{"preset": "gridworld-ppo", "seed": 1180591620717411303424}', 422),
    "a name of 10,000 characters": (b'{"preset": "gridworld-ppo", "set": {"name": "' + b"x" * 10_000 + b'"}}', 422),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_body_is_refused_at_once(client: TestClient, engine: Engine, what: str) -> None:
    body, status = HOSTILE[what]
    before, began = engine.store.count_runs(), time.perf_counter()
    answer = client.post("/api/runs", content=body, headers=OURS)
    assert time.perf_counter() - began < 5.0
    assert answer.status_code == status, answer.text[:300]
    problems = answer.json()["problems"]
    assert problems and all(isinstance(problem, str) and 5 < len(problem) < 1000 for problem in problems)
    assert engine.store.count_runs() == before


def test_a_body_without_a_length_is_cut_off_too(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    assert client.post("/api/runs", content=endless(), headers=OURS).status_code == 413
    assert MAX_BODY < 1_000_000


@pytest.mark.parametrize(
    "id_", ["zzz", "0" * 12, "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000, "1;drop table runs", "é"]
)
@pytest.mark.parametrize("path", ["", "/metrics", "/picture", "/events", "/artifacts/picture"])
def test_an_unknown_id_is_said_to_be_unknown(client: TestClient, id_: str, path: str) -> None:
    answer = client.get(f"/api/runs/{id_}{path}")
    assert answer.status_code == 404
    assert answer.json()["problems"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=abc",
        "limit=1e3",
        "limit=999999",
        "offset=%EF%BC%91",
        "offset=99999999999999999999",
        "state=gone",
    ],
)
def test_a_wrong_query_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/runs?{query}")
    assert answer.status_code == 422
    assert query.split("=")[0] in answer.json()["problems"][0]


@pytest.mark.parametrize("query", ["since=x", "since=-1", "max_rows=0", "format=xml"])
def test_a_wrong_metrics_query_is_refused(client: TestClient, run_id: str, query: str) -> None:
    assert client.get(f"/api/runs/{run_id}/metrics?{query}").status_code == 422


@pytest.mark.parametrize("name", ["..%2f..%2fapp.py", "nothing", "%2e%2e", "a" * 3000, "frame.css%00.js"])
def test_assets_are_only_ours(client: TestClient, run_id: str, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404
    assert client.get(f"/api/runs/{run_id}/artifacts/{name}").status_code == 404


def test_what_a_state_does_not_allow_is_refused(client: TestClient, run_id: str) -> None:
    for action in ("pause", "stop", "resume"):
        answer = client.post(f"/api/runs/{run_id}/{action}", headers=OURS)
        assert answer.status_code == 409
        assert "finished" in answer.json()["problems"][0]
    for action in ("explode", "submit", "close", "store"):
        assert client.post(f"/api/runs/{run_id}/{action}", headers=OURS).status_code == 404


def test_a_change_names_what_can_be_changed(client: TestClient, run_id: str) -> None:
    for body in (None, [], {}, {"budget": 1}, {"algorithm.batch_size": 64}):
        answer = client.post(f"/api/runs/{run_id}/change", json=body, headers=OURS)
        assert answer.status_code in (409, 422)
        assert answer.json()["problems"]
