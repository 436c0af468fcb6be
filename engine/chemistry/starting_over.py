"""Starting over: a search that finds nothing better begins anew from the prior, and the best so far stay known."""

from bisect import insort
from collections.abc import Iterable
from typing import Any

from engine.chemistry.memory import TOP
from engine.settings import Settings, setting

BETTER = 0.01  # the share by which the ten best must rise to count as better


class Patience(Settings):
    """When a search is given up."""

    patience: int = setting(
        0,
        label="Patience",
        help="After so many molecules in which the search's ten best have not become better by 1 % the generator "
        "starts over from the prior. What was found stays known, and is replayed no more. 0: never.",
        ge=0,
        le=10_000_000,
        expert=True,
    )


class Search:
    """From one start at the prior to the next: its ten best scores, and how many molecules ago they became better."""

    def __init__(self, number: int = 0):
        """number: how often it was started over before."""
        self.number = number
        self.top: list[float] = []  # rising
        self.mark = 0.0  # the ten best's mean when they last became better
        self.waited = 0

    def note(self, scores: Iterable[float], molecules: int) -> None:
        """One batch of so many molecules, and the scores of those that the run had not found before."""
        for score in scores:
            insort(self.top, score)
        del self.top[:-TOP]
        mean = sum(self.top) / TOP
        if mean > self.mark * (1 + BETTER):
            self.mark, self.waited = mean, 0
        else:
            self.waited += molecules

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
