"""Everything that moves on the Run and Compare pages: components that poll the routes and draw by themselves."""

from collections.abc import Sequence
from typing import Any

from engine.algorithms import ALGORITHMS
from engine.chemistry.objectives import OBJECTIVES
from engine.chemistry.properties import PROPERTIES
from engine.metrics import METRICS, RATIO_EDGES
from engine.store import Store
from engine.tasks import gym
from pages.parts.asset_component import asset_component, noted
from pages.parts.runs import task_name

# Cards in the order of the page; the viewer can show every other metric too.
USUAL = (
    "kl",
    "clip_fraction",
    "ratios",
    "line_search",
    "entropy",
    "value_loss",
    "explained_variance",
    "gradient_norm",
    "steps_per_second",
    "time_profile",
    "learning_rate",
)
MOLECULES = ("valid", "unique", "new", "score_best", "reference_kl")
PICTURES = {
    "ratios": {
        "name": "ratios",
        "label": "Probability ratios",
        "unit": "",
        "meaning": "new / old probability in the last update; dashed: clip bounds",
        "estimator": METRICS["ratio_bin_00"].estimator,
        "healthy": None,
    },
    "line_search": {
        "name": "line_search",
        "label": "Line search",
        "unit": "",
        "meaning": "gain (bold) and KL at each step length tried, last update",
        "estimator": METRICS["line_search_gain_0"].estimator,
        "healthy": None,
    },
    "time_profile": {
        "name": "time_profile",
        "label": "Where the time goes",
        "unit": "",
        "meaning": "share of each phase in the last 100 iterations",
        "estimator": METRICS["time_update"].estimator,
        "healthy": None,
    },
}
EXACT = ("learning_rate", "reference_kl_coefficient", "score_best", "restarts")  # known without noise: not smoothed
NO_CURVE = ("env_steps", "wall_s", "return_mean")

_RUN = asset_component("run", '<div class="uphill" aria-busy="true"></div>', isolate_styles=False)
_COMPARE = asset_component("compare", '<div class="uphill" aria-busy="true"></div>', isolate_styles=False)


def run_view(store: Store, run_id: str, *, key: str = "run_view") -> Any:
    """The live view of one run. Returns what was asked of the script: .open, the id of a run to show instead, or None.

    Raises UnknownRun.
    """
    record = store.get_run(run_id)
    task = record.config["task"]["kind"]
    content = {
        "run_id": run_id,
        "task_name": subject(record.config["task"]),
        "properties": {name: found.label for name, found in PROPERTIES.items()},
        "reward": described("score_mean" if task == "molecules" else "return_mean"),
        "metrics": cards(task),
        "ratio_edges": RATIO_EDGES,
        "live": live_fields(task),
        "solved_at": solved_at(record.config),
        "first_seconds": first_seconds(store, record.task, record.algorithm),
    }
    return _RUN(data=content, key=f"{key}-{run_id}", on_open_change=noted)


def compare_view(groups: Sequence[dict[str, Any]], metrics: Sequence[str] = ("return_mean", "kl"), *, key: str) -> None:
    """Runs laid over one another: a line per group, a band over its seeds where it has several.

    groups: [{"label": text, "algorithm": "ppo", "runs": [run ids]}], 8 at most. metrics: names of METRICS.
    """
    _COMPARE(data={"groups": list(groups), "metrics": [described(name) for name in metrics]}, key=key)


def subject(task: dict[str, Any]) -> str:
    """What is learned, in the line under the run's name: CartPole-v1; Gridworld, cliff; Molecules, Drug-likeness."""
    if task["kind"] == "gridworld":
        return f"Gridworld, {task_name(task)}"
    if task["kind"] == "molecules":
        known = task.get("objective", "")
        if known in PROPERTIES:
            return f"Molecules, {PROPERTIES[known].label}"
        mixed = known == "mix" or known not in OBJECTIVES
        return "Molecules, mix of goals" if mixed else f"Molecules, {OBJECTIVES[known].title}"
    return task_name(task)


def described(name: str) -> dict[str, Any]:
    """A metric as the charts need it: label, unit, one line on what it means, its healthy range."""
    metric = METRICS[name]
    return {
        "name": name,
        "label": metric.label,
        "unit": metric.unit,
        "meaning": metric.meaning,
        "estimator": metric.estimator,
        "healthy": metric.healthy,
        "exact": name in EXACT,
    }


def cards(task: str) -> list[dict[str, Any]]:
    """All metrics that have a card of their own, the usual ones of this kind of task first and marked."""
    usual = (*MOLECULES, *USUAL) if task == "molecules" else USUAL
    rest = [
        name
        for name in METRICS
        if name not in (*usual, *NO_CURVE) and not name.startswith(("ratio_", "line_search_kl_", "line_search_gain_"))
    ]
    return [{**(PICTURES.get(name) or described(name)), "usual": name in usual} for name in (*usual, *rest)]


def live_fields(task: str) -> list[dict[str, Any]]:
    """The settings that may change while a run trains, from the algorithms' own settings.

    Only molecules start from a reference policy, so the pull to it is offered to them alone.
    """
    fields = []
    for kind, algorithm in ALGORITHMS.items():
        for name, schema in algorithm.settings.model_json_schema()["properties"].items():
            if not schema.get("live") or (name.startswith("reference_") and task != "molecules"):
                continue
            fields.append(
                {
                    "algorithm": kind,
                    "path": f"algorithm.{name}",
                    "label": schema["label"],
                    "help": schema["description"],
                    "optional": any(choice.get("type") == "null" for choice in schema.get("anyOf", [])),
                }
            )
    return fields


def solved_at(config: dict[str, Any]) -> float | None:
    """The score from which an environment counts as solved. A gridworld's best score comes with its picture."""
    if config["task"]["kind"] != "gym":
        return None
    return gym.threshold(gym.GymSettings.from_object(config["task"]))


def first_seconds(store: Store, task: str, algorithm: str) -> float | None:
    """Seconds until a run's first point, as long as an iteration took in the last run of this kind that finished."""
    before = store.runs(task=task, algorithm=algorithm, state="finished", limit=1)
    return before[0].wall_s / before[0].iteration if before and before[0].iteration else None
