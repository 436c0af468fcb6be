"""The routes: what they answer, who may change something, and that reading changes nothing."""

import json
import re
import struct
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from routes_client import HOST, OURS, SHORT, TOKEN, finished_run, served
from starlette.testclient import TestClient
from streamlit import config

from engine.config import RunConfig
from engine.presets import PRESETS
from engine.service import Engine
from engine.store import Store
from pages.parts.loopback import is_loopback
from pages.routes.access import write_token
from pages.routes.screens import SCREENS

SHELL = Path(__file__).parent.parent / "pages" / "shell.py"


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


def rows_of(store: Store) -> list[tuple]:
    """Everything in the store's database."""
    with store.database.read() as connection:
        names = [row[0] for row in connection.exec_driver_sql("select name from sqlite_master where type = 'table'")]
        return [tuple(row) for name in sorted(names) for row in connection.exec_driver_sql(f"select * from {name}")]


# What they answer


def test_health_names_the_process(client: TestClient) -> None:
    found = client.get("/api/health").json()
    assert found["status"] == "ok"
    assert {"running", "queued", "device", "pid"} <= set(found)


def test_presets_and_schema_are_those_of_the_engine(client: TestClient) -> None:
    assert list(client.get("/api/presets").json()["presets"]) == list(PRESETS)
    assert client.get("/api/schema").json() == RunConfig.model_json_schema()


def test_a_run_is_answered_with_its_sentence(client: TestClient, run_id: str) -> None:
    run = client.get(f"/api/runs/{run_id}").json()
    assert (run["state"], run["env_steps"] >= 1900, run["eta_s"]) == ("finished", True, None)
    assert run["sentence"]
    assert [event["kind"] for event in run["events"]][:1] == ["state"]


def test_runs_are_listed_newest_first(client: TestClient, engine: Engine, run_id: str) -> None:
    newer = client.post("/api/runs", json={**SHORT, "seed": 9}, headers=OURS).json()["run_id"]
    assert engine.wait(newer, 60)
    listed = client.get("/api/runs?sparkline=1").json()
    assert [run["run_id"] for run in listed["runs"]] == [newer, run_id]
    assert listed["total"] == 2
    assert listed["runs"][0]["task_name"] == "small-4x4"
    assert "sparkline" in listed["runs"][0]
    assert "details" not in listed["runs"][0]
    assert client.get("/api/runs?limit=1&offset=1").json()["runs"][0]["run_id"] == run_id
    assert client.get("/api/runs?state=failed").json() == {"runs": [], "total": 0}


def test_binary_metrics_hold_what_json_holds(client: TestClient, run_id: str) -> None:
    as_json = client.get(f"/api/runs/{run_id}/metrics").json()
    body = client.get(f"/api/runs/{run_id}/metrics?format=binary").content
    (length,) = struct.unpack("<I", body[:4])
    assert (length + 4) % 8 == 0
    header = json.loads(body[4 : 4 + length])
    steps = np.frombuffer(body, "<f8", header["rows"], 4 + length)
    values = np.frombuffer(body, "<f8", offset=4 + length + 8 * header["rows"]).reshape(header["rows"], -1)
    assert header["names"] == as_json["names"]
    assert steps.tolist() == as_json["steps"]
    assert [[None if np.isnan(v) else v for v in row] for row in values.tolist()] == as_json["values"]
    assert header["last_step"] == as_json["last_step"] == steps[-1]
    assert header["run"]["run_id"] == run_id


def test_only_newer_rows_are_asked_for(client: TestClient, run_id: str) -> None:
    last = client.get(f"/api/runs/{run_id}/metrics").json()["last_step"]
    found = client.get(f"/api/runs/{run_id}/metrics?since={last}").json()
    assert (found["steps"], found["last_step"]) == ([], last)


def test_figures_of_a_comparison(client: TestClient, run_id: str) -> None:
    found = client.get(f"/api/compare?compare={run_id},zzz&metric=return_mean").json()
    names, values = (client.get(f"/api/runs/{run_id}/metrics").json()[key] for key in ("names", "values"))
    (row,) = found["rows"]
    returns = [value[names.index("return_mean")] for value in values]
    assert (row["last"], row["best"]) == (returns[-1], max(returns))
    assert (row["n"], row["sd"], found["live"]) == (1, None, False)
    assert found["problems"] == ["There is no run or group 'zzz'"]
    assert client.get("/api/compare?metric=nothing").status_code == 422


