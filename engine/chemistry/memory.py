"""What a run has found so far: every molecule scored, the best of them, and how early the best were good."""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping
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

    def __init__(self, retires: bool = False, most_replays: int = 0) -> None:
        """retires: some of the best may come to earn nothing more, so those that still do are kept on their own.
        most_replays: as those do that were replayed so many times; 0: none."""
        self.most_replays = most_replays
        self.counts: dict[str, int] = {}
        self.scaffolds: dict[str, None] = {}
        self.scores: list[float] = []  # of each molecule, in the order in which they came
        self.best: list[Found] = []  # rising
        self.earning = [] if retires or most_replays else self.best  # rising, without those that retired
        self.replays: dict[str, int] = {}  # of those that earn, how often they were replayed
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
        found = Found(score, smiles, tuple(values.items()), step, tuple(tokens), reward)
        _keep(self.best, found)
        if self.earning is not self.best:
            _keep(self.earning, found)
        self._area += self.top10_mean

    def retire(self, spent: Callable[[str], bool]) -> None:
        """Those of the best whose canonical SMILES is spent are no longer among those that earn."""
        if self.earning is not self.best:
            self.earning = [found for found in self.earning if not spent(found.smiles)]

    def forget_earning(self) -> None:
        """None of those found so far is learned from any more; they stay known and among the best."""
        self.earning, self.replays = [], {}

    def count_replays(self, replayed: Iterable[Found]) -> None:
        """These were learned from once more; those that were often enough are no longer among those that earn."""
        if self.most_replays == 0:
            return
        for found in replayed:
            self.replays[found.smiles] = self.replays.get(found.smiles, 0) + 1
        self.retire(lambda smiles: self.replays.get(smiles, 0) >= self.most_replays)
        self.replays = {found.smiles: self.replays.get(found.smiles, 0) for found in self.earning}

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
            "best": [_plain(found) for found in self.best],
            "earning": None if self.earning is self.best else [_plain(found) for found in self.earning],
            "replays": [[smiles, times] for smiles, times in self.replays.items()],
            "area": self._area,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        molecules = state["molecules"].split("\n") if state["molecules"] else []
        self.counts = dict(zip(molecules, state["counts"].tolist(), strict=True))
        self.scaffolds = dict.fromkeys(state["scaffolds"].split("\n") if state["scaffolds"] else [])
        self.scores = state["scores"].tolist()
        self.best = [_found(item) for item in state["best"]]
        earning = state.get("earning")
        self.earning = self.best if earning is None else [_found(item) for item in earning]
        self.replays = {smiles: times for smiles, times in state.get("replays", [])}
        self._area = state["area"]


def _keep(best: list[Found], found: Found) -> None:
    """Put it where it belongs, if it is one of the KEPT best."""
    if len(best) < KEPT or found.score > best[0].score:
        insort(best, found)
        del best[:-KEPT]


def _plain(found: Found) -> list[Any]:
    """As a checkpoint holds it."""
    values = [list(value) for value in found.values]
    return [found.score, found.smiles, values, found.step, list(found.tokens), found.reward]


def _found(plain: list[Any]) -> Found:
    score, smiles, values, step, tokens, reward = plain
    return Found(score, smiles, tuple((name, value) for name, value in values), step, tuple(tokens), reward)
