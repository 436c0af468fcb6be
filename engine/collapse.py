"""Alarm for a generator that begins to repeat itself: what falls, in words, and what to do about it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.store import MetricTable

Remedy = Literal["raise-pull", "lower-learning-rate", "go-back", "start-again"]

RECENT = 10  # iterations that are judged
BEFORE = 20  # iterations before them, that they are held against
REPEATS = 0.5  # of the valid molecules at most are different: each comes twice on average
FALLEN = 0.7  # of what it was before
NARROW = 0.25  # of the pace at which new ring systems came before
MOST = 100.0  # pull to the reference, and the least learning rate: bounds of the settings
LEAST = 1e-6


@dataclass(frozen=True)
class Back:
    """To go back to what was learned by iteration `step`, with these settings changed, so that it goes better now."""

    step: int
    advice: str
    changes: dict[str, float]


@dataclass(frozen=True)
class Alarm:
    """What is wrong, the remedy in words, and the same as something a page can do.

    changes: settings to change by their paths, empty where that is not the remedy.
    back: offered beside them where there is something to go back to; the remedy itself if that is "go-back".
    """

    sentence: str
    remedy: Remedy
    advice: str
    changes: dict[str, float]
    back: Back | None = None


def alarm(table: MetricTable, algorithm: dict[str, Any], best_step: int | None = None) -> Alarm | None:
    """The alarm that the last rows of a molecule run call for; None where all is well or too little is known, and
    where a run has patience of its own: it starts over by itself.

    table      the run's last rows, RECENT + BEFORE at least; more do no harm
    algorithm  its settings as they hold now, from which the remedies' values are made
    best_step  the iteration of the best checkpoint; one among the last RECENT, which are judged, is none to go back to
    """
    if np.isfinite(_column(table, "restarts")).any():
        return None
    signs = [sign for sign in (_repeats(table), _known(table), _narrow(table), _broken(table)) if sign]
    if not signs:
        return None
    sentence = f"{', and '.join(signs)}."
    sentence = sentence[0].upper() + sentence[1:]
    gone = _mean(table, "unique", slice(-RECENT, None)) < 0.1 or _mean(table, "valid", slice(-RECENT, None)) < 0.1
    kept = best_step is not None and best_step <= table.last_step - RECENT
    back = _back(algorithm, best_step) if kept and best_step is not None else None
    return Alarm(sentence, *_remedy(algorithm, gone, back), back)


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


def _remedy(algorithm: dict[str, Any], gone: bool, back: Back | None) -> tuple[Remedy, str, dict[str, float]]:
    """Back to the best where nothing is left to learn from; else more pull, and once that is high, smaller steps."""
    pull, rate = algorithm.get("reference_kl_coefficient"), algorithm.get("learning_rate")
    if not gone and pull is not None and pull < 0.5:
        return "raise-pull", *_more_pull(pull)
    if not gone and rate is not None and rate > 2 * LEAST:
        return "lower-learning-rate", *_smaller_steps(rate)
    if back is not None:
        return "go-back", back.advice, {}
    return "start-again", "Stop it and start again, with a stronger pull to the reference", {}


def _back(algorithm: dict[str, Any], step: int) -> Back:
    """With twice the pull; with smaller steps where that cannot grow."""
    pull, rate = algorithm.get("reference_kl_coefficient"), algorithm.get("learning_rate")
    advice, changes = "", dict[str, float]()
    if pull is not None and pull < MOST:
        advice, changes = _more_pull(pull)
    elif rate is not None and rate > 2 * LEAST:
        advice, changes = _smaller_steps(rate)
    also = f", and {advice[0].lower()}{advice[1:]}" if advice else ""
    return Back(step, f"Go back to what it had learned by iteration {step:,}{also}", changes)


def _more_pull(pull: float) -> tuple[str, dict[str, float]]:
    raised = min(MOST, max(0.05, 2 * pull))
    return f"Raise the pull to the reference to {raised:g}", {"algorithm.reference_kl_coefficient": raised}


def _smaller_steps(rate: float) -> tuple[str, dict[str, float]]:
    lower = float(f"{rate / 2:.3g}")
    return f"Lower the learning rate to {lower:g}", {"algorithm.learning_rate": lower}


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
