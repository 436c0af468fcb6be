"""The commands of `python -m engine`, by name. One line registers one: a module with HELP, configure and run."""

from types import ModuleType

from engine.commands import (
    evaluate,
    export,
    map,
    maps,
    metrics,
    objectives,
    plan,
    predictor,
    presets,
    prior,
    resume,
    runs,
    schema,
    score,
    settings,
    show,
    train,
)

COMMANDS: dict[str, ModuleType] = {
    "presets": presets,
    "schema": schema,
    "settings": settings,
    "train": train,
    "resume": resume,
    "runs": runs,
    "show": show,
    "metrics": metrics,
    "evaluate": evaluate,
    "export": export,
    "prior": prior,
    "objectives": objectives,
    "score": score,
    "predictor": predictor,
    "maps": maps,
    "map": map,
    "plan": plan,
}
