"""Routes that feed the live charts and pictures: metrics as JSON or binary, pictures, artifacts, events."""

import dataclasses
import re

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from engine import service
from engine.store import MetricTable, Store
from pages.routes.answers import NO_STORE, Refused, answer
from pages.routes.lately import newest_description, newest_rows
from pages.routes.runs import whole

MAX_ROWS = 100_000
MAX_STEP = 2**53
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def metrics(request: Request) -> Response:
    """Rows after step `since`; format=binary is laid out as `packed` says."""
    run_id, wanted = request.path_params["run_id"], request.query_params
    store = service.current().store
    since = whole(wanted.get("since"), "since", 0, MAX_STEP, 0)
    max_rows = whole(wanted.get("max_rows"), "max_rows", 1, MAX_ROWS, MAX_ROWS)
    kind = wanted.get("format", "json")
    if kind not in ("json", "binary"):
        raise Refused(422, f"format is {kind[:60]!r}; it must be json or binary")
    if kind == "binary":
        return Response(newest_packed(store, run_id, since, max_rows)[0], 200, NO_STORE, "application/octet-stream")
    record = store.get_run(run_id)
    table = store.metrics(run_id, since=since, max_rows=max_rows)
    return answer(
        {
            "names": table.names,
            "steps": table.steps.tolist(),
            "values": table.values.tolist(),
            "last_step": table.last_step,
            "state": record.state,
        }
    )


def newest_packed(store: Store, run_id: str, since: int, max_rows: int) -> tuple[bytes, int]:
    """A run and its rows after step `since` as `packed` lays them out, and the last step. Raises UnknownRun."""
    run = newest_description(store, run_id)
    table = newest_rows(store, run_id, since, max_rows)
    return packed(table, run), int(table.last_step)


def packed(table: MetricTable, run: dict) -> bytes:
    """uint32 LE length of the header; JSON header {"names", "rows", "last_step", "run"} padded with spaces so that
    both together are a multiple of 8 bytes; float64 LE steps [rows]; float64 LE values [rows, names]."""
    rows = len(table.steps)
    content = {"names": list(table.names), "rows": rows, "last_step": int(table.last_step), "run": run}
    header = answer(content).body
    header += b" " * (-(len(header) + 4) % 8)
    steps = np.ascontiguousarray(table.steps, dtype="<f8").tobytes()
    values = np.ascontiguousarray(table.values, dtype="<f8").tobytes()
    return len(header).to_bytes(4, "little") + bytes(header) + steps + values


def picture(request: Request) -> Response:
    """The newest picture with its step, or 204 when there is none after step `since`."""
    run_id = request.path_params["run_id"]
    store = service.current().store
    store.get_run(run_id)
    since = whole(request.query_params.get("since"), "since", 0, MAX_STEP, 0)
    newest = store.newest_step(run_id, "picture")
    found = None if newest is None or (since and newest <= since) else store.artifact(run_id, "picture")
    if found is None or found.body is None:
        return Response(status_code=204, headers=NO_STORE)
    body = found.body.removesuffix(b"}") + b',"step":%d}' % found.step  # as it is: parsing a long replay is not free
    return Response(body, 200, NO_STORE, "application/json")


def artifact(request: Request) -> Response:
    """An artifact's bytes; ?step= asks for one of several kept versions."""
    run_id, name = request.path_params["run_id"], request.path_params["name"]
    store = service.current().store
    store.get_run(run_id)
    step = request.query_params.get("step")
    wanted = whole(step, "step", 0, MAX_STEP, 0) if step else None
    found = store.artifact(run_id, name, wanted) if _NAME.fullmatch(name) else None
    if found is None or found.body is None:
        raise Refused(404, f"The run has no artifact {name[:100]!r}")
    return Response(found.body, 200, NO_STORE, found.mime)


def events(request: Request) -> Response:
    """What happened to a run after event `since`, oldest first."""
    run_id = request.path_params["run_id"]
    store = service.current().store
    store.get_run(run_id)
    since = whole(request.query_params.get("since"), "since", 0, MAX_STEP, 0)
    return answer({"events": [dataclasses.asdict(event) for event in store.events(run_id, since)]})
