"""Files of the page are sent from memory the second time, whole and unchanged, and nothing else is."""

import asyncio
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.types import Message

from pages.routes import kept
from pages.routes.kept import Kept

BODY = b"export default 1;" * 500


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def client(asked: list[str]) -> TestClient:
    async def file(request: Request) -> Response:
        asked.append(request.url.path)
        if request.url.path.endswith("missing.js"):
            return Response("gone", 404)
        if request.url.path.endswith("broken.js"):
            return StreamingResponse(iter([BODY, BODY]), headers={"etag": "b"})
        return Response(BODY, headers={"etag": "a", "content-type": "text/javascript"})

    routes = [Route("/static/{path:path}", file), Route("/assets/{path:path}", file)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Kept), Middleware(GZipMiddleware)]))


@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
@pytest.mark.parametrize("path", ["/static/js/index.js", "/static/js/broken.js"])
def test_the_second_time_comes_from_memory(client: TestClient, asked: list[str], path: str, encoding: str) -> None:
    first, *others = [client.get(path, headers={"Accept-Encoding": encoding}) for _ in range(3)]
    assert len(asked) == 1
    for other in others:
        assert (other.status_code, other.content, other.headers) == (200, first.content, first.headers)
    assert first.headers.get("content-encoding") == ("gzip" if "gzip" in encoding else None)


def test_each_encoding_is_kept_apart(client: TestClient, asked: list[str]) -> None:
    for encoding in ("gzip", "identity", "gzip", "identity"):
        assert client.get("/static/a.js", headers={"Accept-Encoding": encoding}).content == BODY
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/assets/run.js", {}),
        ("/static/missing.js", {}),
        ("/static/a.js", {"Range": "bytes=0-3"}),
        ("/static/a.js", {"If-None-Match": "a"}),
    ],
)
def test_what_is_no_whole_file_of_the_page_is_asked_for_each_time(
    client: TestClient, asked: list[str], path: str, headers: dict[str, str]
) -> None:
    for _ in range(2):
        client.get(path, headers=headers)
    assert len(asked) == 2


def test_what_a_visitor_left_before_its_end_is_not_kept(tmp_path: Path) -> None:
    """Starlette ends a file's response without a word when it hears that nobody waits for it any more."""
    (tmp_path / "a.js").write_bytes(BODY)
    app = Kept(StaticFiles(directory=tmp_path))
    scope = {"type": "http", "method": "GET", "path": "/static/a.js", "root_path": "/static", "headers": []}

    async def body(leaves: bool) -> bytes:
        sent: list[bytes] = []

        async def send(message: Message) -> None:
            await asyncio.sleep(60 if leaves else 0)
            sent.append(message.get("body", b""))

        async def receive() -> Message:
            if not leaves:
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        await app({**scope}, receive, send)
        return b"".join(sent)

    with start_blocking_portal() as loop:  # in a thread: a browser's test of this process may hold this one's
        assert loop.call(body, True) == b""
        assert loop.call(body, False) == BODY


def test_memory_is_bounded(client: TestClient, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_BYTES", 2 * len(BODY))
    for _ in range(2):
        for name in "abcd":
            assert client.get(f"/static/{name}.js", headers={"Accept-Encoding": "identity"}).content == BODY
    assert len(asked) == 4 + 2
