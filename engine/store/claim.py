"""Who owns a store: one engine at a time, by a file lock beside it that dies with its process."""

import threading
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from engine.store.records import StoreError, StoreInUse

PROBE_SECONDS = 1.0  # how long an answer about the owner is good for
CLAIM_SECONDS = 1.0  # a reader that probes holds the lock for an instant: wait it out


class Claim:
    """The lock on the store at `path`. Files: <store>.lock, and <store>.lock.pid with the owner's process id.

    The operating system drops the lock when the process ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._pid_path = Path(f"{path}.lock.pid")
        self._mutex = threading.Lock()
        self._probed_at = -PROBE_SECONDS
        self._alive = False

    @property
    def held(self) -> bool:
        return self._lock.is_locked

    def take(self, pid: int) -> None:
        """Become the owner. Raises StoreInUse with the owner's process id if there is one already."""
        with self._mutex:
            if self.held:
                raise StoreInUse(f"The store {self.path} is already in use by this process ({pid})", pid)
            try:
                self._lock.acquire(timeout=CLAIM_SECONDS)
            except Timeout:
                owner = self.owner_pid()
                who = f"process {owner}" if owner else "another process"
                message = f"The store {self.path} is in use by {who}; stop it or choose another store"
                raise StoreInUse(message, owner) from None
            except OSError as error:
                raise StoreError(f"The store {self.path} cannot be locked: {error}") from error
            self._pid_path.write_text(f"{pid}\n")

    def release(self) -> None:
        with self._mutex:
            if self.held:
                self._pid_path.unlink(missing_ok=True)
                self._lock.release()

    def owner_pid(self) -> int | None:
        """The process id that the owner wrote down, None if there is none to read."""
        with suppress(OSError, ValueError):
            return int(self._pid_path.read_text())
        return None

    def owner_alive(self) -> bool:
        """Is there an engine on this store, in this process or another? At most PROBE_SECONDS old."""
        with self._mutex:
            if self.held:
                return True
            if time.monotonic() - self._probed_at >= PROBE_SECONDS:
                self._alive = self._probe()
                self._probed_at = time.monotonic()
            return self._alive

    def _probe(self) -> bool:
        if not Path(f"{self.path}.lock").exists():
            return False
        probe = FileLock(f"{self.path}.lock", thread_local=False)
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False  # a store on a read-only disk has no engine
        probe.release()
        return False
