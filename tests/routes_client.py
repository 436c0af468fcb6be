"""The routes and their guard around a real engine on a store of its own, without a server, for the tests of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient
from streamlit import config

from engine.service import Engine, hold
from engine.store import open_store
from pages.routes import routes
from pages.routes.access import Guard

HOST = "http://127.0.0.1:8600"
OURS = {"Origin": HOST}
TOKEN = "a-token-for-tests"
SHORT = {"preset": "gridworld-ppo", "set": {"budget": 2048, "evaluation.final_episodes": 5}}


@contextmanager
def served(folder: Path) -> Iterator[tuple[TestClient, Engine]]:
    """A client of all routes as app.py serves them, and the engine behind them."""
    engine = Engine(open_store(folder / "uphill.db"))
    hold(engine)
    config.set_option("server.address", "127.0.0.1")
    config.set_option("server.allowedHosts", ["127.0.0.1", "localhost"])
    app = Starlette(routes=routes(TOKEN), middleware=[Middleware(Guard), Middleware(GZipMiddleware)])
    try:
        with TestClient(app, base_url=HOST) as client:
            yield client, engine
    finally:
        hold(None)
        engine.close()


def finished_run(client: TestClient, engine: Engine) -> str:
    """The id of a run of one iteration."""
    started = client.post("/api/runs", json=SHORT, headers=OURS)
    assert started.status_code == 201, started.text
    assert engine.wait(started.json()["run_id"], 60)
    return str(started.json()["run_id"])