def test_a_picture_comes_once(client: TestClient, run_id: str) -> None:
    picture = client.get(f"/api/runs/{run_id}/picture").json()
    assert (picture["kind"], picture["rows"], picture["cols"]) == ("grid", 4, 4)
    again = client.get(f"/api/runs/{run_id}/picture?since={picture['step']}")
    assert (again.status_code, again.content) == (204, b"")
    assert client.get(f"/api/runs/{run_id}/artifacts/picture").status_code == 200


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_is_streamlits_page_and_two_scripts_before_its_own(client: TestClient, screen: str) -> None:
    answer = client.get(screen)
    before, tags, after = answer.text.partition(
        '<script src="./assets/again.js"></script><script src="./assets/back.js"></script>'
    )
    assert tags and "<script" not in before
    assert before + after == (resources.files("streamlit") / "static" / "index.html").read_text()
    assert client.get(screen, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_screens_are_those_of_the_shell() -> None:
    pages = re.findall(r'st\.Page\("(\w+)\.py"(?:.*url_path="(\w+)")?', SHELL.read_text())
    assert sorted(address or name for name, address in pages) == sorted(path[1:] or "home" for path in SCREENS)


def test_assets_are_served_and_kept(client: TestClient) -> None:
    plotly = client.get("/assets/plotly.min.js?v=1")
    assert len(plotly.content) > 1_000_000
    assert "immutable" in plotly.headers["cache-control"]
    ours = client.get("/assets/runs_list.js")
    assert ours.headers["content-type"].startswith("text/javascript")
    assert client.get("/assets/runs_list.js", headers={"If-None-Match": ours.headers["etag"]}).status_code == 304


# Who may change something


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Origin": f"{HOST}.evil.example"},
        {"X-Uphill-Token": "guessed"},
        {"X-Uphill-Token": ""},
        {"Origin": HOST, "X-Uphill-Token": "guessed"},
    ],
)
def test_other_pages_may_not_change_anything(
    client: TestClient, engine: Engine, run_id: str, headers: dict[str, str]
) -> None:
    before = rows_of(engine.store)
    for path, body in (("", SHORT), (f"/{run_id}/delete", {}), (f"/{run_id}/resume", {})):
        assert client.post(f"/api/runs{path}", json=body, headers=headers).status_code == 403
    assert rows_of(engine.store) == before


def test_the_token_is_enough(client: TestClient, engine: Engine) -> None:
    started = client.post("/api/runs", json=SHORT, headers={"X-Uphill-Token": TOKEN})
    assert started.status_code == 201
    assert engine.wait(started.json()["run_id"], 60)
    gone = client.post(f"/api/runs/{started.json()['run_id']}/delete", headers={"X-Uphill-Token": TOKEN})
    assert gone.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "[::2]:8600"])
def test_other_hosts_get_nothing(client: TestClient, host: str) -> None:
    answer = client.get("/api/health", headers={"Host": host})
    assert answer.status_code == 421
    assert "pid" not in answer.text


def test_answers_keep_other_sites_out(client: TestClient) -> None:
    headers = client.get("/api/health").headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_reading_changes_nothing(client: TestClient, engine: Engine, run_id: str) -> None:
    before = rows_of(engine.store)
    paths = ["/api/health", "/api/process", "/api/presets", "/api/schema", "/api/runs", f"/api/runs/{run_id}"]
    paths += [f"/api/runs/{run_id}/{part}" for part in ("metrics", "picture", "events", "pause", "delete", "resume")]
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
            assert client.request(method, path, headers=OURS).status_code < 500
    assert rows_of(engine.store) == before


def test_only_this_machine_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.org", "", None)))


def test_served_to_others_it_asks_for_a_login(client: TestClient, run_id: str) -> None:
    config.set_option("server.address", "0.0.0.0")
    try:
        assert client.get(f"/api/runs/{run_id}").status_code == 401
        assert client.post(f"/api/runs/{run_id}/delete", headers=OURS).status_code == 401
        assert client.get(f"/api/runs/{run_id}", headers={"X-Uphill-Token": TOKEN}).status_code == 200
    finally:
        config.set_option("server.address", "127.0.0.1")


def test_the_token_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "uphill.db.token"
    path.write_text("old")
    path.chmod(0o666)
    write_token(path, TOKEN)
    assert path.read_text() == TOKEN
    assert path.stat().st_mode & 0o777 == 0o600
