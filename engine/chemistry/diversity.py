"""A diversity filter: once enough good molecules share a scaffold, more of it earns nothing, so that a run moves on.

Identical Murcko scaffolds with buckets, as in REINVENT (Blaschke et al. 2020, J. Cheminform. 12:68).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

BUCKET = 25  # good molecules of one scaffold before it is full
LEAST_SCORE = 0.4  # what counts as good


@dataclass(frozen=True)
class Shelf:
    """How many different good molecules of each scaffold there are; seen: those molecules."""

    counts: dict[str, int]
    seen: frozenset[str]

    def state_dict(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "seen": sorted(self.seen)}


EMPTY = Shelf({}, frozenset())


def restored(state: dict[str, Any]) -> Shelf:
    return Shelf(dict(state["counts"]), frozenset(state["seen"]))


def filtered(
    shelf: Shelf,
    molecules: Sequence[tuple[str, str, float]],
    bucket: int = BUCKET,
    least_score: float = LEAST_SCORE,
) -> tuple[Shelf, list[float]]:
    """(the shelf after these molecules, what each then earns); a molecule is (canonical SMILES, scaffold, score).

    A good molecule goes into its scaffold's bucket the first time it comes. It earns its score while there was room, as
    does one that lies there already until the bucket is full; in a full bucket good molecules earn 0. What is not good
    earns its score always. NaN stays NaN. Molecules without rings share one bucket.
    """
    counts, seen, earned = dict(shelf.counts), set(shelf.seen), []
    for smiles, scaffold, score in molecules:
        good = math.isfinite(score) and score >= least_score
        full = counts.get(scaffold, 0) >= bucket
        earned.append(0.0 if good and full else score)
        if good and smiles not in seen:
            seen.add(smiles)
            counts[scaffold] = counts.get(scaffold, 0) + 1
    return replace(shelf, counts=counts, seen=frozenset(seen)), earned
