"""The real app, served on a free port with an empty store, and a page of Chromium that looks at it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK: ViewportSize = {"width": 1440, "height": 900}
expect.set_options(timeout=15_000)


@dataclass
class App:
    """A served app: its address, its store, and the process behind it."""

    store: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    options: list[str] = field(default_factory=list)
    root: Path = ROOT

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.store.with_suffix(".log")

    def start(self) -> None:
        """Serve, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        own = {"UPHILL_STORE": str(self.store), "UPHILL_PREDICTORS": str(self.store.parent / "predictors")}
        environment = {**os.environ, **own, "OMP_NUM_THREADS": "1"}
        with self.log.open("w") as said:  # a pipe that nobody reads would stop the app when it is full
            self.process = subprocess.Popen(
                [*command, *self.options], cwd=self.root, env=environment, stdout=said, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended with {self.process.returncode}: {self.log.read_text()}")
            try:
                self.ask("/api/health")
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the app did not answer within 60 s")

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(with_signal)
        try:
            return self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.process = None
            assert "Exception in ASGI application" not in self.log.read_text(), self.log.read_text()[:4000]

    def ask(self, path: str, body: Any = None) -> Any:
        """A route's JSON; with a body it is posted, from the app's own origin."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Origin": self.address})
        if body is not None:
            request.data, request.method = json.dumps(body).encode(), "POST"
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def wait_for(self, run_id: str, *states: str, timeout: float = 60) -> dict[str, Any]:
        """The run once it is in one of these states."""
        deadline = time.monotonic() + timeout
        while True:
            run = self.ask(f"/api/runs/{run_id}")
            if run["state"] in states:
                return run
            assert time.monotonic() < deadline, f"the run is {run['state']}: {run['message']} {run['details']}"
            time.sleep(0.1)

    def finished_run(self, preset: str = "gridworld-ppo", **body: Any) -> dict[str, Any]:
        """A run of a preset, started over the route and waited for."""
        run_id = self.ask("/api/runs", {"preset": preset, **body})["run_id"]
        return self.wait_for(run_id, "finished")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def serve(folder: Path, *options: str, root: Path = ROOT) -> App:
    app = App(folder / "uphill.db", free_port(), options=list(options), root=root)
    app.start()
    return app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One app for the tests of a file, with a store that was empty at its beginning."""
    served = serve(tmp_path_factory.mktemp("store"))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def window(app: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium with an empty profile, which keeps the scripts it has compiled from one test of a file to the next."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=shutil.which("chromium"),
            args=ARGUMENTS,
            viewport=DESK,
            base_url=app.address,
        )
        yield opened
        opened.close()


@pytest.fixture
def page(window: BrowserContext, app: App) -> Iterator[Page]:
    """A new tab at 1440 x 900 that knows nothing of those before; errors in its scripts fail the test."""
    opened = window.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    kept = {"origin": app.address, "storageTypes": "cookies,local_storage,indexeddb"}
    window.new_cdp_session(opened).send("Storage.clearDataForOrigin", kept)
    for tab in window.pages[1:]:  # the first keeps the window open
        tab.close()
    assert not errors, errors
