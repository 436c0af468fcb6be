"""RunConfig as a form: what is typed is checked as a whole before it is drawn, so that errors stand at their fields."""

import re
from typing import Any

import streamlit as st

from engine.config import RunConfig, config_schema
from engine.environments.allowed import allowed
from engine.gridworlds.presets import MAPS
from engine.settings import InvalidSettings
from pages.parts.comparison import setting_labels
from pages.parts.form import Schema, field, fields, read, resolved, variants, written

# Names that a text setting knows, with what they stand for; anything else may be typed too.
CHOICES = {
    "task.gridworld.map": {name: preset.text for name, preset in MAPS.items()},
    "task.gym.env_id": {env_id: env_id for env_id in allowed()},
}
KINDS = ("task", "algorithm")
SECTIONS = ("run", "task", "algorithm", "policy", "evaluation")
_PATH = re.compile(r"^(?:name|seed|budget|device)(?= is )|\b(?:task|algorithm|policy|evaluation)\.[a-z_]+")


def section_keys(section: str) -> tuple[str, Schema]:
    """(the first part of a section's widget keys, its schema), for the kind that is chosen now."""
    root = config_schema()
    if section in KINDS:
        kind = st.session_state[f"{section}.kind"]
        return f"{section}.{kind}", variants(section, root)[kind]
    if section == "run":
        own = {name: node for name, node in root["properties"].items() if name in ("name", "budget", "device")}
        return "run", {"properties": own}
    return section, resolved(root["properties"][section], root)


def load(config: dict[str, Any], sections: tuple[str, ...] = SECTIONS) -> None:
    """Write a config (whole or in part; what it leaves out gets its default) into the form's widgets."""
    root = config_schema()
    for section in sections:
        values = config if section == "run" else config.get(section, {})
        if section in KINDS:
            if values.get("kind") not in variants(section, root):
                continue
            st.session_state[f"{section}.kind"] = values["kind"]
        prefix, schema = section_keys(section)
        for name, node in fields(schema, root):
            value = values.get(name, node.get("default"))
            if "enum" in node and value not in node["enum"]:
                value = node.get("default", node["enum"][0])
            st.session_state[f"{prefix}.{name}"] = written(value)


def typed_config(seed: int) -> dict[str, Any]:
    """What the widgets hold, as an object for RunConfig.from_object; nothing in it is checked yet."""
    root = config_schema()
    config: dict[str, Any] = {"seed": seed}
    for section in SECTIONS:
        prefix, schema = section_keys(section)
        values = {}
        for name, node in fields(schema, root):
            typed = st.session_state.setdefault(f"{prefix}.{name}", written(node.get("default")))
            values[name] = read(typed, node)
        if section == "run":
            config |= values
        else:
            kind = {"kind": st.session_state[f"{section}.kind"]} if section in KINDS else {}
            config[section] = kind | values
    return config


def checked(config: dict[str, Any]) -> tuple[RunConfig | None, list[str]]:
    """(the config, or None where something is wrong; the engine's sentences about what is)."""
    try:
        return RunConfig.from_object(config), []
    except InvalidSettings as error:
        return None, error.problems


def at_field(problems: list[str], section: str, name: str) -> list[str]:
    """The sentences that begin with this field's path, with the path of one item in it, or with its plain name."""
    path = name if section == "run" else f"{section}.{name}"
    return [
        sentence for sentence in problems if sentence.startswith((f"{path} ", f"{path}.", f"{name} ", f"The {name}"))
    ]


def in_words(sentence: str) -> str:
    """The engine's sentence with the labels of the form where it has paths: Clip range is 3; it must be ..."""
    labels = setting_labels(config_schema())

    def label(found: re.Match[str]) -> str:
        if found[0] not in labels:
            return found[0]
        words = labels[found[0]].split(": ")[-1]
        return words[0].upper() + words[1:] if found.start() == 0 else words

    return _PATH.sub(label, sentence)


def section_fields(section: str, problems: list[str], *, expert: bool, columns: int = 2) -> int:
    """Draw a section's settings, either those that matter first or the expert ones; returns how many."""
    root = config_schema()
    prefix, schema = section_keys(section)
    drawn = [(name, node) for name, node in fields(schema, root) if bool(node.get("expert")) == expert]
    for first in range(0, len(drawn), columns):
        places = st.columns(columns, gap="medium")
        for place, (name, node) in zip(places, drawn[first : first + columns], strict=False):
            with place:
                key = f"{prefix}.{name}"
                field(key, node, [in_words(one) for one in at_field(problems, section, name)], CHOICES.get(key))
    return len(drawn)
