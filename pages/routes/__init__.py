"""What the app answers over HTTP: its page, JSON and binary under /api, scripts under /assets."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pages.routes import contest, curves, planning, runs, studio
from pages.routes.access import changing, reading, sharing
from pages.routes.answers import refusal
from pages.routes.assets import asset
from pages.routes.comparing import compare
from pages.routes.process import process
from pages.routes.pushing import live
from pages.routes.screens import SCREENS, screen

READS = {
    "/api/health": runs.health,
    "/api/process": process,
    "/api/presets": runs.list_presets,
    "/api/schema": runs.schema,
    "/api/compare": compare,
    "/api/runs": runs.list_runs,
    "/api/runs/{run_id}": runs.show,
    "/api/runs/{run_id}/events": curves.events,
    "/api/runs/{run_id}/artifacts/{name}": curves.artifact,
    "/assets/{file}": asset,
    **studio.READS,
}
SHARED = {
    "/api/runs/{run_id}/metrics": curves.metrics,
    "/api/runs/{run_id}/picture": curves.picture,
}


def routes(token: str) -> list[BaseRoute]:
    """Every route; `token` is what a script sends as X-Uphill-Token to change something."""
    return [
        *(Route(path, screen) for path in SCREENS),
        Route("/api/runs", changing(runs.create, token), methods=["POST"]),
        Route("/api/plan", changing(planning.plan, token), methods=["POST"]),
        Route("/api/plan/sweeps", changing(planning.sweeps, token), methods=["POST"]),
        Route("/api/plan/race", changing(contest.race, token), methods=["POST"]),
        Route("/api/plan/memoryless", changing(planning.blindfold, token), methods=["POST"]),
        live(token),
        *(Route(path, sharing(work, token)) for path, work in SHARED.items()),
        *(Route(path, reading(work, token)) for path, work in READS.items()),
        Route("/api/runs/{run_id}/{action}", changing(runs.control, token), methods=["POST"]),
        Route("/api/{rest:path}", _nothing_here, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


async def _nothing_here(request: Request) -> Response:
    return refusal(404, [f"There is nothing at {request.url.path[:200]!r} for {request.method}"])
