"""A run's newest rows pushed to every open tab over a websocket: asking for them takes half as much again from the
training, because each request goes through all of HTTP."""

import asyncio
import time

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from engine import service
from engine.store import Store, StoreError, UnknownRun
from pages.routes.access import may_read
from pages.routes.answers import Refused
from pages.routes.curves import MAX_STEP, newest_packed
from pages.routes.runs import whole

TICK_S = 0.25
MAX_ROWS = 2000
MAX_PACKETS = 64
REFUSED, GONE = 1008, 4404  # close codes: policy violation (RFC 6455, 7.4.1), and ours for a run that isn't there

Packet = asyncio.Task[tuple[bytes, int]]
_packets: dict[tuple[int, str, int], tuple[int, Packet]] = {}


def live(token: str) -> WebSocketRoute:
    """The route /api/runs/{run_id}/live?since=N. It sends what metrics?format=binary answers, whenever that changed,
    each time with the rows after the last that it sent. Whatever the tab says is ignored."""

    async def endpoint(socket: WebSocket) -> None:
        try:
            if not is_host_allowed(socket.headers.get("host")):
                raise Refused(421)
            may_read(socket, token)
            since = whole(socket.query_params.get("since"), "since", 0, MAX_STEP, 0)
        except Refused:
            return await socket.close(REFUSED)
        await socket.accept()
        leaving = asyncio.create_task(_left(socket))
        try:
            await _push(socket, socket.path_params["run_id"], since, leaving)
        except WebSocketDisconnect:
            pass  # it left while it was sent something
        except UnknownRun:
            await socket.close(GONE)
        except (StoreError, service.Refused):
            await socket.close(1011)
        finally:
            leaving.cancel()

    return WebSocketRoute("/api/runs/{run_id}/live", endpoint)


async def _push(socket: WebSocket, run_id: str, since: int, leaving: asyncio.Task[None]) -> None:
    """Send until the tab has left. Tabs look at the same moments, so that one reading serves all of them."""
    store, version, sent = service.current().store, -1, b""
    while not leaving.done():
        if version != store.version:
            version = store.version
            packet, last_step = await _packet(store, run_id, since)
            if packet != sent and not leaving.done():
                await socket.send_bytes(packet)
                sent, since = packet, max(since, last_step)
        await asyncio.wait([leaving], timeout=TICK_S - time.monotonic() % TICK_S)


async def _left(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _packet(store: Store, run_id: str, since: int) -> tuple[bytes, int]:
    """The rows after `since` as newest_packed has them, read once for all tabs that stand there."""
    key = (id(store), run_id, since)
    version, reading = _packets.get(key, (-1, None))
    if reading is None or version != store.version:
        if len(_packets) >= MAX_PACKETS:
            _packets.clear()
        version = store.version
        reading = asyncio.create_task(run_in_threadpool(newest_packed, store, run_id, since, MAX_ROWS))
        _packets[key] = (version, reading)
    return await asyncio.shield(reading)
