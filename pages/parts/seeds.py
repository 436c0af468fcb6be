"""Seeds as a person types them: 1, or 1, 2, 3, or 1-5."""

import re

from engine.settings import InvalidSettings, shown

MAX_SEEDS = 20
MAX_SEED = 2**31 - 1
_PART = re.compile(r"(\d{1,10})(?:\s*-\s*(\d{1,10}))?", re.ASCII)


def read_seeds(typed: str) -> list[int]:
    """The seeds in their order, each once. Raises InvalidSettings."""
    seeds: dict[int, None] = {}
    for part in typed.replace(";", ",").split(","):
        found = _PART.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, -1)
        if not found or not first <= last <= MAX_SEED:
            raise _refused(typed)
        if last - first >= MAX_SEEDS:
            raise InvalidSettings([f"seed is {shown(typed)}; at most {MAX_SEEDS} seeds make a group"])
        seeds |= dict.fromkeys(range(first, last + 1))
    if len(seeds) > MAX_SEEDS:
        raise InvalidSettings([f"seed is {shown(typed)}; at most {MAX_SEEDS} seeds make a group"])
    return list(seeds)


def _refused(typed: str) -> InvalidSettings:
    return InvalidSettings(
        [f"seed is {shown(typed)}; it must be whole numbers between 0 and {MAX_SEED}, as 1 or 1, 2, 3 or 1-5"]
    )
