"""What a run leaves behind for playing it back: now and then a batch's molecules and the best so far."""

import math
from collections.abc import Sequence
from typing import Any

from engine.chemistry.memory import Found

DENSE = 48  # iterations from which on only every second one is kept; from twice that many every fourth, and so on
FIRST, BATCH, BEST = (
    192,
    64,
    12,
)  # molecules of the first batch (the untrained generator's), of a later one, of the best
KEPT = 1000  # moments of a run at most, which 10^14 iterations do not reach


def due(step: int) -> bool:
    """Whether iteration `step` (1, 2, ...) is kept: the first DENSE all, then about DENSE / 2 per doubling."""
    stride = 1
    while step > DENSE * stride:
        stride *= 2
    return (step - 1) % stride == 0


def moment(step: int, batch: Sequence[tuple[str, float]], best: Sequence[Found]) -> dict[str, Any]:
    """An iteration as it is kept: (canonical SMILES, score) of valid samples, and the best so far, the best first."""
    shown = FIRST if step == 1 else BATCH
    return {
        "step": step,
        "batch": [[smiles, round(score, 4)] for smiles, score in batch[:shown]],
        "best": [told(found) for found in best[:BEST]],
    }


def told(found: Found) -> dict[str, Any]:
    """One of the best, as JSON."""
    return {
        "smiles": found.smiles,
        "score": round(found.score, 4),
        "values": {name: round(value, 4) for name, value in found.values if math.isfinite(value)},
        "step": found.step,
    }
