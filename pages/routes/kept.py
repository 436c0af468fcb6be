"""Streamlit's own scripts and fonts from memory: a first page asks for eighty, and reading each file takes a thread."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/static/"  # names carry a hash of the content: what is under one never changes
MAX_BYTES = 32_000_000
PARTIAL = {b"range", b"if-range", b"if-none-match", b"if-modified-since"}


class Kept:
    """Middleware that sends a whole file again without asking for it again."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.known: dict[tuple[str, bool], tuple[Message, Message]] = {}
        self.size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            return await self.app(scope, receive, send)
        if key in self.known:
            start, body = self.known[key]
            await send({**start, "headers": list(start["headers"])})
            return await send(body)
        messages: list[Message] = []

        async def noting(message: Message) -> None:
            messages.append({**message, "headers": list(message["headers"])} if "headers" in message else message)
            await send(message)

        await self.app(scope, receive, noting)
        return self._keep(key, messages)

    def _keep(self, key: tuple[str, bool], messages: list[Message]) -> None:
        """Remember a whole answer with status 200, while there is room. Of a visitor who left, there may be no body."""
        body = b"".join(message["body"] for message in messages if message["type"] == "http.response.body")
        ended = messages and messages[-1]["type"] == "http.response.body" and not messages[-1].get("more_body", False)
        whole = ended and messages[0]["status"] == 200
        if whole and self.size + len(body) <= MAX_BYTES:
            self.size += len(body)
            self.known[key] = messages[0], {"type": "http.response.body", "body": body}

    def _key(self, scope: Scope) -> tuple[str, bool] | None:
        """Path, and whether gzip is accepted, of a request for a whole file; None for any other request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            return None
        headers: dict[bytes, bytes] = dict(scope["headers"])
        return None if PARTIAL & headers.keys() else (scope["path"], b"gzip" in headers.get(b"accept-encoding", b""))
