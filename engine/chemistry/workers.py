"""A few worker processes that take molecules apart: a bad molecule costs one molecule, whatever it does to its worker.

Owned by one thread, which sleeps in select while workers work: the GIL stays free. Workers answer molecule by
molecule, so the one that a silent or dead worker was at is known and all others are kept.
"""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CHUNK = 16  # molecules per request: few enough to share evenly, enough to hide the way there and back
START_SECONDS = 60.0  # a worker that has not said "ready" by then will not
FAILED_STARTS = 3
DEATHS = 2  # a molecule at which this many workers died in turn is to blame; once may be someone's kill
ROOT = Path(__file__).parents[2]


class WorkersUnavailable(RuntimeError):
    """Worker processes can't be started on this machine."""


class _Worker:
    """One process, what it was asked and not yet answered, and when it was last heard of."""

    def __init__(self, questions: Mapping[str, str]):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "engine.chemistry.worker", json.dumps(questions)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, bufsize=0
        )
        self.ready = False
        self.asked: deque[int] = deque()
        self.heard = time.monotonic()
        self._rest = b""

    def fileno(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def ask(self, request: dict[str, Any], items: Sequence[int]) -> None:
        assert self.process.stdin is not None
        self.asked.extend(items)
        self.heard = time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # its end shows when its answers are read
            self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def answers(self) -> list[bytes] | None:
        """Whole lines that have come; None when the process has ended."""
        received = os.read(self.fileno(), 1 << 16)
        if not received:
            return None
        *lines, self._rest = (self._rest + received).split(b"\n")
        self.heard = time.monotonic()
        if lines and not self.ready:
            self.ready = True
            return lines[1:]
        return lines

    def end(self) -> None:
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait()


class Workers:
    """`count` processes and one warm spare that takes the place of the next to fall."""

    def __init__(self, count: int, questions: Mapping[str, str], timeout: float):
        self.timeout, self._questions = timeout, dict(questions)
        self._failed_starts = 0
        self._working = [_Worker(self._questions) for _ in range(count)]
        self._spare = _Worker(self._questions)

    def answer(self, work: str, smiles: Sequence[str]) -> list[dict[str, Any]]:
        """One answer of this work (worker.WORK) per string, in order; {"failure": reason} where the worker hung or
        died at it.

        Raises WorkersUnavailable when no process can be started.
        """
        request = {"work": work, "questions": self._questions, "timeout": self.timeout}
        answers: list[dict[str, Any] | None] = [None] * len(smiles)
        waiting = deque(range(len(smiles)))
        deaths: Counter[int] = Counter()
        try:
            while any(answer is None for answer in answers):
                if not self._working:
                    raise WorkersUnavailable("The processes that score molecules were ended")
                self._hand_out(request, smiles, waiting)
                for worker, lines in self._heard_from():
                    if lines is None:
                        self._died(worker, waiting, answers, deaths)
                    for line in lines or []:
                        answers[worker.asked.popleft()] = json.loads(line)
                for worker in self._silent():
                    self._hung(worker, waiting, answers)
        except BaseException:  # answers still on their way would be taken for those of the next request
            for worker in [worker for worker in self._working if worker.asked]:
                self._replace(worker)
            raise
        return [answer for answer in answers if answer is not None]

    def be_nice(self, niceness: int) -> None:
        """Let these processes come after others when the machine is busy."""
        for worker in [*self._working, self._spare]:
            with contextlib.suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, worker.process.pid, niceness)

    def close(self) -> None:
        for worker in [*self._working, self._spare]:
            worker.end()
        self._working = []

    def _hand_out(self, request: dict[str, Any], smiles: Sequence[str], waiting: deque[int]) -> None:
        for worker in self._working:
            if waiting and worker.ready and not worker.asked:
                items = [waiting.popleft() for _ in range(min(CHUNK, len(waiting)))]
                worker.ask({**request, "items": [smiles[i] for i in items]}, items)

    def _heard_from(self) -> list[tuple[_Worker, list[bytes] | None]]:
        with selectors.DefaultSelector() as selector:
            for worker in self._working:
                selector.register(worker, selectors.EVENT_READ, worker)
            return [(key.data, key.data.answers()) for key, _ in selector.select(timeout=0.25)]

    def _silent(self) -> list[_Worker]:
        now = time.monotonic()
        return [w for w in self._working if w.ready and w.asked and now - w.heard > self.timeout] + [
            w for w in self._working if not w.ready and now - w.heard > START_SECONDS
        ]

    def _died(self, worker: _Worker, waiting: deque[int], answers: list, deaths: Counter[int]) -> None:
        if worker.asked:
            blamed = worker.asked[0]
            deaths[blamed] += 1
            if deaths[blamed] >= DEATHS:
                answers[worker.asked.popleft()] = {"failure": f"{DEATHS} worker processes ended at it"}
        waiting.extend(worker.asked)
        self._replace(worker)

    def _hung(self, worker: _Worker, waiting: deque[int], answers: list) -> None:
        if worker.asked:
            answers[worker.asked.popleft()] = {"failure": f"it took longer than {self.timeout:g} s"}
        waiting.extend(worker.asked)
        self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
        self._failed_starts = 0 if worker.ready else self._failed_starts + 1
        if self._failed_starts >= FAILED_STARTS:
            raise WorkersUnavailable("The processes that score molecules do not start; the log says why")
        worker.end()
        self._working[self._working.index(worker)] = self._spare
        self._spare = _Worker(self._questions)
