"""The molecule studio's routes: a molecule as typed, two compared, a run's moments, and its best to take away."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from engine import service
from engine.chemistry import looking
from engine.chemistry.checking import MAX_CHARACTERS
from engine.chemistry.workers import WorkersUnavailable
from engine.store import RunRecord, Store
from pages.parts import molecule_files, molecule_report, studio_run
from pages.routes.answers import NO_STORE, Refused, answer
from pages.routes.curves import MAX_STEP
from pages.routes.runs import whole

POOLED = 2  # moments whose samples are taken together, so that a spread is smooth
FILES = {
    "csv": ("text/csv; charset=utf-8", molecule_files.csv),
    "sdf": ("chemical/x-mdl-sdfile; charset=utf-8", molecule_files.sdf),
    "html": ("text/html; charset=utf-8", molecule_report.report),
}

Work = Callable[[Request], Response]


def looked_at(work: Work) -> Work:
    """`work`, where what it needs may not be there: no molecules in the run, no process to look at them."""

    @wraps(work)
    def attempted(request: Request) -> Response:
        try:
            return work(request)
        except studio_run.NoMolecules as error:
            raise Refused(422, str(error)) from None
        except WorkersUnavailable as error:
            raise Refused(503, str(error)) from None

    return attempted


@looked_at
def molecule(request: Request) -> Response:
    """What ?smiles= stands for: {"canonical", "svg", "svg_dark", "values", "reason"}."""
    smiles = _smiles(request, "smiles")
    (read,) = looking.read([smiles])
    reason = read.get("failure") or read.get("reason")
    if reason:
        return answer({"canonical": None, "svg": "", "svg_dark": "", "values": {}, "reason": reason})
    (drawn,) = looking.drawn([smiles])
    return answer({"canonical": read["canonical"], **drawn})


@looked_at
def compared(request: Request) -> Response:
    """?before= and ?after= side by side, what differs marked."""
    return answer(looking.compared(_smiles(request, "before"), _smiles(request, "after")))


@looked_at
def desirable(request: Request) -> Response:
    """What the QED of ?smiles= is made of."""
    return answer(looking.desirable(_smiles(request, "smiles")))


def trail(request: Request) -> Response:
    """The iterations that can be looked at again."""
    store, run = _run(request)
    return answer({"steps": studio_run.steps(store, run.run_id)})


@looked_at
def moment(request: Request) -> Response:
    """The best and some samples of iteration ?step= as cards."""
    store, run = _run(request)
    return answer(studio_run.scene(_kept(store, run, _step(request)), studio_run.objective(run)))


@looked_at
def spread(request: Request) -> Response:
    """Property values of the samples of iteration ?step= and of the moment before it."""
    store, run = _run(request)
    studio_run.objective(run)
    step = _step(request)
    before = [known for known in studio_run.steps(store, run.run_id) if known < step][1 - POOLED :]
    moments = [_kept(store, run, step), *(_kept(store, run, known) for known in before if known != 1)]
    return answer(studio_run.spread(moments))


@looked_at
def take(request: Request) -> Response:
    """A run's best molecules as a file: csv, sdf, or a report as html."""
    store, run = _run(request)
    kind = request.path_params["kind"]
    if kind not in FILES:
        raise Refused(404, f"There is no file of kind {kind[:60]!r}; it must be one of {', '.join(FILES)}")
    mime, made = FILES[kind]
    molecules = studio_run.best(store, run.run_id)
    if not molecules:
        raise Refused(409, "This run has found no molecule yet")
    body = made(store, run, molecules, studio_run.objective(run)).encode()
    name = f"molecules-{run.run_id}.{kind}"
    return Response(body, 200, {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}, mime)


def _run(request: Request) -> tuple[Store, RunRecord]:
    store = service.current().store
    return store, store.get_run(request.path_params["run_id"])


def _step(request: Request) -> int:
    return whole(request.query_params.get("step"), "step", 0, MAX_STEP, 0)


def _kept(store: Store, run: RunRecord, step: int) -> dict[str, Any]:
    found = studio_run.kept(store, run.run_id, "moment", step)
    if found is None:
        raise Refused(404, f"The run kept no moment of iteration {step}; /api/runs/{run.run_id}/trail lists them")
    return dict(found)


def _smiles(request: Request, name: str) -> str:
    text = request.query_params.get(name, "").strip()
    if len(text) > MAX_CHARACTERS:
        raise Refused(422, f"{name} has {len(text):,} characters; at most {MAX_CHARACTERS} are read")
    return text


READS = {
    "/api/molecules": molecule,
    "/api/molecules/compared": compared,
    "/api/molecules/qed": desirable,
    "/api/runs/{run_id}/trail": trail,
    "/api/runs/{run_id}/moment": moment,
    "/api/runs/{run_id}/spread": spread,
    "/api/runs/{run_id}/best.{kind}": take,
}
