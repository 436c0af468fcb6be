"""Who may ask for what: known hosts only, changes only from our own pages or with the token, bodies of limited size."""

import asyncio
import copy
import hmac
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import (
    USER_COOKIE_NAME,
    _get_signed_cookie_with_chunks,
    is_host_allowed,
)

from engine import service
from engine.settings import depth
from engine.store import Store
from pages.parts.loopback import is_loopback
from pages.routes.answers import Refused, attempted, refusal

MAX_BODY = 262_144
MAX_DEPTH = 16
SHARED_SECONDS = 0.2
MAX_SHARED, MAX_SHARED_BYTES = 64, 2**18  # answers kept, and the largest of them
TOKEN_HEADER = "X-Uphill-Token"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware in front of every page, route and websocket: refuses hosts that are not in server.allowedHosts
    (a name of somebody else's that resolves to this machine), and adds the headers that keep other sites out."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        host = headers.get("host")
        if scope["type"] == "websocket":
            if _is_foreign(headers):  # Streamlit lets any page of this machine in, whatever its port
                return await send({"type": "websocket.close", "code": 1008})
            return await self.app(scope, receive, send)
        if not is_host_allowed(host):
            names = ", ".join(config.get_option("server.allowedHosts"))
            problem = f"The host {host!r} is not one that this app answers to; it answers to {names}"
            return await refusal(421, [problem])(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page sent this."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def new_token() -> str:
    """The token that scripts send as X-Uphill-Token: UPHILL_TOKEN of the environment, or a random one."""
    return os.environ.get("UPHILL_TOKEN") or secrets.token_hex(16)


def write_token(path: Path, token: str) -> None:
    """Leave the token in a file that only its owner can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)


def may_change(request: Request, token: str | None) -> None:
    """Raise Refused unless the request comes from a page of this app or carries the token."""
    given = request.headers.get(TOKEN_HEADER)
    if given is not None:
        if token is None or not hmac.compare_digest(given.encode(), token.encode()):
            raise Refused(403, f"{TOKEN_HEADER} is not this app's token")
        return
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if origin is None or _is_foreign(request.headers):
        came = "without an Origin header" if origin is None else f"from {origin[:200]!r}"
        raise Refused(403, f"The request came {came}; changes need Origin http://{host} or the header {TOKEN_HEADER}")


def may_read(request: HTTPConnection, token: str | None) -> None:
    """Raise Refused where the app is served to others and the request carries neither a login nor the token."""
    if is_loopback(config.get_option("server.address")):
        return
    given = request.headers.get(TOKEN_HEADER, "")
    if token is not None and hmac.compare_digest(given.encode(), token.encode()):
        return
    if _get_signed_cookie_with_chunks(dict(request.cookies), USER_COOKIE_NAME) is None:
        raise Refused(401, f"Log in on the page first, or send the header {TOKEN_HEADER}")


async def json_body(request: Request) -> Any:
    """The request's JSON. Raises Refused: 413 beyond 256 kB (before it is read), 422 too deep, 400 not JSON."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise _too_large(int(length))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large(len(body))
    return parsed(bytes(body))


def parsed(body: bytes) -> Any:
    """JSON of limited depth; NaN and Infinity, which Python reads but JSON does not know, are refused."""
    if not body:
        return None
    if depth(body) > MAX_DEPTH:
        raise Refused(422, f"The body is nested more than {MAX_DEPTH} levels deep")
    try:
        return json.loads(body, parse_constant=_unknown_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}") from None


Endpoint = Callable[[Request], Awaitable[Response]]


def reading(work: Callable[[Request], Response], token: str | None) -> Endpoint:
    """An endpoint around `work`, which changes nothing and runs off the event loop."""

    async def answered(request: Request) -> Response:
        may_read(request, token)
        return await run_in_threadpool(work, request)

    async def endpoint(request: Request) -> Response:
        return await attempted(answered(request))

    return endpoint


def sharing(work: Callable[[Request], Response], token: str | None) -> Endpoint:
    """Like `reading`, for what every open tab asks several times a second: one answer serves all who ask the same,
    until something is written, and for SHARED_SECONDS at most."""
    known: dict[tuple[Store, str], tuple[int, float, asyncio.Task[Response]]] = {}

    async def answered(request: Request) -> Response:
        may_read(request, token)
        store = service.current().store
        key, version, now = (store, f"{request.url.path}?{request.url.query}"), store.version, time.monotonic()
        written, at, asked = known.get(key, (-1, 0.0, None))
        if asked is None or written != version or now - at >= SHARED_SECONDS:
            if len(known) >= MAX_SHARED:
                known.clear()
            asked = asyncio.create_task(run_in_threadpool(work, request))
            known[key] = (version, now, asked)
        response = await asyncio.shield(asked)
        if len(response.body) > MAX_SHARED_BYTES:
            known.pop(key, None)
        return fresh(response)

    async def endpoint(request: Request) -> Response:
        return await attempted(answered(request))

    return endpoint


def fresh(response: Response) -> Response:
    """The same response with headers of its own: what sends it, the compression for one, rewrites them."""
    other = copy.copy(response)
    other.raw_headers = list(response.raw_headers)
    return other


def changing(work: Callable[[Request, Any], Response], token: str | None) -> Endpoint:
    """An endpoint around `work`, which gets the request's JSON as well, and runs off the event loop."""

    async def answered(request: Request) -> Response:
        may_read(request, token)
        may_change(request, token)
        body = await json_body(request)
        return await run_in_threadpool(work, request, body)

    async def endpoint(request: Request) -> Response:
        return await attempted(answered(request))

    return endpoint


def _unknown_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _too_large(size: int) -> Refused:
    return Refused(413, f"The body is {size:,} bytes or more; at most {MAX_BODY:,} are allowed")
