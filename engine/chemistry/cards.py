"""Cards: what is shown of a molecule."""

import math
from collections.abc import Mapping, Sequence

from engine.chemistry.memory import Found
from engine.chemistry.rewards import Objective
from engine.chemistry.scoring import Scorer


def cards(found: Sequence[Found], objective: Objective, scorer: Scorer, counts: Mapping[str, int]) -> list[dict]:
    """Pictures, score, each component's share of 0..1, raw values, and how often each molecule came (`counts`)."""
    return [
        {
            "smiles": item.smiles,
            "score": _or_none(item.score),
            "svg": drawn.svg,
            "svg_dark": drawn.svg_dark,
            "components": {name: _or_none(part) for name, part in objective.parts(dict(item.values)).items()},
            "values": {name: _or_none(value) for name, value in (drawn.values | dict(item.values)).items()},
            "count": counts.get(item.smiles, 0),
            "step": item.step,
        }
        for drawn, item in zip(scorer.draw([item.smiles for item in found]), found, strict=True)
    ]


def _or_none(value: float) -> float | None:
    """JSON has no NaN."""
    return round(value, 4) if math.isfinite(value) else None
