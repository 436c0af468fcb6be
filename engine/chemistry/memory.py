"""What a run has found so far: every molecule scored, the best of them, and how early the best were good."""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

KEPT = 100  # best molecules
TOP = 10


@dataclass(frozen=True, order=True)
class Found:
    """One of the best molecules: its score, canonical SMILES, raw property values, and of the iteration it first came
    in the number, the tokens it was written with, and the reward."""

    score: float
    smiles: str
    values: tuple[tuple[str, float], ...]
    step: int
    tokens: tuple[int, ...] = ()
    reward: float = 0.0


class Memory:
    """Counts molecules by canonical SMILES. An oracle call is a molecule scored for the first time in the run."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.scaffolds: dict[str, None] = {}
        self.scores: list[float] = []  # of each molecule, in the order in which they came
        self.best: list[Found] = []  # rising
        self._area = 0.0

    def add(
        self,
        smiles: str,
        scaffold: str,
        score: float,
        values: Mapping[str, float],
        step: int,
        tokens: Iterable[int] = (),
        reward: float = 0.0,
    ) -> None:
        """Take one scored molecule in."""
        self.counts[smiles] = self.counts.get(smiles, 0) + 1
        if self.counts[smiles] > 1:
            return
        if scaffold:
            self.scaffolds[scaffold] = None
        self.scores.append(score)
        if len(self.best) < KEPT or score > self.best[0].score:
            insort(self.best, Found(score, smiles, tuple(values.items()), step, tuple(tokens), reward))
            del self.best[:-KEPT]
        self._area += self.top10_mean

    @property
    def oracle_calls(self) -> int:
        return len(self.counts)

    @property
    def top10_mean(self) -> float:
        """Mean score of the ten best (of all, while there are fewer); 0 before the first."""
        top = self.best[-TOP:]
        return sum(found.score for found in top) / len(top) if top else 0.0

    @property
    def auc_top10(self) -> float:
        """Mean over all oracle calls so far of the ten best's mean at that call. (Gao et al. 2022, PMO)"""
        return self._area / len(self.counts) if self.counts else 0.0

    def state_dict(self) -> dict[str, Any]:
        return {
            "molecules": "\n".join(self.counts),
            "counts": torch.tensor(list(self.counts.values()), dtype=torch.int64),
            "scaffolds": "\n".join(self.scaffolds),
            "scores": torch.tensor(self.scores, dtype=torch.float64),
            "best": [
                [
                    found.score,
                    found.smiles,
                    [list(v) for v in found.values],
                    found.step,
                    list(found.tokens),
                    found.reward,
                ]
                for found in self.best
            ],
            "area": self._area,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        molecules = state["molecules"].split("\n") if state["molecules"] else []
        self.counts = dict(zip(molecules, state["counts"].tolist(), strict=True))
        self.scaffolds = dict.fromkeys(state["scaffolds"].split("\n") if state["scaffolds"] else [])
        self.scores = state["scores"].tolist()
        self.best = [
            Found(score, smiles, tuple((name, value) for name, value in values), step, tuple(tokens), reward)
            for score, smiles, values, step, tokens, reward in state["best"]
        ]
        self._area = state["area"]
