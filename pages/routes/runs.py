"""Routes about runs: list, one, create, pause, resume, stop, delete, change; and health, presets, schema."""

import copy
import dataclasses
import difflib
import os
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from engine import collapse, going_back, service
from engine.commentary import sentence
from engine.config import RunConfig, config_schema
from engine.presets import PRESETS
from engine.settings import shown
from engine.store import STATES, Event, RunRecord, Store
from pages.parts.runs import row
from pages.routes.answers import Refused, answer
from pages.routes.once import HEADER, once

MAX_LIMIT = 500
MAX_OFFSET = 10**9
MAX_SEARCH = 200
SENTENCE_ROWS = 200
ACTIONS = ("pause", "resume", "stop", "delete", "change", "back")


def health(request: Request) -> Response:
    status = service.current().status()
    return answer({"status": "ok", **status, "pid": os.getpid()})


def list_presets(request: Request) -> Response:
    return answer({"presets": {name: dataclasses.asdict(preset) for name, preset in PRESETS.items()}})


def schema(request: Request) -> Response:
    return answer(config_schema())


def list_runs(request: Request) -> Response:
    """The runs that match, newest first, and how many there are in all. They come without their config;
    sparkline=1 adds their curves."""
    wanted = request.query_params
    state = wanted.get("state") or None
    if state is not None and state not in STATES:
        raise Refused(422, f"state is {state[:60]!r}; it must be one of {', '.join(STATES)}")
    chosen = {
        "search": (wanted.get("search") or "")[:MAX_SEARCH] or None,
        "state": state,
        "task": wanted.get("task") or None,
        "algorithm": wanted.get("algorithm") or None,
    }
    limit = whole(wanted.get("limit"), "limit", 0, MAX_LIMIT, 100)
    offset = whole(wanted.get("offset"), "offset", 0, MAX_OFFSET, 0)
    store = service.current().store
    records = store.runs(**chosen, limit=limit, offset=offset)
    rows = [row(record) for record in records]
    if wanted.get("sparkline"):
        curves = store.sparkline([record.run_id for record in records])
        rows = [{**shown, "sparkline": curves.get(shown["run_id"], [])} for shown in rows]
    return answer({"runs": rows, "total": store.count_runs(**chosen)})


def show(request: Request) -> Response:
    return answer(described(service.current().store, request.path_params["run_id"]))


def create(request: Request, body: Any) -> Response:
    """Start a run from a RunConfig, or from {"preset": name, "seed": 1, "set": {"algorithm.clip_range": 0.1}}. With
    the header X-Uphill-Once the same request, asked again, answers with the run that it made."""
    if isinstance(body, dict) and "preset" in body:
        body = from_preset(body)
    config = RunConfig.from_object(body)
    run_id = once(request.headers.get(HEADER), config.to_json(), lambda: service.current().submit(config))
    return answer({"run_id": run_id}, 201)


def from_preset(body: dict[str, Any]) -> dict[str, Any]:
    """The RunConfig object that {"preset", "seed", "set"} stands for, not checked yet. Raises Refused."""
    unknown = sorted(set(body) - {"preset", "seed", "set"})
    if unknown:
        raise Refused(422, f"{shown(unknown[0])} is not known beside preset; known here: seed, set")
    name, wanted = body["preset"], body.get("set", {})
    if not isinstance(name, str) or name not in PRESETS:
        near = difflib.get_close_matches(str(name)[:60], PRESETS, n=1)
        hint = f"did you mean {near[0]}?" if near else "GET /api/presets lists them"
        raise Refused(422, f"preset is {shown(name)}, which is not known; {hint}")
    if not isinstance(wanted, dict):
        raise Refused(422, f'set is {shown(wanted)}; it must be an object like {{"algorithm.clip_range": 0.1}}')
    config = {**copy.deepcopy(PRESETS[name].config), "seed": body.get("seed", 1)}
    for path, value in wanted.items():
        *sections, last = path.split(".")
        section = config
        for step in sections:
            section = section.setdefault(step, {})
            if not isinstance(section, dict):
                raise Refused(422, f"{shown(path)} is not a setting: {shown(step)} has no parts")
        section[last] = value
    return config


def control(request: Request, body: Any) -> Response:
    """pause, resume, stop, delete or change one run, or let it go back to its best checkpoint (with changes, if the
    body names some); answers with the run as it is then."""
    run_id, action = request.path_params["run_id"], request.path_params["action"]
    if action not in ACTIONS:
        raise Refused(404, f"{action[:60]!r} is not something a run can do; it must be one of {', '.join(ACTIONS)}")
    engine = service.current()
    engine.store.get_run(run_id)
    if action == "change":
        if not isinstance(body, dict) or not body:
            raise Refused(422, 'The body must name what changes, as {"algorithm.learning_rate": 0.0001}')
        engine.change(run_id, body)
    elif action == "back":
        if not isinstance(body, dict):
            raise Refused(422, 'The body must be {}, or name what changes, as {"algorithm.learning_rate": 0.0001}')
        engine.go_back(run_id, body)
    else:
        getattr(engine, action)(run_id)
    return answer({"run_id": run_id} if action == "delete" else described(engine.store, run_id))


def described(store: Store, run_id: str) -> dict[str, Any]:
    """A run with its sentence, its events, the seconds that are left, and the alarm where molecules repeat themselves.

    Raises UnknownRun.
    """
    record = store.get_run(run_id)
    rows = store.metrics(run_id, since=max(0, record.iteration - SENTENCE_ROWS))
    events = store.events(run_id)
    as_it_is = dataclasses.replace(record, config=in_force(record.config, events))
    alarmed = record.task == "molecules" and record.state == "training"
    best = going_back.best(store, run_id) if alarmed else None
    best_step = best.step if best else None
    alarm = collapse.alarm(rows, as_it_is.config["algorithm"], best_step) if alarmed else None
    return {
        **dataclasses.asdict(record),
        **progress(record),
        "sentence": sentence(as_it_is, rows, best_step),
        "events": [dataclasses.asdict(event) for event in events],
        "alarm": dataclasses.asdict(alarm) if alarm else None,
    }


def progress(record: RunRecord) -> dict[str, Any]:
    """Of a run that trains, what changes with its rows."""
    changing = ("iteration", "env_steps", "wall_s", "last_return", "best")
    return {**{name: getattr(record, name) for name in changing}, "eta_s": seconds_left(record)}


def in_force(config: dict[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """The config with what was changed while the run trained; only settings of the algorithm can be."""
    algorithm = dict(config.get("algorithm", {}))
    for event in events:
        if event.kind == "change":
            settings = event.payload["settings"]
            algorithm |= {path.removeprefix("algorithm."): change["after"] for path, change in settings.items()}
    return {**config, "algorithm": algorithm}


def seconds_left(record: RunRecord) -> float | None:
    """Seconds to the end of the budget at the speed so far; None when that is not known or not running."""
    if record.state != "training" or not record.budget or not record.env_steps or record.wall_s <= 0:
        return None
    return max(0.0, (record.budget - record.env_steps) * record.wall_s / record.env_steps)


def whole(text: str | None, name: str, low: int, high: int, default: int) -> int:
    """A whole number of a query string. Raises Refused."""
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and low <= int(text) <= high):
        raise Refused(422, f"{name} is {text[:60]!r}; it must be a whole number between {low} and {high}")
    return int(text)
