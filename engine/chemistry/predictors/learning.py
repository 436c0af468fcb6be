"""From a table to a predictor and its honest error: whole scaffolds are held out, so that relatives can't help."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.chemistry.predictors.model import Features, Predictor, kernel, unfitted
from engine.chemistry.predictors.table import Table
from engine.chemistry.workers import Workers

LEAST_MOLECULES, LEAST_SCAFFOLDS = 20, 5
MOST_LEARNED = 4_000  # molecules; the kernel matrix grows with their square
HELD_OUT = 0.2
FOLDS = 4
ALPHAS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SHOWN_HELD_OUT = 400
READ_AT_ONCE = 256  # molecules, between two words on how far it is
READING, TESTING, LEARNING = "Reading the molecules", "Testing itself on what it was not shown", "Learning from all"

Progress = Callable[[str, float], None]  # what is done now, and the share of it that is done


class CannotLearn(ValueError):
    """A table that nothing can be learned from; the message says why and what is needed."""


@dataclass(frozen=True)
class Known:
    """One molecule with its value: the median where it came more than once."""

    canonical: str
    group: str
    value: float
    seen: Features


def unheard(doing: str, share: float) -> None:
    """Nobody wants to know how far it is."""


def molecules(
    table: Table, workers: int = 2, progress: Progress = unheard
) -> tuple[list[Known], list[tuple[int, str]], int]:
    """(the table's molecules, (line, why not) for the rest, how many lines told of one again)."""
    pool = Workers(workers, {}, timeout=3.0)
    answers: list[dict[str, Any]] = []
    try:
        while len(answers) < len(table.rows):
            progress(READING, len(answers) / len(table.rows))
            some = table.rows[len(answers) : len(answers) + READ_AT_ONCE]
            answers += pool.answer("features", [row.smiles for row in some])
    finally:
        pool.close()
    refused, found = list(table.refused), defaultdict[str, list[tuple[float, Any]]](list)
    for row, answer in zip(table.rows, answers, strict=True):
        reason = answer.get("failure") or answer.get("reason")
        if reason:
            refused.append((row.line, f"{row.smiles[:60]!a} is no molecule: {reason}"))
        else:
            found[answer["canonical"]].append((row.value, answer))
    known = [
        Known(
            canonical,
            # Molecules without rings have no scaffold in common: each is a group of its own.
            rows[0][1]["scaffold"] or canonical,
            float(np.median([value for value, _ in rows])),
            (np.array(rows[0][1]["keys"], np.int64), np.array(rows[0][1]["descriptors"])),
        )
        for canonical, rows in found.items()
    ]
    return known, sorted(refused), len(table.rows) + len(table.refused) - len(refused) - len(known)


def split(groups: Sequence[str]) -> tuple[list[int], list[int]]:
    """(places to learn from, places held out), whole groups each: the largest are learned from, as in MoleculeNet
    (Wu et al. 2018, Chem. Sci. 9:513), the rarest scaffolds are the test."""
    members = defaultdict[str, list[int]](list)
    for place, group in enumerate(groups):
        members[group].append(place)
    learned: list[int] = []
    held_out: list[int] = []
    for places in sorted(members.values(), key=lambda places: (-len(places), places[0])):
        room = (1.0 - HELD_OUT) * len(groups) - len(learned)
        (learned if len(places) <= room + 1e-9 or not learned else held_out).extend(places)
    return sorted(learned), sorted(held_out)


def fit(known: Sequence[Known], progress: Callable[[float], None] = lambda share: None) -> tuple[Predictor, float]:
    """A predictor that has learned from these, and the alpha that predicted held-out groups among them best."""
    progress(0.0)
    model = unfitted([one.seen for one in known])
    matrix = kernel(model, [one.seen for one in known])
    values = np.array([one.value for one in known])
    order = {group: fold % FOLDS for fold, group in enumerate(dict.fromkeys(one.group for one in known))}
    folds = np.array([order[one.group] for one in known])
    found: list[float] = []
    for alpha in ALPHAS:
        progress((1.0 + len(found)) / (1.0 + len(ALPHAS)))
        found.append(_error(matrix, values, folds, alpha))
    alpha = ALPHAS[found.index(min(found))]
    coefficients = _solved(matrix, values, alpha)
    return replace(model, coefficients=coefficients, mean=np.array([values.mean()])), alpha


def _solved(matrix: np.ndarray, values: np.ndarray, alpha: float) -> np.ndarray:
    return np.linalg.solve(matrix + alpha * np.eye(len(values)), values - values.mean())


def _error(matrix: np.ndarray, values: np.ndarray, folds: np.ndarray, alpha: float) -> float:
    """Sum of the squared errors over the folds, each predicted from the others."""
    total = 0.0
    for fold in set(folds.tolist()):
        inside, out = folds != fold, folds == fold
        if inside.any():
            coefficients = _solved(matrix[np.ix_(inside, inside)], values[inside], alpha)
            predicted = values[inside].mean() + matrix[np.ix_(out, inside)] @ coefficients
            total += float(((predicted - values[out]) ** 2).sum())
    return total


def learn(table: Table, workers: int = 2, progress: Progress = unheard) -> tuple[Predictor, dict[str, Any]]:
    """(a predictor of the table's numbers, its card: error on held-out scaffolds, refused lines, range). Raises
    CannotLearn."""
    known, refused, again = molecules(table, workers, progress)
    if len(known) < LEAST_MOLECULES:
        raise CannotLearn(
            f"The table has {len(known)} different molecule{'' if len(known) == 1 else 's'} with a number; "
            f"at least {LEAST_MOLECULES} are needed"
        )
    values = np.array([one.value for one in known])
    if np.ptp(values) == 0.0:
        raise CannotLearn(f"Every molecule has the number {values[0]:g}; there is nothing to learn from that")
    scaffolds = len({one.group for one in known})
    if scaffolds < LEAST_SCAFFOLDS:
        raise CannotLearn(f"The table has {scaffolds} scaffolds; at least {LEAST_SCAFFOLDS} are needed for a fair test")
    learned, held_out = split([one.group for one in known])
    trial, alpha = fit(_some([known[place] for place in learned]), lambda share: progress(TESTING, share))
    tested = [(known[place], *trial.predict(known[place].seen)) for place in held_out]
    model, _ = fit(_some(known), lambda share: progress(LEARNING, share))
    low, high = np.percentile(values, (5, 95))
    card = {
        "smiles_column": table.smiles_column,
        "value_column": table.value_column,
        "molecules": len(known),
        "lines_again": again,
        "learned_from": len(model.totals),
        "scaffolds": scaffolds,
        "alpha": alpha,
        "range": [float(values.min()), float(values.max())],
        "usual": [float(low), float(high)],
        "test": errors([one.value for one, _, _ in tested], [guess for _, guess, _ in tested], float(trial.mean[0])),
        "held_out": [
            {"smiles": one.canonical, "value": one.value, "predicted": guess, "nearest": near}
            for one, guess, near in tested[:SHOWN_HELD_OUT]
        ],
        "refused": [{"line": line, "reason": reason} for line, reason in refused[:1000]],
        "refused_lines": len(refused),
    }
    return model, card


def _some(known: Sequence[Known]) -> list[Known]:
    """At most MOST_LEARNED of them, the same ones every time."""
    if len(known) <= MOST_LEARNED:
        return list(known)
    places = np.random.default_rng(1).permutation(len(known))[:MOST_LEARNED]
    return [known[place] for place in sorted(places.tolist())]


def errors(values: Sequence[float], predicted: Sequence[float], baseline: float) -> dict[str, float]:
    """MAE, RMSE, R2 and Spearman's rank correlation, and MAE and RMSE of always saying `baseline`."""
    truth, guess = np.array(values), np.array(predicted)
    spread = float(((truth - truth.mean()) ** 2).sum())
    squares = float(((truth - guess) ** 2).sum())
    from scipy.stats import spearmanr  # a fifth of all that is imported: no other command should wait for it

    ranked = len(Counter(values)) > 1 and len(Counter(predicted)) > 1
    return {
        "molecules": float(len(truth)),
        "mae": float(np.abs(truth - guess).mean()),
        "rmse": math.sqrt(squares / len(truth)),
        "r2": 1.0 - squares / spread if spread else math.nan,
        "spearman": float(spearmanr(truth, guess).statistic) if ranked else math.nan,
        "mean_mae": float(np.abs(truth - baseline).mean()),
        "mean_rmse": float(np.sqrt(((truth - baseline) ** 2).mean())),
    }
