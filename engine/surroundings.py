"""What environment variables say about where and how runs train. Wrong values are Refused, with what is allowed."""

import os

from engine.refused import Refused

MOST_CONCURRENT, MOST_THREADS = 64, 256
PLACES = ("cuda", "mps", "cpu")


def concurrent_from_environment() -> int:
    """UPHILL_CONCURRENT: how many runs train at a time, 1 unless it is set."""
    return _whole("UPHILL_CONCURRENT", MOST_CONCURRENT)


def threads_from_environment() -> int:
    """UPHILL_THREADS: torch's threads within an operation, 1 unless it is set."""
    return _whole("UPHILL_THREADS", MOST_THREADS)


def residents_from_environment() -> list[str]:
    """UPHILL_RESIDENT: the devices on which environments live too where they can, cuda unless it is set."""
    text = os.environ.get("UPHILL_RESIDENT", "cuda")
    names = [] if text == "none" else text.split(",")
    if not set(names) <= set(PLACES):
        raise Refused(
            f"UPHILL_RESIDENT is {text[:40]!r}; it must be none, or some of {', '.join(PLACES)}, separated by commas"
        )
    return names


def check() -> None:
    """Refuse before anything starts what would end the first run."""
    for read in (concurrent_from_environment, threads_from_environment, residents_from_environment):
        read()


def _whole(name: str, most: int) -> int:
    text = os.environ.get(name, "1")
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
        raise Refused(f"{name} is {text[:40]!r}; it must be a whole number from 1 to {most}")
    return int(text)
