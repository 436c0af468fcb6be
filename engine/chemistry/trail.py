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


def moment(step: int, batch: Sequence[Found], best: Sequence[Found]) -> dict[str, Any]:
    """An iteration as it is kept: some of its valid samples, and the best so far, the best first."""
    shown = FIRST if step == 1 else BATCH
    return {"step": step, "batch": [told(found) for found in batch[:shown]], "best": [told(f) for f in best[:BEST]]}


def told(found: Found) -> dict[str, Any]:
    """A molecule with its score and raw values, as JSON; what could not be computed is left out."""
    return {
        "smiles": found.smiles,
        "score": round(found.score, 4) if math.isfinite(found.score) else None,
        "values": {name: round(value, 4) for name, value in found.values if math.isfinite(value)},
        "step": found.step,
    }
