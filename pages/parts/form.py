"""A settings model's JSON schema as widgets: text fields that keep whatever was typed, and the engine's own sentences.

Every widget's key is the setting's path with its section's kind in it: task.gym.n_envs, algorithm.ppo.clip_range.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import streamlit as st

from engine.settings import allowed
from pages.parts import text

Schema = dict[str, Any]

MAX_TYPED = 2000
SPELLED = {"qed": "QED", "logp": "logP", "relu": "ReLU", "tanh": "tanh", "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}
OWN = "My own"
FEW = 4  # so many choices stand side by side; more are a list
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+", re.ASCII)


def resolved(node: Schema, root: Schema) -> Schema:
    """The node with its $ref followed."""
    while "$ref" in node:
        rest = {name: value for name, value in node.items() if name != "$ref"}
        node = {**root["$defs"][node["$ref"].split("/")[-1]], **rest}
    return node


def variants(section: str, root: Schema) -> dict[str, Schema]:
    """The kinds of a section (task, algorithm) by name."""
    mapping = resolved(root["properties"][section], root)["discriminator"]["mapping"]
    return {kind: resolved({"$ref": reference}, root) for kind, reference in mapping.items()}


def fields(section: Schema, root: Schema) -> Iterator[tuple[str, Schema]]:
    """The settings of a section in their order; `kind` is chosen elsewhere."""
    for name, node in section.get("properties", {}).items():
        if name != "kind":
            yield name, resolved(node, root)


def written(value: Any) -> str | bool:
    """A setting's value as its widget holds it."""
    if isinstance(value, bool):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(item, int | float) for item in value):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def read(typed: Any, node: Schema) -> Any:
    """The value of what a widget holds. What is no number stays text, for the engine to refuse in its own words."""
    if not isinstance(typed, str):
        return typed
    kinds = {part.get("type") for part in node.get("anyOf", [node])}
    stripped = typed.strip()
    if not stripped and "null" in kinds:
        return None
    if "array" in kinds and node.get("items", {}).get("type") in ("integer", "number"):
        return [_number(part.strip(), True) for part in stripped.strip("[]").split(",")] if stripped else []
    if kinds & {"object", "array"}:
        try:
            return json.loads(stripped or ("{}" if "object" in kinds else "[]"))
        except (ValueError, RecursionError):
            return typed
    if kinds & {"integer", "number"}:
        return _number(stripped, "number" not in kinds)
    return typed


def _number(typed: str, whole: bool) -> Any:
    """200000, 200,000, 3e-4; 2e5 is a whole number. Anything else is given back as it was typed."""
    if _GROUPED.fullmatch(typed):
        typed = typed.replace(",", "")
    if len(typed) > 400 or not _NUMBER.fullmatch(typed):
        return typed
    if typed.lstrip("+-").isdecimal():
        return int(typed)
    value = float(typed)
    if value in (float("inf"), float("-inf")):
        return typed
    return int(value) if whole and value.is_integer() and abs(value) < 1e15 else value


def field(key: str, node: Schema, problems: list[str], choices: dict[str, str] | None = None) -> None:
    """One setting's widget with its problems below it. Its value is st.session_state[key], as `written` makes it.

    choices: names that a text setting knows, and what each stands for when it is written out.
    """
    label = node.get("label", key.split(".")[-1])
    keep: dict[str, Any] = {"key": key, "help": _help(node), "persist_state": "session"}
    options = node.get("enum")
    if options and len(options) <= FEW:
        st.segmented_control(label, options, required=True, format_func=_option, **keep)
    elif options:
        st.selectbox(label, options, format_func=_option, **keep)
    elif choices and node.get("maxLength", 0) > MAX_TYPED:
        name_or_text(label, choices, **keep)
    elif choices:
        listed = [*choices] if st.session_state[key] in choices else [*choices, st.session_state[key]]
        st.selectbox(label, listed, accept_new_options=True, **keep)
    elif node.get("type") == "boolean":
        st.toggle(label, **keep)
    elif node.get("maxLength", 0) > MAX_TYPED or node.get("type") == "object" or "oneOf" in node.get("items", {}):
        st.text_area(label, height=160, **keep)
    else:
        optional = any(part.get("type") == "null" for part in node.get("anyOf", []))
        st.text_input(label, max_chars=MAX_TYPED, placeholder="none" if optional else None, **keep)
    for place, sentence in enumerate(problems):
        text.problem(sentence, f"{key}-{place}")


def name_or_text(label: str, choices: dict[str, str], key: str, **keep: Any) -> None:
    """A list of names, and a text field for one's own; that begins with the text of what was chosen before."""

    def chosen() -> None:
        before, now = st.session_state[key], st.session_state[f"{key}.choice"]
        st.session_state[key] = choices.get(before, before) if now == OWN else now

    st.session_state[f"{key}.choice"] = st.session_state[key] if st.session_state[key] in choices else OWN
    st.selectbox(label, [*choices, OWN], key=f"{key}.choice", on_change=chosen, help=keep["help"])
    if st.session_state[f"{key}.choice"] == OWN:
        st.text_area(f"{label} as text", height=240, key=key, **keep)


def _help(node: Schema) -> str:
    """The setting's meaning and what it may be; both are the engine's words."""
    meaning = str(node.get("description", ""))
    if node.get("enum") or node.get("type") in ("boolean", "string", "object"):
        return meaning
    return f"{meaning} It may be {allowed(node)}.".strip()


def _option(option: str) -> str:
    """A choice as it is spelled: relu -> ReLU, small_steps -> Small steps."""
    if option in SPELLED:
        return SPELLED[option]
    return option.replace("_", " ").capitalize() if option.islower() else option
