"""What a run that died tells its user: one sentence for each kind of exception, with figures and what to try."""

import errno
import re
import traceback

from engine.environments.failure import EnvironmentFailed
from engine.settings import InvalidSettings
from engine.store import StoreBusy, StoreFull

FULL = (errno.ENOSPC, errno.EDQUOT)
SHOWN_CHARACTERS = 200
ASKED = re.compile(r"allocate (?:memory: you tried to allocate )?([\d.,]+) ?(bytes|[KMGTP]i?B)", re.IGNORECASE)
ENVIRONMENT_CODE = ("gymnasium", "Box2D", "mujoco", "engine.environments", "engine.gridworlds")  # packages


def sentence(error: BaseException) -> str:
    """What happened and what to try, in words for somebody who didn't write the program."""
    if isinstance(error, InvalidSettings):
        return "; ".join(error.problems)
    if out_of_memory(error):
        return f"Out of memory{_asked(error)}. Try a smaller batch, fewer environments or a smaller network."
    if disk_full(error):
        return "The disk is full. Free some space and resume the run; everything recorded so far is kept."
    if isinstance(error, EnvironmentFailed):
        return f"{_first_line(error)}."
    if isinstance(error, FloatingPointError):
        line = _first_line(error)
        return f"The numbers ran away: {line}{'' if 'learning rate' in line else '; try a smaller learning rate'}."
    if isinstance(error, ImportError):
        return f"A package this task needs is not installed: {_first_line(error)}."
    if isinstance(error, RuntimeError) and "CUDA" in str(error):
        return f"The graphics card reported an error: {_first_line(error)}. Try again with device cpu."
    if isinstance(error, PermissionError):
        return f"Uphill may not write to {error.filename}. Check the folder's permissions and resume the run."
    if from_environment(error):
        return f"The environment raised {type(error).__name__}: {_first_line(error)}."
    return f"Training ended on an error nobody foresaw, {type(error).__name__}: {_first_line(error)}."


def details(error: BaseException) -> str:
    """The full traceback, for whoever mends it."""
    return "".join(traceback.format_exception(error))


def out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, said by numpy (MemoryError) or torch, perhaps wrapped in another exception.

    torch raises a RuntimeError of its allocator on the CPU, on CUDA an error of its own.
    """
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        if "DefaultCPUAllocator" in str(error):
            return True
        error = error.__cause__
    return False


def disk_full(error: BaseException | None) -> bool:
    """Whether no space was left, said by the file system or by the store, perhaps wrapped in another exception."""
    while error is not None:
        if isinstance(error, StoreFull) or (isinstance(error, OSError) and error.errno in FULL):
            return True
        error = error.__cause__
    return False


def held_up(error: BaseException) -> str | None:
    """Why a run waits for the store, where waiting helps."""
    if disk_full(error):
        return (
            "The disk is full, so the run waits. Free some space and it goes on by itself; nothing recorded is harmed."
        )
    if isinstance(error, StoreBusy):
        return f"{error}, so the run waits. It goes on by itself; nothing recorded is harmed."
    return None


def from_environment(error: BaseException) -> bool:
    """Whether the exception rose in an environment's own code, by the modules of its traceback's last frames."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(f"{module}.".startswith(f"{package}.") for module in modules[-4:] for package in ENVIRONMENT_CODE)


def _asked(error: BaseException) -> str:
    found = ASKED.search(str(error))
    if not found:
        return ""
    number, unit = found.groups()
    if unit.lower() == "bytes":
        return f": {int(number.replace(',', '')) / 2**30:,.1f} GiB were asked for at once"
    return f": {number.rstrip('.')} {unit} were asked for at once"


def _first_line(error: BaseException) -> str:
    line = next(iter(str(error).strip().splitlines()), "no message")
    return line[:SHOWN_CHARACTERS].rstrip(".")
