"""Alarm for a generator that begins to repeat itself: what falls, in words, and what to do about it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.store import MetricTable

Remedy = Literal["raise-pull", "lower-learning-rate", "resume-best"]

RECENT = 10  # iterations that are judged
BEFORE = 20  # iterations before them, that they are held against
REPEATS = 0.5  # of the valid molecules at most are different: each comes twice on average
FALLEN = 0.7  # of what it was before
NARROW = 0.25  # of the pace at which new ring systems came before
MOST = 100.0  # pull to the reference, and the least learning rate: bounds of the settings
LEAST = 1e-6


@dataclass(frozen=True)
class Alarm:
    """What is wrong, the remedy in words, and the same as something a page can do.

    changes: settings to change by their paths, empty where the remedy is to resume from the best checkpoint.
    """

    sentence: str
    remedy: Remedy
    advice: str
    changes: dict[str, float]


def alarm(table: MetricTable, algorithm: dict[str, Any]) -> Alarm | None:
    """The alarm that the last rows of a molecule run call for; None where all is well or too little is known.

    table      the run's last rows, RECENT + BEFORE at least; more do no harm
    algorithm  its settings as they hold now, from which the remedy's values are made
    """
    signs = [sign for sign in (_repeats(table), _known(table), _narrow(table), _broken(table)) if sign]
    if not signs:
        return None
    sentence = f"{', and '.join(signs)}."
    sentence = sentence[0].upper() + sentence[1:]
    gone = _mean(table, "unique", slice(-RECENT, None)) < 0.1 or _mean(table, "valid", slice(-RECENT, None)) < 0.1
    return Alarm(sentence, *_remedy(algorithm, gone))


def _repeats(table: MetricTable) -> str:
    now, before = _now_and_before(table, "unique")
    if now < REPEATS or now < FALLEN * before:
        return f"it repeats itself: {now:.0%} of its molecules differ, {before:.0%} did before"
    return ""


def _known(table: MetricTable) -> str:
    now, before = _now_and_before(table, "new")
    return f"it falls back on what it was taught: {now:.0%} are new, {before:.0%} were" if now < FALLEN * before else ""


def _narrow(table: MetricTable) -> str:
    """Different ring systems count up over a run; what matters is whether more still come."""
    column = _column(table, "scaffolds")
    if len(column) < RECENT + BEFORE:
        return ""
    now = (column[-1] - column[-RECENT]) / (RECENT - 1)
    before = (column[-RECENT] - column[-RECENT - BEFORE]) / BEFORE
    if before >= 1 and now < NARROW * before:
        return f"hardly any new ring systems come: {now:.1f} a round, {before:.1f} did before"
    return ""


def _broken(table: MetricTable) -> str:
    now, before = _now_and_before(table, "valid")
    return f"it forgets how to write: {now:.0%} are real molecules, {before:.0%} were" if now < FALLEN * before else ""


def _remedy(algorithm: dict[str, Any], gone: bool) -> tuple[Remedy, str, dict[str, float]]:
    """Back to the best where nothing is left to learn from; else more pull, and once that is high, smaller steps."""
    pull, rate = algorithm.get("reference_kl_coefficient"), algorithm.get("learning_rate")
    if not gone and pull is not None and pull < 0.5:
        raised = min(MOST, max(0.05, 2 * pull))
        path = "algorithm.reference_kl_coefficient"
        return "raise-pull", f"Raise the pull to the reference to {raised:g}", {path: raised}
    if not gone and rate is not None and rate > 2 * LEAST:
        lower = float(f"{rate / 2:.3g}")
        return "lower-learning-rate", f"Lower the learning rate to {lower:g}", {"algorithm.learning_rate": lower}
    return "resume-best", "Resume from the best checkpoint, with a stronger pull to the reference", {}


def _now_and_before(table: MetricTable, name: str) -> tuple[float, float]:
    """Means of the last RECENT iterations and of those before; NaN, which no comparison holds for, if too few."""
    if len(table.steps) < RECENT + BEFORE:
        return np.nan, np.nan
    return _mean(table, name, slice(-RECENT, None)), _mean(table, name, slice(-RECENT - BEFORE, -RECENT))


def _mean(table: MetricTable, name: str, rows: slice) -> float:
    known = _column(table, name)[rows]
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else np.nan


def _column(table: MetricTable, name: str) -> np.ndarray:
    if name not in table.names:
        return np.full(len(table.steps), np.nan)
    return table.values[:, table.names.index(name)]
