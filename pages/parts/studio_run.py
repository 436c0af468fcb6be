"""A molecule run as the studio shows it: its goal in words and curves, its moments as cards, its best molecules."""

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np

from engine.chemistry import looking
from engine.chemistry.objectives import OBJECTIVES
from engine.chemistry.properties import PROPERTIES
from engine.chemistry.rewards import Objective
from engine.config import RunConfig
from engine.store import RunRecord, Store

CURVE_POINTS = 61
PLACES = ("zero", "one", "low", "high", "mu")  # what transforms call the places on their axis
FAR = 1e9
SHOWN_RECENT = 12
# What may be looked at over the run, with the range its axis covers; the values come from looking.DESCRIBED.
SPREAD = {"qed": (0.0, 1.0), "logp": (-3.0, 8.0), "weight": (0.0, 700.0), "sa": (1.0, 8.0), "heavy_atoms": (0.0, 50.0)}


class NoMolecules(ValueError):
    """The run is not one that designs molecules."""


def objective(run: RunRecord) -> Objective:
    """What the run's molecules are scored by. Raises NoMolecules."""
    if run.task != "molecules":
        raise NoMolecules(f"Run {run.run_id} designs no molecules")
    return _objective(json.dumps(run.config, sort_keys=True))


@lru_cache(maxsize=64)
def _objective(config: str) -> Objective:
    return RunConfig.from_json(config).task.to_objective()


def goal_words(run: RunRecord) -> str:
    """What is wanted, in a few words: Drug-like; Like yours, but better; an own mix of goals."""
    ready = OBJECTIVES.get(str(run.config["task"].get("objective", "")))
    return ready.title if ready else "Own mix of goals"


def components(goal: Objective) -> list[dict[str, Any]]:
    """Each component as "why this score" shows it, with the curve from raw value to its share of 0..1."""
    return [
        {
            "name": name,
            "kind": one.kind,
            "label": goal.labels[name],
            "unit": PROPERTIES[one.kind].unit,
            "meaning": PROPERTIES[one.kind].meaning,
            "weight": one.weight,
            "curve": curve(one),
        }
        for name, one in zip(goal.names, goal.components, strict=True)
    ]


def curve(component: Any) -> dict[str, list[float]]:
    """A component's transform around the places that it names, or else over the usual range of its property."""
    named = component.transform.model_dump()
    marks = [named[place] for place in PLACES if abs(named.get(place, FAR)) < FAR]
    around = 2.0 * max(named.get("width", 0.0), named.get("sigma", 0.0))
    low, high = min(marks, default=0.0) - around, max(marks, default=0.0) + around
    if high <= low:
        low, high = PROPERTIES[component.kind].usual
    x = np.linspace(low, high, CURVE_POINTS)
    return {"x": x.round(5).tolist(), "y": [round(component.transform(float(value)), 4) for value in x]}


def spread_labels() -> dict[str, dict[str, Any]]:
    """The properties of SPREAD with their labels and axes, the score first."""
    known = {"score": {"label": "Score", "low": 0.0, "high": 1.0}}
    for name, (low, high) in SPREAD.items():
        known[name] = {"label": PROPERTIES[name].label, "low": low, "high": high}
    return known


def steps(store: Store, run_id: str) -> list[int]:
    """The iterations of which a moment was kept."""
    return [found.step for found in store.artifacts(run_id) if found.name == "moment"]


def kept(store: Store, run_id: str, name: str, step: int | None = None) -> Any:
    """What a run kept under this name, at this step or last; None where there is nothing."""
    found = store.artifact(run_id, name, step)
    return None if found is None or found.body is None else json.loads(found.body)


def best(store: Store, run_id: str) -> list[dict[str, Any]]:
    """The best molecules of a run, at most 100, the best first."""
    return kept(store, run_id, "top") or []


def cards(molecules: list[dict[str, Any]], goal: Objective) -> list[dict[str, Any]]:
    """Molecules with pictures, each component's share and the values a card tells."""
    pictures = looking.drawn([molecule["smiles"] for molecule in molecules])
    return [
        {
            **molecule,
            "svg": picture.get("svg") or "",
            "svg_dark": picture.get("svg_dark") or "",
            "values": _rounded(picture.get("values", {})) | molecule["values"],
            "components": _rounded(goal.parts(molecule["values"])),
        }
        for molecule, picture in zip(molecules, pictures, strict=True)
    ]


def scene(moment: dict[str, Any], goal: Objective) -> dict[str, Any]:
    """A moment as the page draws it; `typical` is the sample in the middle by score."""
    recent = {molecule["smiles"]: molecule for molecule in moment["batch"]}
    scored = sorted((m for m in recent.values() if m["score"] is not None), key=lambda molecule: molecule["score"])
    middle = scored[len(scored) // 2 : len(scored) // 2 + 1]
    return {
        "step": moment["step"],
        "best": cards(moment["best"], goal),
        "recent": cards(list(recent.values())[:SHOWN_RECENT], goal),
        "typical": next(iter(cards(middle, goal)), None),
    }


def spread(moments: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Values of SPREAD, and scores, over the samples of some moments; what could not be computed is left out."""
    batch = [molecule for moment in moments for molecule in moment["batch"]]
    described = looking.described([molecule["smiles"] for molecule in batch])
    values: dict[str, list[float]] = {name: [] for name in ("score", *SPREAD)}
    for molecule, found in zip(batch, described, strict=True):
        for name, value in {"score": molecule["score"], **found.get("values", {})}.items():
            if value is not None and math.isfinite(value):
                values[name].append(round(value, 4))
    return values


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    return {
        name: round(value, 4) if value is not None and math.isfinite(value) else None for name, value in values.items()
    }
