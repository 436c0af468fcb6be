"""Scores of SMILES strings from worker processes, remembered: no molecule is parsed in the asker's process."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from engine.chemistry.checking import refusal
from engine.chemistry.workers import Workers

REMEMBERED = 50_000


@dataclass(frozen=True)
class Scored:
    """What is known of one string. canonical is None where it stands for no molecule (or none that could be told).

    values holds raw property values, NaN where one could not be computed; reason says why not. broken: the scoring
    failed (a hang, a crash), which says nothing about the molecule.
    """

    smiles: str
    canonical: str | None
    values: dict[str, float] = field(default_factory=dict)
    reason: str | None = None
    broken: bool = False
    scaffold: str = ""
    heavy_atoms: int = 0

    @property
    def valid(self) -> bool:
        return self.canonical is not None


@dataclass(frozen=True)
class Drawn:
    """A molecule's pictures (SVG) and the values its card tells; empty where it could not be drawn."""

    svg: str = ""
    svg_dark: str = ""
    values: dict[str, float] = field(default_factory=dict)


class Scorer:
    """Scores strings by some properties; owned by one thread, and to be closed."""

    def __init__(self, properties: Sequence[str], reference: str | None = None, workers: int = 2, timeout: float = 3.0):
        self._request = {"properties": list(properties), "reference": reference}
        self._workers = Workers(workers, properties, timeout)
        self._known: OrderedDict[str, Scored] = OrderedDict()
        self._pictures: OrderedDict[str, Drawn] = OrderedDict()

    def score(self, smiles: Sequence[str]) -> list[Scored]:
        """One Scored per string, in order. Raises WorkersUnavailable."""
        asked = []
        for text in dict.fromkeys(smiles):
            if text in self._known:
                self._known.move_to_end(text)
            elif reason := refusal(text):
                self._known[text] = Scored(text, None, reason=reason)
            else:
                asked.append(text)
        for text, answer in zip(asked, self._workers.answer({**self._request, "work": "score"}, asked), strict=True):
            if "failure" in answer:
                self._known[text] = Scored(text, None, reason=answer["failure"], broken=True)
            else:
                self._known[text] = Scored(text, **answer)
        result = [self._known[text] for text in smiles]
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return result

    def draw(self, smiles: Sequence[str]) -> list[Drawn]:
        """One Drawn per string, in order. Raises WorkersUnavailable."""
        asked = [text for text in dict.fromkeys(smiles) if text not in self._pictures and not refusal(text)]
        for text, answer in zip(asked, self._workers.answer({**self._request, "work": "draw"}, asked), strict=True):
            self._pictures[text] = Drawn(
                answer.get("svg") or "", answer.get("svg_dark") or "", answer.get("values", {})
            )
        result = [self._pictures.get(text, Drawn()) for text in smiles]
        while len(self._pictures) > 256:
            self._pictures.popitem(last=False)
        return result

    def close(self) -> None:
        self._workers.close()


@lru_cache(maxsize=256)
def why_no_molecule(smiles: str) -> str | None:
    """Why this text stands for no molecule, as half a sentence; None when it does. Takes a worker of its own."""
    scorer = Scorer([], workers=1)
    try:
        return scorer.score([smiles])[0].reason
    finally:
        scorer.close()
