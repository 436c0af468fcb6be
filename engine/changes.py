"""Settings changed while a run trains: which may be, what they become, and when each took effect."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.config import RunConfig
from engine.settings import InvalidSettings, Settings
from engine.store import Event

Changes = dict[str, Any]  # dotted path of a setting -> its new value


def live_settings(config: RunConfig) -> list[str]:
    """Paths of the settings of this run that may change while it trains, as algorithm.learning_rate."""
    return list(_live(config, ""))


def _live(settings: Settings, prefix: str) -> Iterable[str]:
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        extra = field.json_schema_extra
        if isinstance(value, Settings):
            yield from _live(value, f"{prefix}{name}.")
        elif isinstance(extra, dict) and extra.get("live"):
            yield f"{prefix}{name}"


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """The config with these changes. Raises InvalidSettings: not a live setting, or a value out of bounds."""
    live = live_settings(config)
    refused = [
        f"{str(path)[:80]} cannot be changed while a run trains; {', '.join(live) or 'nothing'} can"
        for path in changes
        if path not in live
    ]
    if not changes:
        refused = [f"No change was given; {', '.join(live)} can be changed"]
    if refused:
        raise InvalidSettings(refused)
    tree = config.model_dump(mode="json")
    for path, value in changes.items():
        *sections, name = path.split(".")
        section = tree
        for step in sections:
            section = section[step]
        section[name] = value
    return RunConfig.from_object(tree)


def payload(before: RunConfig, after: RunConfig, paths: Iterable[str]) -> dict[str, Any]:
    """What the event `change` records: every setting with its value before and after."""
    return {"settings": {path: {"before": read(before, path), "after": read(after, path)} for path in paths}}


def read(config: RunConfig, path: str) -> Any:
    """The value of a setting by its path."""
    value: Any = config
    for step in path.split("."):
        value = getattr(value, step)
    return value


def by_step(events: Iterable[Event]) -> dict[int, Changes]:
    """The recorded changes by the iteration from which they hold, as a run that begins again must repeat them."""
    held: dict[int, Changes] = {}
    for event in events:
        if event.kind == "change":
            hold(held, event.step, {path: values["after"] for path, values in event.payload["settings"].items()})
    return held


def hold(held: dict[int, Changes], step: int, new: Changes) -> None:
    """Let `new` hold from `step` on; what was decided earlier for the same settings and later iterations is void."""
    for later in held:
        if later > step:
            held[later] = {path: value for path, value in held[later].items() if path not in new}
    held[step] = held.get(step, {}) | new


def config_at(config: RunConfig, events: Iterable[Event], step: int) -> RunConfig:
    """The config as it stands after iteration `step`."""
    held: Changes = {}
    for at, changes in sorted(by_step(events).items()):
        if at <= step:
            held |= changes
    return changed(config, held) if held else config
