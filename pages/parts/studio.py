"""The molecule studio's two components: the goal in words, and one run as it searches."""

from typing import Any

from engine.chemistry.properties import PROPERTIES
from engine.store import RunRecord, Store
from pages.parts import studio_goals, studio_run
from pages.parts.asset_component import asset_component, noted
from pages.parts.live import first_seconds

_GOAL = asset_component("studio_goal", '<div class="uphill" aria-busy="true"></div>', isolate_styles=False)
_STUDIO = asset_component("studio", '<div class="uphill" aria-busy="true"></div>', isolate_styles=False)


def goal_form() -> Any:
    """The form that starts a search. Its .open is None, the address of what was started, or "launch"."""
    return _GOAL(data=studio_goals.handed(), key="goal", on_open_change=noted)


def search_view(store: Store, run: RunRecord, *, demo: bool) -> Any:
    """One run, live or as it ended. Its .open is None, "new", "end" (of the demo), "expert" or a run's id.

    Raises NoMolecules.
    """
    goal = studio_run.objective(run)
    content = {
        "run_id": run.run_id,
        "goal": studio_run.goal_words(run),
        "components": studio_run.components(goal),
        "mean": goal.mean,
        "labels": {name: known.label for name, known in PROPERTIES.items()} | goal.labels,
        "spread": studio_run.spread_labels(),
        "reference": run.config["task"].get("reference", ""),
        "first_seconds": first_seconds(store, run.task, run.algorithm),
        "demo": demo,
    }
    return _STUDIO(data=content, key=f"studio-{run.run_id}-{demo}", on_open_change=noted)
