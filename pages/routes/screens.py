"""The page behind every screen: Streamlit's index.html, and in it a script that loads it again where a part is missing.

Streamlit fetches a widget's script when the widget is first shown, tries once, and leaves an error in its place.
"""

import functools
import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from engine.right_of_way import VISITORS

SCREENS = ["/", "/launch", "/runs", "/compare", "/gridworld", "/molecules", "/run"]
TAG = '<script src="./assets/again.js"></script>'
FIRST_SCRIPT = "<script"


def screen(request: Request) -> Response:
    """Streamlit's page with TAG before its own scripts. The browser asks each time whether it is still the same."""
    VISITORS.ask()
    body, tag = _index()
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "text/html; charset=utf-8")


@functools.cache
def _index() -> tuple[bytes, str]:
    page = (resources.files("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    body = page.replace(FIRST_SCRIPT, TAG + FIRST_SCRIPT, 1).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
