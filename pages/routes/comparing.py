"""The route behind Compare's table: the figures of runs and groups side by side, as they are now."""

import dataclasses

from starlette.requests import Request
from starlette.responses import Response

from engine import service
from engine.metrics import METRICS
from engine.store import LIVE_STATES
from pages.parts.comparison import MOST, curves, figures, find
from pages.routes.answers import Refused, answer

MAX_IDS = 2 * MOST


def compare(request: Request) -> Response:
    """?compare=id,id&metric=name: last, best, mean, sd and n of each, and whether any still trains."""
    wanted = request.query_params
    metric = wanted.get("metric", "return_mean")
    if metric not in METRICS:
        raise Refused(422, f"metric is {metric[:60]!r}, which is not measured")
    store = service.current().store
    items, problems = find(store, [part for part in wanted.get("compare", "").split(",") if part][:MAX_IDS])
    rows = [
        {"id": item.id, "label": item.label, **dataclasses.asdict(figures(curves(store, item, metric)))}
        for item in items
    ]
    live = any(run.state in LIVE_STATES for item in items for run in item.runs)
    return answer({"rows": rows, "live": live, "problems": problems})
