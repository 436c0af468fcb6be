"""Scores of SMILES strings from worker processes, remembered: no molecule is parsed in the asker's process."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from engine.chemistry.checking import refusal
from engine.chemistry.workers import Workers

REMEMBERED = 50_000


@dataclass(frozen=True)
class Scored:
    """What is known of one string. canonical is None where it stands for no molecule (or none that could be told).

    values holds raw values by component name, NaN where one could not be computed; reason says why not. Values and
    scaffold are of what was scored, not only read. broken: the scoring failed (a hang, a crash), which says nothing
    about the molecule.
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
        return self.canonical is not None and not self.broken


@dataclass(frozen=True)
class Drawn:
    """A molecule's pictures (SVG) and the values its card tells; empty where it could not be drawn."""

    svg: str = ""
    svg_dark: str = ""
    values: dict[str, float] = field(default_factory=dict)


class Scorer:
    """Answers an objective's questions (Objective.questions) of strings; owned by one thread, and to be closed.

    Strings are read first, and only molecules that are new by their canonical SMILES are scored: equivalent strings
    are scored once and get the same score.
    """

    def __init__(self, questions: Mapping[str, str], workers: int = 2, timeout: float = 3.0):
        self._workers = Workers(workers, questions, timeout)
        self._read: OrderedDict[str, Scored] = OrderedDict()
        self._values: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._pictures: OrderedDict[str, Drawn] = OrderedDict()

    def score(self, smiles: Sequence[str]) -> list[Scored]:
        """One Scored per string, in order. Raises WorkersUnavailable."""
        read = self.read(smiles)
        molecules = list(dict.fromkeys(item.canonical for item in read if item.canonical is not None))
        asked = [canonical for canonical in molecules if canonical not in self._values]
        self._values.update(zip(asked, self._workers.answer("score", asked), strict=True))
        for canonical in molecules:
            self._values.move_to_end(canonical)
        result = [_with(item, self._values.get(item.canonical or "", {})) for item in read]
        _forget(self._values)
        return result

    def read(self, smiles: Sequence[str]) -> list[Scored]:
        """The strings as molecules, without values."""
        asked = []
        for text in dict.fromkeys(smiles):
            if text in self._read:
                self._read.move_to_end(text)
            elif reason := refusal(text):
                self._read[text] = Scored(text, None, reason=reason)
            else:
                asked.append(text)
        for text, answer in zip(asked, self._workers.answer("read", asked), strict=True):
            failed = "failure" in answer
            self._read[text] = (
                Scored(text, None, reason=answer["failure"], broken=True) if failed else Scored(text, **answer)
            )
        result = [self._read[text] for text in smiles]
        _forget(self._read)
        return result

    def rewrite(self, smiles: Sequence[str], seeds: Sequence[int]) -> list[str]:
        """Another string of each molecule, from an atom that the seed chooses; the same where that fails."""
        items = [f"{seed} {text}" for seed, text in zip(seeds, smiles, strict=True)]
        answers = self._workers.answer("rewrite", items)
        return [answer.get("written", text) for answer, text in zip(answers, smiles, strict=True)]

    def surroundings(self, molecules: Sequence[str]) -> list[list[int]]:
        """Of each molecule the surroundings of its atoms (predictors.features.keys); none where that fails."""
        return [answer.get("keys", []) for answer in self._workers.answer("surroundings", molecules)]

    def draw(self, smiles: Sequence[str]) -> list[Drawn]:
        """One Drawn per string, in order. Raises WorkersUnavailable."""
        asked = [text for text in dict.fromkeys(smiles) if text not in self._pictures and not refusal(text)]
        for text, answer in zip(asked, self._workers.answer("draw", asked), strict=True):
            self._pictures[text] = Drawn(
                answer.get("svg") or "", answer.get("svg_dark") or "", answer.get("values", {})
            )
        result = [self._pictures.get(text, Drawn()) for text in smiles]
        _forget(self._pictures, 256)
        return result

    def close(self) -> None:
        self._workers.close()


def _with(item: Scored, answer: Mapping[str, Any]) -> Scored:
    """A molecule with its values; broken where the scoring failed."""
    if "failure" in answer:
        return replace(item, reason=answer["failure"], broken=True)
    return replace(item, **answer) if answer else item


def _forget(known: OrderedDict[str, Any], keep: int = REMEMBERED) -> None:
    """All but the last used."""
    while len(known) > keep:
        known.popitem(last=False)


@lru_cache(maxsize=256)
def why_no_molecule(smiles: str) -> str | None:
    """Why this text stands for no molecule, as half a sentence; None when it does. Takes a worker of its own."""
    scorer = Scorer({}, workers=1)
    try:
        return scorer.score([smiles])[0].reason
    finally:
        scorer.close()


@lru_cache(maxsize=256)
def why_not_asked(questions: tuple[str, ...]) -> tuple[str | None, ...]:
    """For each question (components.question) why it cannot be asked, as a sentence that begins with a parameter's
    name; None when it can. Takes a worker of its own."""
    workers = Workers(1, {}, timeout=3.0)
    try:
        return tuple(answer.get("failure", answer.get("reason")) for answer in workers.answer("check", questions))
    finally:
        workers.close()
