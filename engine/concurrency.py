"""How many runs train at a time, as the environment variable UPHILL_CONCURRENT says."""

import os

from engine.refused import Refused

MAX_CONCURRENT = 64


def concurrent_from_environment() -> int:
    """UPHILL_CONCURRENT, 1 unless it is set. Raises Refused."""
    text = os.environ.get("UPHILL_CONCURRENT", "1")
    if not text.isdecimal() or not 1 <= int(text) <= MAX_CONCURRENT:
        raise Refused(f"UPHILL_CONCURRENT is {text[:40]!r}; it must be a whole number from 1 to {MAX_CONCURRENT}")
    return int(text)
