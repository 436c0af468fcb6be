"""What Compare works out: which runs belong together, bands over seeds, the table's figures, settings that differ."""

import statistics
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.store import RunRecord, Store, UnknownRun
from pages.parts import text
from pages.parts.theme import ALGORITHM_NAMES, ALGORITHMS

MOST = 8
ROWS = 1000  # per run and curve, thinned with its extremes kept
GRID = 200
LAST_SHARE = 0.1  # of a run's points: what "mean" and "sd" are taken over


@dataclass(frozen=True)
class Item:
    """A run, or the runs of a group: one line on the charts."""

    id: str
    label: str
    algorithm: str
    runs: tuple[RunRecord, ...]


@dataclass(frozen=True)
class Curve:
    """One run's metric: steps [n], env_steps [n] and values [n], measured points only; of a long run, the smallest and
    the largest of some points each, and means [n] their mean. end [m]: the last LAST_SHARE of the points, as they were
    recorded."""

    run: RunRecord
    steps: np.ndarray
    env_steps: np.ndarray
    values: np.ndarray
    means: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class Band:
    """Mean over seeds [GRID] at env_steps [GRID]; low and high are one standard deviation away, none for one seed."""

    env_steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Figures:
    """One row of the table. last and mean are averages over seeds; sd is between seeds, None for one seed."""

    last: float | None
    best: float | None
    mean: float | None
    sd: float | None
    n: int


def find(store: Store, ids: list[str]) -> tuple[list[Item], list[str]]:
    """(the runs and groups with these ids, a sentence for each id that is neither)."""
    items, problems = [], []
    for id_ in dict.fromkeys(ids):
        runs = _runs(store, id_)
        if not runs:
            problems.append(f"There is no run or group {text.clean(id_, 40)!r}")
        elif len(items) == MOST:
            problems.append(f"At most {MOST} runs or groups fit; {text.clean(runs[0].name, 60)} is left out")
        else:
            items.append(Item(id_, label(runs), runs[0].algorithm, tuple(runs)))
    return items, problems


def _runs(store: Store, id_: str) -> list[RunRecord]:
    try:
        run = store.get_run(id_)
    except UnknownRun:
        return sorted(store.runs(group_id=id_, limit=100), key=lambda run: run.seed)
    return [] if run.deleted_at else [run]


def label(runs: list[RunRecord]) -> str:
    """What a run or a group is called in lists and legends."""
    first = runs[0]
    name, kind = text.clean(first.name, 60), (ALGORITHM_NAMES | ALGORITHMS).get(first.algorithm, first.algorithm)
    said = kind in name or ALGORITHM_NAMES.get(first.algorithm, kind) in name
    method = "" if said else f" · {kind}"
    return f"{name}{method} · " + (f"seed {first.seed}" if len(runs) == 1 else f"{len(runs)} seeds")


def curves(store: Store, item: Item, metric: str) -> list[Curve]:
    """The metric of every run of the item that has measured it."""
    found = []
    for run in item.runs:
        table = store.metrics(run.run_id, max_rows=ROWS, names=[metric, "env_steps"])
        if metric not in table.names or "env_steps" not in table.names:
            continue
        place = table.names.index(metric)
        values = table.values[:, place]
        means = values if table.means is None else table.means[:, place]
        env_steps = table.values[:, table.names.index("env_steps")]
        known = np.isfinite(values) & np.isfinite(env_steps)
        if known.any():
            steps, values = table.steps[known], values[known]
            end = (
                _end(store, run, metric, steps) if table.thinned else values[-max(1, round(LAST_SHARE * len(steps))) :]
            )
            found.append(Curve(run, steps, env_steps[known], values, means[known], end))
    return found


def _end(store: Store, run: RunRecord, metric: str, steps: np.ndarray) -> np.ndarray:
    """What was measured in the last LAST_SHARE of these steps; the mean of the extremes that are drawn is another."""
    since = int(steps[-1]) - round(LAST_SHARE * int(steps[-1] - steps[0] + 1))
    values = store.metrics(run.run_id, since=since, names=[metric]).values[:, 0]
    return values[np.isfinite(values)]


def band(found: list[Curve]) -> Band:
    """Mean and spread over seeds at env steps that all of them have reached, so that no seed's end bends the mean.

    Raises ValueError where there are no such steps, or no curves.
    """
    low, high = max(c.env_steps[0] for c in found), min(c.env_steps[-1] for c in found)
    if high < low:
        raise ValueError("the curves have no steps in common")
    grid = np.linspace(low, high, GRID)
    rows = np.stack([np.interp(grid, c.env_steps, c.means) for c in found])
    mean = rows.mean(0)
    sd = rows.std(0, ddof=1) if len(found) > 1 else np.zeros(GRID)
    return Band(grid, mean, mean - sd, mean + sd)


def figures(found: list[Curve]) -> Figures:
    """Last, best (highest), mean and sd over the last tenth of each seed, and how many seeds."""
    if not found:
        return Figures(None, None, None, None, 0)
    ends = [float(c.end.mean()) for c in found]
    return Figures(
        last=statistics.fmean(float(c.end[-1]) for c in found),
        best=max(float(c.values.max()) for c in found),
        mean=statistics.fmean(ends),
        sd=statistics.stdev(ends) if len(ends) > 1 else None,
        n=len(ends),
    )


def differing(items: list[Item]) -> dict[str, list[Any]]:
    """Settings that are not the same for all items, by path; None where an item has no such setting. Those that most
    of them have come first."""
    flat = [flattened(item.runs[0].config) for item in items]
    paths = dict.fromkeys(path for config in flat for path in config)
    rows = {path: [config.get(path) for config in flat] for path in paths if path not in ("name", "seed")}
    different = [path for path, values in rows.items() if any(value != values[0] for value in values)]
    return {path: rows[path] for path in sorted(different, key=lambda path: rows[path].count(None))}


def flattened(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"algorithm.clip_range": 0.2, ...}"""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        path = f"{prefix}{name}"
        flat |= flattened(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat


def setting_labels(schema: dict[str, Any]) -> dict[str, str]:
    """How settings are called in words, by path: {"algorithm.clip_range": "Algorithm: clip range", ...}"""
    labels = {}
    for section, node in schema["properties"].items():
        models = [part["$ref"].split("/")[-1] for part in node.get("oneOf", [node]) if "$ref" in part]
        if not models:
            labels[section] = node.get("label", section)
        for model in models:
            for name, one in schema["$defs"][model]["properties"].items():
                words = one.get("label", name)
                words = words if words[1:2].isupper() else words[0].lower() + words[1:]
                whole = section.capitalize() if name == "kind" else f"{section.capitalize()}: {words}"
                labels[f"{section}.{name}"] = whole
    return labels
