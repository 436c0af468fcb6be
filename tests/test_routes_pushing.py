"""What is pushed to an open Run page: the rows a request would have got, each once, and only to those who may read."""

import asyncio
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from routes_client import finished_run, served
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect
from streamlit import config

from engine.service import Engine


@pytest.fixture
def served_routes(tmp_path: Path) -> Iterator[tuple[TestClient, Engine]]:
    with served(tmp_path) as both:
        yield both


def unpacked(packet: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """The header and the steps of a packet, by the layout that the routes promise."""
    (length,) = struct.unpack_from("<I", packet)
    header = json.loads(packet[4 : 4 + length])
    return header, np.frombuffer(packet, "<f8", header["rows"], 4 + length)


def address(run_id: str, since: int = 0) -> str:
    return f"ws://127.0.0.1:8600/api/runs/{run_id}/live?since={since}"


def test_a_tab_is_told_what_a_request_would_answer_and_then_each_new_row_once(
    served_routes: tuple[TestClient, Engine],
) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    asked = client.get(f"/api/runs/{run_id}/metrics?format=binary&since=0&max_rows=2000").content
    with client.websocket_connect(address(run_id)) as tab:
        first = tab.receive_bytes()
        assert first == asked
        header, steps = unpacked(first)
        attempt = engine.store.get_run(run_id).attempt
        for more in (1, 2):
            engine.store.record(run_id, attempt, header["last_step"] + more, {"return_mean": -3.5})
            engine.store.flush()
            _, new = unpacked(tab.receive_bytes())
            assert new.tolist() == [steps[-1] + more]


def test_a_tab_that_leaves_while_it_is_sent_rows_is_no_error(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    path = f"/api/runs/{finished_run(client, engine)}/live"
    headers = [(b"host", b"127.0.0.1:8600")]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    asked = iter([{"type": "websocket.connect"}])

    async def receive() -> Message:
        return next(asked, None) or await asyncio.sleep(60)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            raise OSError("the connection is closing")

    with start_blocking_portal() as loop:  # in a thread: a browser's test of this process may hold this one's
        loop.call(client.app, scope, receive, send)


def test_a_tab_that_has_everything_hears_of_a_change_of_state(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    last = engine.store.get_run(run_id).iteration
    with client.websocket_connect(address(run_id, last)) as tab:
        header, steps = unpacked(tab.receive_bytes())
        assert header["run"]["state"] == "finished"
        assert not len(steps)
        engine.store.set_state(run_id, "interrupted")
        header, steps = unpacked(tab.receive_bytes())
        assert header["run"]["state"] == "interrupted"
        assert not len(steps)


@pytest.mark.parametrize("wrong", ["since=-1", "since=many", "since=1e3"])
def test_a_wrong_start_is_refused(served_routes: tuple[TestClient, Engine], wrong: str) -> None:
    client, _ = served_routes
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(f"ws://127.0.0.1:8600/api/runs/x/live?{wrong}"),
    ):
        pass
    assert closed.value.code == 1008


def test_a_run_that_is_not_there_ends_the_connection(served_routes: tuple[TestClient, Engine]) -> None:
    client, _ = served_routes
    with client.websocket_connect(address("nothing")) as tab, pytest.raises(WebSocketDisconnect) as closed:
        tab.receive_bytes()
    assert closed.value.code == 4404


@pytest.mark.parametrize("headers", [{"Origin": "http://elsewhere.example"}, {"Host": "elsewhere.example"}])
def test_another_site_hears_nothing(served_routes: tuple[TestClient, Engine], headers: dict[str, str]) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(address(run_id), headers=headers),
    ):
        pass
    assert closed.value.code == 1008


def test_served_to_others_it_asks_for_a_login_or_the_token(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = finished_run(client, engine)
    config.set_option("server.address", "0.0.0.0")
    try:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(address(run_id)):
            pass
        with client.websocket_connect(address(run_id), headers={"X-Uphill-Token": "a-token-for-tests"}) as tab:
            assert unpacked(tab.receive_bytes())[0]["rows"] > 0
    finally:
        config.set_option("server.address", "127.0.0.1")
