"""Scripts and styles of the screens' components, and plotly.js out of the installed plotly package."""

import functools
import gzip
import hashlib
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from pages.routes.answers import Refused

FOLDER = Path(__file__).parent.parent / "parts" / "assets"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


def asset(request: Request) -> Response:
    """A file of pages/parts/assets, or plotly.min.js. With ?v=VERSION in the address it is kept for good."""
    name = request.path_params["file"]
    body, mime, tag, packed = plotly_js() if name == "plotly.min.js" else _ours(name)
    headers = {
        "Cache-Control": FOREVER if "v" in request.query_params else "no-cache",
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, 200, {**headers, "Content-Encoding": "gzip"}, mime)
    return Response(body, 200, headers, mime)


def _ours(name: str) -> tuple[bytes, str, str, bytes | None]:
    known = {path.name: path for path in FOLDER.iterdir() if path.suffix in TYPES}
    if name not in known:
        raise Refused(404, f"There is no asset {name[:100]!r}")
    body = known[name].read_bytes()
    return body, TYPES[known[name].suffix], _tag(body), None


@functools.cache
def plotly_js() -> tuple[bytes, str, str, bytes | None]:
    """plotly.js as it is and gzipped once: 4.5 MB would be packed again for every visitor."""
    body = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return body, TYPES[".js"], _tag(body), gzip.compress(body, 6)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'
