"""What the benchmarks of the page share: the real app on a free port, plain clients, and shares of a list."""

import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.browser.conftest import App, free_port

PICTURE_S = 1.0
ENDLESS = {"budget": 10_000_000_000, "evaluation.stop_when_solved": False, "evaluation.every": 1_000_000}


@contextmanager
def served_app() -> Iterator[App]:
    """The app as `make run` serves it, on an empty store that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(Path(folder) / "uphill.db", free_port())
        app.start()
        try:
            yield app
        finally:
            app.stop()


@contextmanager
def bare_page() -> Iterator[str]:
    """The least that Streamlit serves, a page with one button of the key `start-gym`; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.py").write_text('import streamlit as st\nst.button("Start", key="start-gym")\n')
        port = free_port()
        command = [sys.executable, "-m", "streamlit", "run", "page.py", "--server.port", str(port)]
        options = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            await_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def await_port(port: int) -> None:
    for _ in range(600):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def quantile(values: list[float], share: float) -> float:
    """The value below which `share` of the list lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def look_on(app: App, run_id: str, until: Callable[[], bool]) -> None:
    """What an open Run page takes while it is visible: what is pushed to it, and a new picture each second."""
    await asyncio.sleep(random.uniform(0, 1))  # tabs were opened at different moments
    address = f"{app.address.replace('http', 'ws')}/api/runs/{run_id}/live?since=0"
    seen, looked = 0, time.perf_counter()
    async with websockets.connect(address, origin=app.address, max_size=None, compression=None) as feed:
        while not until():
            packed = await feed.recv()
            if time.perf_counter() - looked < PICTURE_S:
                continue
            looked = time.perf_counter()
            header = json.loads(packed[4 : 4 + int.from_bytes(packed[:4], "little")])
            if header["run"]["picture_step"] not in (None, seen):
                await get(app, f"/api/runs/{run_id}/picture?since={seen}")
                seen = header["run"]["picture_step"]


async def get(app: App, path: str) -> None:
    """Take one answer whole. A crowd of HTTP clients in Python, each with its pools and checks, would take more from
    two cores than the app that is measured."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\nConnection: close\r\n\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def session(app: App, query: str = "", page: str = "") -> Any:
    """A Streamlit session over its websocket, its first script run done; yields the socket."""
    address = app.address.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(
        address, subprotocols=["streamlit"], origin=app.address, max_size=None, ping_interval=None
    ) as socket:
        await rerun(socket, query, page)
        yield socket


async def rerun(socket: Any, query: str = "", page: str = "") -> float:
    """Ask for a script run, as a click does; seconds until it has finished."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    started = time.perf_counter()
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(await socket.recv())
        if answer.WhichOneof("type") == "script_finished":
            return time.perf_counter() - started
