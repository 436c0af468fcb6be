"""OBJECTIVES: goals ready to pick by name, each with one sentence in plain words."""

import difflib

from engine.chemistry.objectives import everyday, guacamol
from engine.chemistry.objectives.ready import Ready

OBJECTIVES: dict[str, Ready] = everyday.OBJECTIVES | guacamol.OBJECTIVES


def nearest(name: str) -> str:
    """What to say to somebody who named an objective that does not exist."""
    near = difflib.get_close_matches(name[:60].lower(), OBJECTIVES, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}? There are " if near else "it must be one of "
    return f"objective is {name[:60]!a}; {advice}{', '.join(OBJECTIVES)}"


__all__ = ["OBJECTIVES", "Ready", "nearest"]
