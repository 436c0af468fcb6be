"""A predictor taught in a process of its own: how far it is, its end, and ending it. One at a time in the whole app."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from engine.chemistry.predictors.apart import REFUSED

ROOT = Path(__file__).parents[2]
NICENESS = 5  # of 19: whoever trains and whoever looks come first
KEPT_WORDS = 4000  # characters of its last words

_lock = threading.Lock()
_current: list["Lesson"] = []  # the one under way, or the last


class Busy(RuntimeError):
    """Another predictor is being taught."""


class Lesson:
    """One process and what it says. `problem` is None until it has failed, then a sentence."""

    def __init__(self, name: str, table: bytes, column: str | None):
        self.name = name
        self.doing, self.share = "Starting", 0.0
        self.problem: str | None = None
        self.cancelled = False
        self._folder = tempfile.TemporaryDirectory(prefix="uphill-table-")
        file = Path(self._folder.name, "table.csv")
        file.write_bytes(table)
        command = [sys.executable, "-m", "engine.chemistry.predictors.apart", name, str(file), *filter(None, [column])]
        self._words = Path(self._folder.name, "words")
        with self._words.open("wb") as words:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,  # so that its workers end with it
            )
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        self._following = threading.Thread(target=self._follow, name="following-a-lesson", daemon=True)
        self._following.start()

    @property
    def under_way(self) -> bool:
        return self._following.is_alive()

    def cancel(self) -> None:
        """End it and its workers; nothing of it is kept, unless it has just ended by itself."""
        if self._process.poll() is not None:
            return
        self.cancelled = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._following.join(timeout=5.0)

    def _follow(self) -> None:
        """Take in what it says until it ends. What a library prints besides tells no progress."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            share, _, doing = line.rstrip("\n").partition("\t")
            with contextlib.suppress(ValueError):
                self.share, self.doing = float(share), doing
        code = self._process.wait()
        self._process.stdout.close()
        if code and not self.cancelled:
            self.problem = why(code, self._words.read_text(errors="replace")[-KEPT_WORDS:])
        self._folder.cleanup()


def why(code: int, words: str) -> str:
    """Why a lesson ended with this exit code and these last words, as a sentence."""
    if code == REFUSED and words.strip():
        return f"{words.strip().splitlines()[-1].rstrip('.')}."
    if code < 0:
        return "Learning was ended from outside, most likely because memory ran out. A smaller table takes less."
    print(words, file=sys.stderr, flush=True)
    return "Learning ended on an error; the app's log has the details. The table may be at fault."


def begin(name: str, table: bytes, column: str | None) -> Lesson:
    """Teach a predictor. Raises Busy."""
    with _lock:
        if _current and _current[0].under_way:
            raise Busy(f"{_current[0].name} is being learned just now; wait for it, or cancel it")
        _current[:] = [Lesson(name, table, column)]
        return _current[0]


def last() -> Lesson | None:
    """The lesson under way, or the last there was."""
    return _current[0] if _current else None


def end() -> None:
    """The program ends: so does what is under way."""
    lesson = last()
    if lesson and lesson.under_way:
        lesson.cancel()
