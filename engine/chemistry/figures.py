"""What METRICS tells of molecules: of a batch, and of the run so far; NaN where there is nothing to divide by."""

import math
from collections.abc import Sequence

from engine.chemistry.memory import Memory
from engine.chemistry.prior import Prior
from engine.chemistry.rewards import Objective
from engine.chemistry.scoring import Scored


def of_batch(drawn: Sequence[Scored], scored: Sequence[Scored], objective: Objective, prior: Prior) -> dict[str, float]:
    """Shares and means of all that were drawn, and the mean score of those of them that were scored."""
    valid = [item for item in drawn if item.valid]
    unique = {str(item.canonical) for item in valid}
    scores = [score for item in scored if item.valid and math.isfinite(score := objective.score(item.values))]
    return {
        "valid": len(valid) / max(1, sum(not item.broken for item in drawn)),
        "unique": _share(len(unique), len(valid)),
        "new": _share(sum(not prior.knows(smiles) for smiles in unique), len(unique)),
        "score_mean": _share(sum(scores), len(scores)),
        "molecule_size": _share(sum(item.heavy_atoms for item in valid), len(valid)),
    }


def lowered(scored: Sequence[Scored], shares: Sequence[float]) -> float:
    """The share of the valid molecules that earn less than their score, of which each earns this share."""
    valid = [share for item, share in zip(scored, shares, strict=True) if item.valid]
    return _share(sum(share < 1 for share in valid), len(valid))


def firsts(scored: Sequence[Scored]) -> list[bool]:
    """Whether each is the first of its molecule among them; what is no molecule is."""
    first: dict[str, int] = {}
    for place, item in enumerate(scored):
        if item.canonical is not None:
            first.setdefault(item.canonical, place)
    return [item.canonical is None or first[item.canonical] == place for place, item in enumerate(scored)]


def so_far(memory: Memory) -> dict[str, float]:
    """The run's figures so far."""
    return {
        "score_best": memory.best[-1].score if memory.best else math.nan,
        "scaffolds": float(len(memory.scaffolds)),
        "oracle_calls": memory.oracle_calls,
        "top10_mean": memory.top10_mean,
        "auc_top10": memory.auc_top10,
    }


def _share(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
