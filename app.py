"""The ASGI entry, served by `streamlit run app.py`: opens the store, starts the engine, answers routes, closes both."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section

from engine.chemistry import looking
from engine.service import Engine, Refused, hold
from engine.store import StoreError, open_store
from pages.parts import lesson
from pages.parts.loopback import is_loopback
from pages.parts.trouble import on_script_error
from pages.routes import routes
from pages.routes.access import Guard, new_token, write_token
from pages.routes.assets import plotly_js
from pages.routes.kept import Kept

SWITCH_INTERVAL_S = 0.0002  # at Python's 5 ms a training thread keeps a first page waiting for many seconds
CLOSE_TIMEOUT_S = 7.0
TOKEN = new_token()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """One engine from before the first visitor until after the last, who leaves it with every run checkpointed."""
    address = config.get_option("server.address")
    if not is_loopback(address) and not get_secrets_auth_section():
        refuse(
            f"server.address is {address or 'not set, which means every network'}; Uphill serves others only with a "
            "login. Configure [auth] in .streamlit/secrets.toml, or serve 127.0.0.1"
        )
    path = os.environ.get("UPHILL_STORE") or "store/uphill.db"
    try:
        engine = Engine(open_store(path))
    except (StoreError, Refused) as error:
        refuse(str(error).rstrip("."))
    hold(engine)
    write_token(Path(f"{engine.store.path}.token"), TOKEN)
    closing = threading.Thread(target=engine.close, args=(CLOSE_TIMEOUT_S,), name="engine-closing")
    end_on_signals(closing)
    preload()
    print(f"Uphill is at http://{address}:{config.get_option('server.port')}", flush=True)
    try:
        yield {"engine": engine}
    finally:
        begin(closing)
        await asyncio.to_thread(closing.join)
        hold(None)
        looking.end()
        lesson.end()


def end_on_signals(closing: threading.Thread) -> None:
    """SIGTERM and SIGINT: checkpoint at once, whoever is still connected, and exit 0.

    uvicorn's own handler waits for connections first, and raises the signal again at the end, which is no exit 0.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        server = getattr(signal.getsignal(number), "__self__", None)
        if server is None or threading.current_thread() is not threading.main_thread():
            return  # in a test, without a server

        def end(number: int, frame: FrameType | None, server: Any = server) -> None:
            server.should_exit = True
            begin(closing)
            patience = threading.Timer(CLOSE_TIMEOUT_S, setattr, (server, "force_exit", True))
            patience.daemon = True
            patience.start()

        signal.signal(number, end)


def begin(closing: threading.Thread) -> None:
    """Start the thread that closes the engine, once."""
    if closing.ident is None:
        closing.start()


def preload() -> None:
    """Pay for the slow imports before the first visitor, and keep the objects that stay out of every collection."""
    import pandas  # noqa: F401
    import plotly  # noqa: F401
    import pyarrow  # noqa: F401
    import rdkit.Chem.Draw  # noqa: F401

    plotly_js()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()


def refuse(sentence: str) -> NoReturn:
    """End the process with one sentence. The server would bury an exception of the lifespan under tracebacks."""
    print(f"Uphill did not start. {sentence}.", file=sys.stderr, flush=True)
    os._exit(2)


app = st.App(
    "pages/shell.py",
    lifespan=lifespan,
    routes=routes(TOKEN),
    middleware=[Middleware(Guard), Middleware(Kept)],
    on_script_error=on_script_error,
)
