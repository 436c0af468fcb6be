"""One attempt at training a run: its thread, what it is asked (pause, stop, changes), and what it records."""

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from engine import changes, checkpoint, failures, going_back
from engine.changes import Changes
from engine.config import RunConfig
from engine.loop import Outcome, Signal, train
from engine.plain import plain_json
from engine.store import StaleAttempt, Store, StoreBusy, StoreError, StoreFull, UnknownRun

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")

KEEP_CHECKPOINTS = 3
RETRY_SECONDS = 1.0
MESSAGES = {
    "paused": "Paused after iteration {iteration:,}. Resume goes on from there.",
    "stopped": "Stopped after iteration {iteration:,}. What it learned is kept, and resume goes on from there.",
    "interrupted": "Uphill was closed after iteration {iteration:,}. Resume goes on from there.",
}
ABANDONED = "Uphill was closed in the middle of an iteration. Resume goes on from the last checkpoint."


class Attempt:
    """From begin_attempt to the run's next state: training's Control and Recorder, with a thread of its own.

    The training thread calls signal, changes and the recording methods; any thread may call ask, change and read
    the rest. `beat` is the monotonic time of the last sign of life, `notice` what holds the run up, if anything.
    """

    def __init__(self, store: Store, run_id: str, ended: Callable[["Attempt"], None]) -> None:
        run = store.get_run(run_id)
        self.store, self.run_id, self._ended = store, run_id, ended
        self.directory = checkpoint_directory(store, run_id)
        events = store.events(run_id)
        self.config = RunConfig.from_object(run.config)
        self.current = changes.config_at(self.config, events, run.iteration + 1)
        self.iteration = run.iteration
        self.attempt = store.begin_attempt(run_id)
        self.beat = time.monotonic()
        self.notice: str | None = None
        self.abandoned = False
        self._replay = changes.by_step(events)
        self._pending: Changes = {}
        self._back = going_back.by_step(events)
        self._pending_back: int | None = None
        self._settled = False
        self._signal: Signal | None = None
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name=f"run-{run_id}", daemon=True)

    # What any thread may ask

    def ask(self, signal: Signal) -> None:
        """Pause, stop or shut down at the end of the iteration under way. A shutdown is never taken back."""
        with self._lock:
            if self._signal != "shutdown":
                self._signal = signal
        if signal == "shutdown":
            self._asked.set()

    def abandon(self) -> None:
        """The process is about to end and the thread does not: say what will have happened."""
        self.abandoned = True
        with suppress(StoreError):
            self.store.set_state(self.run_id, "interrupted", ABANDONED, attempt=self.attempt)

    @property
    def asked(self) -> bool:
        """Whether it was asked to pause, stop or shut down."""
        return self._signal is not None

    def change(self, wanted: Changes, back_to: int | None = None) -> bool:
        """From the next iteration on let settings take other values, and the policy be that of the checkpoint of
        iteration `back_to`; False: too late, training has ended.

        Raises InvalidSettings.
        """
        with self._lock:
            after = changes.changed(self.current, wanted) if wanted or back_to is None else self.current
            if self._settled:
                return False
            self._pending |= {path: changes.read(after, path) for path in wanted}
            self.current = after
            if back_to is not None:
                self._pending_back = back_to
            return True

    # Control, as training asks for it

    def signal(self) -> Signal | None:
        self.beat = time.monotonic()
        return self._signal

    def changes(self, step: int) -> Changes:
        """Settings that hold from iteration `step` on: those an earlier attempt recorded there, then new ones."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if pending:
            self._record_change(step, pending)
            changes.hold(self._replay, step, pending)
        return {path.removeprefix("algorithm."): value for path, value in self._replay.get(step, {}).items()}

    def back(self, step: int) -> dict[str, Any] | None:
        """The state whose policy holds from iteration `step` on, if the run goes back there; None: it goes on."""
        with self._lock:
            pending, self._pending_back = self._pending_back, None
        if pending is not None:
            self.event(step, going_back.KIND, going_back.payload(pending))
            going_back.hold(self._back, step, pending)
        if step not in self._back:
            return None
        try:
            return going_back.state(self.store, self.run_id, self._back[step])
        except checkpoint.DamagedCheckpoint as damage:
            self.event(step, "warning", {"message": f"{damage}. The run goes on as it was."})
            return None

    def _record_change(self, step: int, pending: Changes) -> None:
        before = changes.config_at(self.config, self.store.events(self.run_id), step)
        after = changes.changed(before, pending)
        self.event(step, "change", changes.payload(before, after, pending))

    # Recorder, as training asks for it

    def metrics(self, step: int, row: dict[str, float]) -> None:
        self.beat = time.monotonic()
        self.iteration = step
        self.store.record(self.run_id, self.attempt, step, row)
        self._patiently(self._raise_problem)

    def _raise_problem(self) -> None:
        if self.store.problem is not None:
            raise self.store.problem

    def picture(self, step: int, picture: dict[str, Any]) -> None:
        """The picture as JSON; the bytes of one that has a film become an artifact under the name it gives, and what
        it brings along beside it, (name, step, how many to keep, content), one each as JSON."""
        picture = dict(picture)
        for name, at, keep, content in picture.pop("beside", []):
            body = plain_json(content).encode()
            put = partial(self.store.put_artifact, self.run_id, name, at, "application/json", body, keep)
            self._patiently(put)
        film = picture.pop("bytes", None)
        if film is not None:
            self._patiently(partial(self.store.put_artifact, self.run_id, picture["artifact"], step, "video/mp4", film))
        body = plain_json(picture).encode()
        self._patiently(partial(self.store.put_artifact, self.run_id, "picture", step, "application/json", body))

    def checkpoint(self, step: int, state: dict[str, Any], is_best: bool) -> None:
        """Save the state and publish it; the store commits every row up to it first, so a crash leaves no gap."""
        saved = self._patiently(partial(checkpoint.save, self.directory, step, state))
        published = (self.run_id, self.attempt, step, saved.path, saved.sha256, saved.size, is_best)
        kept = self._patiently(partial(self.store.publish_checkpoint, *published, keep=KEEP_CHECKPOINTS))
        checkpoint.prune(self.directory, [known.path for known in kept])

    def event(self, step: int, kind: str, payload: dict[str, Any]) -> None:
        self._patiently(partial(self.store.add_event, self.run_id, step, kind, payload))

    def _patiently(self, write: Callable[[], Result]) -> Result:
        """Do a write. While the disk is full or another process holds the store, say so and try again; a shutdown ends
        the waiting with the error."""
        while True:
            try:
                done = write()
            except (StoreFull, StoreBusy, OSError) as error:
                why = failures.held_up(error)
                if why is None:
                    raise
                self._say_held_up(why)
                if self._asked.wait(RETRY_SECONDS):
                    raise
                continue
            if self.notice is not None:
                self.notice = None
                self._say_training()
            return done

    def _say_training(self) -> None:
        self._patiently(partial(self.store.set_state, self.run_id, "training", attempt=self.attempt))

    def _say_held_up(self, why: str) -> None:
        """The notice is in memory at once, and in the store as soon as a few bytes fit."""
        self.beat = time.monotonic()
        first, self.notice = self.notice is None, why
        if first:
            with suppress(StoreError):
                self.store.set_state(self.run_id, "paused", why, attempt=self.attempt)

    # The thread

    def _run(self) -> None:
        try:
            self._say_training()
            self._settle(train(self.config, self, self, self._saved()))
        except (StaleAttempt, UnknownRun):
            pass  # taken over by a later attempt, or purged: nothing of this one counts any more
        except BaseException as error:
            self.fail(error)
        finally:
            self._ended(self)

    def _saved(self) -> dict[str, Any] | None:
        """The newest undamaged checkpoint of what this run did last, with a warning for each one passed over."""
        reached = self.store.get_run(self.run_id).checkpoint_step
        known = [saved for saved in self.store.checkpoints(self.run_id) if reached and saved.step <= reached]
        if not known:
            return None
        try:
            state, _, skipped = checkpoint.load_newest(known)
        except checkpoint.DamagedCheckpoint as damage:
            self.event(0, "warning", {"message": f"{damage}. No checkpoint is left, so the run begins again."})
            return None
        step = known[len(skipped)].step
        for problem in skipped:
            message = f"{problem}. The run goes on from the one of iteration {step:,} instead."
            self.event(step, "warning", {"message": message})
        return state

    def _settle(self, outcome: Outcome) -> None:
        """Write the state that training ended in. Changes nobody came to apply hold from the next iteration on."""
        with self._lock:
            pending, self._pending, self._settled = self._pending, {}, True
            back_to, self._pending_back = self._pending_back, None
        if pending and outcome.state != "finished":
            self._record_change(self.iteration + 1, pending)
        if back_to is not None and outcome.state != "finished":
            self.event(self.iteration + 1, going_back.KIND, going_back.payload(back_to))
        message = MESSAGES.get(outcome.state, "").format(iteration=self.iteration) or None
        result = json.loads(plain_json(outcome.result)) or None
        state = partial(self.store.set_state, self.run_id, outcome.state, message, None, result, self.attempt)
        self.notice = None
        self._patiently(state)

    def fail(self, error: BaseException) -> None:
        """The run is failed, with a sentence for its user and the traceback for whoever mends it."""
        if self.abandoned:
            return
        state, message = "failed", failures.sentence(error)
        if failures.disk_full(error) and self._asked.is_set():
            state, message = (
                "interrupted",
                "The disk was full when Uphill was closed. Resume goes on from a checkpoint.",
            )
        details = failures.details(error)
        try:
            self.store.set_state(self.run_id, state, message, details, attempt=self.attempt)
        except (StaleAttempt, UnknownRun):
            return
        except StoreError as trouble:
            self.notice = f"{message} This could not be recorded: {trouble}"
            LOG.error("%s%s", self.notice, "" if failures.disk_full(error) else f"\n{details}")


def checkpoint_directory(store: Store, run_id: str) -> Path:
    """Where a run's checkpoints lie: beside the store."""
    assert store.path is not None
    return store.path.parent / "checkpoints" / run_id
