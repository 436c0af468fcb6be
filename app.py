"""The ASGI entry, served by `streamlit run app.py`: opens the store, starts the engine, answers routes, closes both."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section

from engine.service import Engine, Refused, hold
from engine.store import StoreError, open_store
from pages.routes import routes
from pages.routes.access import Guard, is_loopback, new_token, write_token

SWITCH_INTERVAL_S = 0.0002  # at Python's 5 ms a training thread keeps a first page waiting for many seconds
CLOSE_TIMEOUT_S = 8.0
TOKEN = new_token()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, Any]]:
    """One engine from before the first visitor until after the last; SIGTERM and SIGINT end here, with checkpoints."""
    address = config.get_option("server.address")
    if not is_loopback(address) and not get_secrets_auth_section():
        refuse(
            f"server.address is {address or 'not set, which means every network'}; Uphill serves others only with a "
            "login. Configure [auth] in .streamlit/secrets.toml, or serve 127.0.0.1"
        )
    path = os.environ.get("UPHILL_STORE") or "store/uphill.db"
    try:
        store = open_store(path)
        engine = Engine(store)
    except (StoreError, Refused) as error:
        refuse(str(error).rstrip("."))
    hold(engine)
    if "://" not in path:
        write_token(Path(f"{path}.token"), TOKEN)
    preload()
    print(f"Uphill is at http://{address}:{config.get_option('server.port')}", flush=True)
    try:
        yield {"engine": engine}
    finally:
        hold(None)
        await asyncio.to_thread(engine.close, timeout=CLOSE_TIMEOUT_S)


def preload() -> None:
    """Pay for the slow imports before the first visitor, and keep the objects that stay out of every collection."""
    import plotly.graph_objects  # noqa: F401
    import rdkit.Chem.Draw  # noqa: F401
    import torch  # noqa: F401

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()


def refuse(sentence: str) -> NoReturn:
    """End the process with one sentence. The server would bury an exception of the lifespan under tracebacks."""
    print(f"Uphill did not start. {sentence}.", file=sys.stderr, flush=True)
    os._exit(2)


app = st.App("pages/shell.py", lifespan=lifespan, routes=routes(TOKEN), middleware=[Middleware(Guard)])
