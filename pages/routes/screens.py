"""The page behind every screen: Streamlit's index.html, and in it two scripts of ours before its own.

again.js: Streamlit fetches a widget's script when the widget is first shown, tries once, and leaves an error in its
place; the page is loaded again then. back.js: what Streamlit leaves in the browser's history is put right.
"""

import functools
import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from engine.right_of_way import VISITORS

SCREENS = ["/", "/launch", "/runs", "/compare", "/gridworld", "/molecules", "/run"]
TAGS = "".join(f'<script src="./assets/{name}.js"></script>' for name in ("again", "back"))
FIRST_SCRIPT = "<script"


def screen(request: Request) -> Response:
    """Streamlit's page with TAGS before its own scripts. The browser asks each time whether it is still the same."""
    VISITORS.ask()
    body, tag = _index()
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "text/html; charset=utf-8")


@functools.cache
def _index() -> tuple[bytes, str]:
    page = (resources.files("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    body = page.replace(FIRST_SCRIPT, TAGS + FIRST_SCRIPT, 1).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
