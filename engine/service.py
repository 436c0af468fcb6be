"""Engine: the queue of runs and the background threads that train them; one engine for each store."""

import logging
import os
import shutil
import sys
import threading
import time
import types
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from engine import changes, devices, failures, going_back, surroundings
from engine.attempt import Attempt, checkpoint_directory
from engine.config import RunConfig
from engine.presets import run_name
from engine.refused import Refused
from engine.store import RunRecord, Store, StoreBusy, StoreError, StoreFull, UnknownRun

LOG = logging.getLogger(__name__)
RESUMABLE = ("paused", "stopped", "interrupted", "failed")
LOOK_SECONDS = 1.0  # between looks at threads that may have died
CLOSE_SECONDS = 8.0
UNDO_SECONDS = 7 * 86_400.0  # how long a deleted run can be brought back
MAX_GROUP = 100


class Engine:
    """Owns a store and trains its runs in daemon threads, at most `max_concurrent` at a time, first come first served.

    Every method may be called from any thread, and returns at once: the effect of pause, stop and change comes at
    the end of the iteration under way. UnknownRun, Refused, InvalidSettings and StoreError carry sentences.
    """

    def __init__(self, store: Store, max_concurrent: int | None = None) -> None:
        """Claims the store (StoreInUse names the process that has it); runs a dead process left are interrupted."""
        surroundings.check()
        self.store, self.max_concurrent = store, max_concurrent or surroundings.concurrent_from_environment()
        store.claim()
        self.recovered = store.recover()
        self._purge()
        self._queue: deque[str] = deque()
        self._attempts: dict[str, Attempt] = {}
        self._deleting: set[str] = set()
        self._resuming: set[str] = set()
        self._closing = False
        self._changed = threading.Condition(threading.RLock())
        self._dispatcher = threading.Thread(target=self._dispatch, name="engine-dispatcher", daemon=True)
        self._dispatcher.start()

    def submit(self, config: RunConfig, group_id: str | None = None) -> str:
        """Queue a new run; returns its id. A run without a name is called after what it does."""
        devices.check(config.device)
        name = config.name or run_name(config)
        tree = config.model_dump(mode="json")
        kinds = tree["task"]["kind"], tree["algorithm"]["kind"]
        with self._changed:
            self._check_open()
            run_id = self.store.create_run(config.to_json(), name, *kinds, config.seed, group_id)
            self._queue.append(run_id)
            self._changed.notify_all()
        return run_id

    def submit_group(self, config: RunConfig, seeds: Iterable[int]) -> list[str]:
        """One run for each seed, all of one group; returns their ids."""
        configs = [RunConfig.from_object(config.model_dump(mode="json") | {"seed": seed}) for seed in seeds]
        if not 1 <= len(configs) <= MAX_GROUP:
            raise Refused(f"{len(configs)} seeds were given; 1 to {MAX_GROUP} make a group")
        group_id = os.urandom(6).hex()
        return [self.submit(each, group_id) for each in configs]

    def pause(self, run_id: str) -> None:
        """Checkpoint at the end of the iteration and let the thread end; resume goes on bit for bit."""
        self._halt(run_id, "pause", "paused", "Paused before it began. Resume puts it back into the queue.")

    def stop(self, run_id: str) -> None:
        """End the run at the end of the iteration. It keeps a checkpoint, so resume can take it up all the same."""
        self._halt(run_id, "stop", "stopped", "Stopped before it began.")

    def _halt(self, run_id: str, signal: Any, state: str, message: str) -> None:
        with self._changed:
            attempt = self._attempts.get(run_id)
            if attempt is not None:
                self._resuming.discard(run_id)
                attempt.ask(signal)
                return
            if run_id in self._queue:
                self.store.set_state(run_id, state, message)
                self._queue.remove(run_id)  # only now: if that failed, the run still waits for its turn
                return
            run = self._existing(run_id)
            if run.state == "paused" and state == "stopped":
                self.store.set_state(run_id, "stopped", f"Stopped after iteration {run.iteration:,}.")
            elif run.state != state:
                raise Refused(f"This run is {run.state}; only one that is queued or training can be {state}")

    def resume(self, run_id: str) -> None:
        """Queue a paused, stopped, interrupted or failed run again; it goes on from its newest good checkpoint."""
        with self._changed:
            self._check_open()
            if run_id in self._attempts:
                if not self._attempts[run_id].asked:
                    raise Refused(self._attempts[run_id].notice or "This run is training already")
                self._resuming.add(run_id)  # pausing or stopping just now: it is queued again once it has
            elif run_id not in self._queue:
                self._requeue(run_id)

    def delete(self, run_id: str) -> None:
        """Hide a run; one that trains is stopped first. `undelete` brings it back for a week."""
        with self._changed:
            if run_id in self._attempts:
                self._deleting.add(run_id)
                self._attempts[run_id].ask("stop")
                return
            if run_id in self._queue:
                self.stop(run_id)
            self._existing(run_id)
            self.store.delete_run(run_id)

    def undelete(self, run_id: str) -> None:
        with self._changed:
            self._deleting.discard(run_id)
            self.store.undelete_run(run_id)

    def change(self, run_id: str, wanted: changes.Changes) -> None:
        """Give live settings other values from the next iteration on: {"algorithm.learning_rate": 1e-4}."""
        self._steer(run_id, wanted, None)

    def go_back(self, run_id: str, wanted: changes.Changes | None = None) -> None:
        """Like change, and the policy is again that of the best checkpoint. See engine.going_back."""
        self._existing(run_id)
        self._steer(run_id, wanted or {}, going_back.reachable(self.store, run_id).step)

    def _steer(self, run_id: str, wanted: changes.Changes, back_to: int | None) -> None:
        with self._changed:
            attempt = self._attempts.get(run_id)
            if attempt is not None and attempt.change(wanted, back_to):
                return
            run = self._existing(run_id)
            if run.state == "finished":
                raise Refused("This run is finished; its settings cannot change any more")
            step = run.iteration + 1
            if wanted or back_to is None:
                before = changes.config_at(RunConfig.from_object(run.config), self.store.events(run_id), step)
                after = changes.changed(before, wanted)
                self.store.add_event(run_id, step, "change", changes.payload(before, after, wanted))
            if back_to is not None:
                self.store.add_event(run_id, step, going_back.KIND, going_back.payload(back_to))

    def settings(self, run_id: str) -> RunConfig:
        """The run's settings as they stand now, with every change that was made while it trained."""
        with self._changed:
            if run_id in self._attempts:
                return self._attempts[run_id].current
        run = self.store.get_run(run_id)
        return changes.config_at(RunConfig.from_object(run.config), self.store.events(run_id), run.iteration + 1)

    def status(self) -> dict[str, Any]:
        """What is going on: counts, the device, and for each run that trains how long it has been quiet (s)."""
        now = time.monotonic()
        with self._changed:
            training = {
                run_id: {"iteration": attempt.iteration, "quiet_s": now - attempt.beat, "notice": attempt.notice}
                for run_id, attempt in self._attempts.items()
            }
            return {
                "running": len(self._attempts),
                "queued": len(self._queue),
                "max_concurrent": self.max_concurrent,
                "device": devices.available()[0].upper(),
                "pid": os.getpid(),
                "training": training,
            }

    def wait(self, run_id: str, timeout: float | None = None) -> bool:
        """Wait until the run neither waits nor trains; False if it still does after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: run_id not in self._attempts and run_id not in self._queue, timeout=timeout
            )

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Let every run checkpoint and end, within `timeout` seconds, and close the store. Twice is once.

        A run whose iteration takes longer is interrupted as it stands: it goes on from its last checkpoint.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            if self._closing:
                return
            self._closing = True
            waiting, attempts = list(self._queue), list(self._attempts.values())
            self._queue.clear()
            for attempt in attempts:
                attempt.ask("shutdown")
            self._changed.notify_all()
        for run_id in waiting:
            with suppress(StoreError):
                self.store.set_state(run_id, "interrupted", "Uphill was closed before this run's turn came.")
        for attempt in attempts:
            attempt.thread.join(max(0.0, deadline - time.monotonic()))
            if attempt.thread.is_alive():
                attempt.abandon()
        self._dispatcher.join(1.0)
        self.store.close()

    # The queue

    def _existing(self, run_id: str) -> RunRecord:
        run = self.store.get_run(run_id)
        if run.deleted_at is not None:
            raise UnknownRun(f"Run {run_id} was deleted")
        return run

    def _check_open(self) -> None:
        if self._closing:
            raise Refused("Uphill is closing; start it again to train")

    def _requeue(self, run_id: str) -> None:
        run = self._existing(run_id)
        if run.state not in RESUMABLE:
            raise Refused(f"This run is {run.state}; only one that is {', '.join(RESUMABLE)} can be resumed")
        self.store.set_state(run_id, "queued")
        self._queue.append(run_id)
        self._changed.notify_all()

    def _dispatch(self) -> None:
        """Start what may start; once a second, look for threads that died without a word."""
        with suppress(Exception):  # where this fails, a run says why
            devices.prepare_threads()
        while not self._closing:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._may_start(), timeout=LOOK_SECONDS)
                if self._may_start() and not self._closing:
                    self._start(self._queue.popleft())
                for attempt in list(self._attempts.values()):
                    if attempt.thread.ident is not None and not attempt.thread.is_alive():
                        attempt.fail(RuntimeError("the training thread ended without saying why"))
                        self._ended(attempt)

    def _may_start(self) -> bool:
        return bool(self._queue) and len(self._attempts) < self.max_concurrent

    def _start(self, run_id: str) -> None:
        try:
            attempt = Attempt(self.store, run_id, self._ended)
        except (StoreFull, StoreBusy):
            self._queue.appendleft(run_id)  # tried again at the next look
            self._changed.wait(LOOK_SECONDS)
            return
        except Exception as error:
            LOG.exception("run %s could not start", run_id)
            with suppress(StoreError):
                self.store.set_state(run_id, "failed", failures.sentence(error), failures.details(error))
            return
        self._attempts[run_id] = attempt
        attempt.thread.start()

    def _ended(self, attempt: Attempt) -> None:
        with self._changed:
            if self._attempts.get(attempt.run_id) is attempt:
                del self._attempts[attempt.run_id]
            if attempt.run_id in self._deleting:
                self._deleting.discard(attempt.run_id)
                with suppress(StoreError):
                    self.store.delete_run(attempt.run_id)
            elif attempt.run_id in self._resuming and not self._closing:
                with suppress(StoreError, Refused):  # it finished instead
                    self._requeue(attempt.run_id)
            self._resuming.discard(attempt.run_id)
            self._changed.notify_all()

    def _purge(self) -> None:
        """Remove for good what was deleted a week ago."""
        for run_id in self.store.purge(UNDO_SECONDS):
            shutil.rmtree(checkpoint_directory(self.store, run_id), ignore_errors=True)


# The one engine of this process. It hangs on a module of its own without a file, so that whatever reloads or drops
# the modules of this project (Streamlit does, when they are edited) does not make a second one.


def _holder() -> Any:
    return sys.modules.setdefault("_uphill_engine_holder", types.ModuleType("_uphill_engine_holder"))


def hold(engine: Engine | None) -> None:
    """Make this the engine that `current` returns."""
    _holder().engine = engine


def current() -> Engine:
    """The engine of this process. Raises Refused while there is none."""
    engine = getattr(_holder(), "engine", None)
    if engine is None:
        raise Refused("The engine is not running; start the app with `make run`")
    return engine
