"""A diversity filter: scores that earn less once their like was found often enough, so that a run moves on.

Identical Murcko scaffolds with buckets and a penalty for the same molecule again, as in REINVENT 4 (Loeffler et al.
2024, J. Cheminform. 16:20; Blaschke et al. 2020, J. Cheminform. 12:68).
"""

import math
from collections.abc import Callable, Container, Sequence
from typing import Any

from engine.settings import Settings, setting

Molecule = tuple[str | None, str, float]  # canonical SMILES (None: no molecule), scaffold, score


class Diversity(Settings):
    """What remains of the score of a molecule whose like was found before; what is told of it stays as it is."""

    bucket_size: int = setting(
        0,
        label="Molecules per scaffold",
        help="How many different good molecules of one ring system earn their score; further ones earn less, and none "
        "of them are replayed. 0: no limit (REINVENT 4: 25).",
        ge=0,
        le=100_000,
        expert=True,
    )
    bucket_min_score: float = setting(
        0.4,
        label="Least score that counts",
        help="A molecule is good, and takes a place of its scaffold, from this score on.",
        ge=0.0,
        le=1.0,
        expert=True,
    )
    bucket_multiplier: float = setting(
        0.0,
        label="What a full scaffold earns",
        help="The score of a good molecule is multiplied by this once its scaffold has no place left.",
        ge=0.0,
        le=1.0,
        expert=True,
    )
    repeat_multiplier: float = setting(
        1.0,
        label="What a repetition earns",
        help="The score of a molecule that the run made before is multiplied by this. 1: no penalty (REINVENT 4: 0.5).",
        ge=0.0,
        le=1.0,
        expert=True,
    )
    known_multiplier: float = setting(
        1.0,
        label="What a taught molecule earns",
        help="The score of a molecule that the prior was taught is multiplied by this. 1: no penalty; 0: only new "
        "molecules earn anything.",
        ge=0.0,
        le=1.0,
        expert=True,
    )

    @property
    def lowers(self) -> bool:
        """Whether any molecule may earn less than its score."""
        return self.bucket_size > 0 or self.repeat_multiplier < 1 or self.known_multiplier < 1


class Shelf:
    """The buckets: which good molecules of each scaffold a run has found."""

    def __init__(self, settings: Diversity):
        self.settings = settings
        self._scaffold: dict[str, str] = {}  # of each good molecule
        self.counts: dict[str, int] = {}

    def shares(self, batch: Sequence[Molecule], seen: Container[str], taught: Callable[[str], bool]) -> list[float]:
        """What part of its score each molecule earns, 0..1; good ones are put into their buckets, one after another.

        seen: canonical SMILES of earlier batches. The places of a scaffold are taken by different molecules, and one
        in a full bucket earns less even if it has a place there. Molecules without rings share one bucket.
        """
        shares, earlier = [], set[str]()
        for smiles, scaffold, score in batch:
            if smiles is None or math.isnan(score):
                shares.append(1.0)
                continue
            share = self._placed(smiles, scaffold, score)
            if smiles in seen or smiles in earlier:
                share *= self.settings.repeat_multiplier
            if self.settings.known_multiplier < 1 and taught(smiles):
                share *= self.settings.known_multiplier
            earlier.add(smiles)
            shares.append(share)
        return shares

    def _placed(self, smiles: str, scaffold: str, score: float) -> float:
        if self.settings.bucket_size == 0 or score < self.settings.bucket_min_score:
            return 1.0
        full = self._full(scaffold)
        if smiles not in self._scaffold:
            self._scaffold[smiles] = scaffold
            self.counts[scaffold] = self.counts.get(scaffold, 0) + 1
        return self.settings.bucket_multiplier if full else 1.0

    def _full(self, scaffold: str) -> bool:
        return self.counts.get(scaffold, 0) >= self.settings.bucket_size

    def spent(self, smiles: str) -> bool:
        """Whether this good molecule's scaffold has no place left."""
        return smiles in self._scaffold and self._full(self._scaffold[smiles])

    def state_dict(self) -> dict[str, Any]:
        return {"molecules": "\n".join(self._scaffold), "scaffolds": "\n".join(self._scaffold.values())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        molecules = state["molecules"].split("\n") if state["molecules"] else []
        self._scaffold = dict(zip(molecules, state["scaffolds"].split("\n"), strict=bool(molecules)))
        self.counts = {}
        for scaffold in self._scaffold.values():
            self.counts[scaffold] = self.counts.get(scaffold, 0) + 1
