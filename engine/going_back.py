"""Going back to what a run had learned when its test was best; the counts, and all that was found, go on.

The policy and its optimiser are those of the best checkpoint from the next iteration on. The random state is not, so
that the run does not repeat what followed.
"""

from collections.abc import Iterable
from typing import Any

from engine import checkpoint
from engine.refused import Refused
from engine.store import Checkpoint, Event, Store

KIND = "back"  # of the event: {"to": the iteration whose policy holds from this step on}


def best(store: Store, run_id: str) -> Checkpoint | None:
    """The checkpoint of the best test so far."""
    return next((saved for saved in store.checkpoints(run_id) if saved.is_best), None)


def reachable(store: Store, run_id: str) -> Checkpoint:
    """The best checkpoint. Raises Refused where there is none to go back to."""
    found = best(store, run_id)
    if found is None:
        raise Refused("This run has no best checkpoint yet; its first test makes one")
    return found


def payload(to: int) -> dict[str, Any]:
    """What the event records."""
    return {"to": to}


def by_step(events: Iterable[Event]) -> dict[int, int]:
    """Where the run went back to, by the iteration from which that holds, as a run that begins again repeats it."""
    held: dict[int, int] = {}
    for event in events:
        if event.kind == KIND:
            hold(held, event.step, int(event.payload["to"]))
    return held


def hold(held: dict[int, int], step: int, to: int) -> None:
    """Let the run go back at `step`; what was decided earlier for later iterations is void."""
    for later in [known for known in held if known > step]:
        del held[later]
    held[step] = to


def state(store: Store, run_id: str, to: int) -> dict[str, Any]:
    """The checkpoint of iteration `to`. Raises checkpoint.DamagedCheckpoint."""
    for saved in store.checkpoints(run_id):
        if saved.step == to:
            return checkpoint.load(saved.path, saved.sha256, saved.size)
    raise checkpoint.DamagedCheckpoint(f"The checkpoint of iteration {to:,} is no longer kept")
