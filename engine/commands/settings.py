"""`settings`: prints every setting with its default and what is allowed, as the Markdown of docs/settings.md."""

import argparse
from collections.abc import Iterator
from typing import Any

from engine.config import config_schema

HEAD = """# Settings

Every setting of a run, as forms, `--set PATH=VALUE`, routes and configuration files take it. Made by
`python -m engine settings` from the one schema; those with a `*` may be changed while the run trains.
"""
TABLE = "\n| setting | default | allowed | what it does |\n|---|---|---|---|\n"


def configure(parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    print(reference(), end="")
    return 0


def reference() -> str:
    """All settings as Markdown, a table for the run and one for every kind of each of its parts."""
    schema = config_schema()
    own = {name: field for name, field in schema["properties"].items() if not _parts(field)}
    tables = [_table("Run", "", own)]
    for section, field in schema["properties"].items():
        for name in _parts(field):
            part = schema["$defs"][name]["properties"]
            kind = part.get("kind", {}).get("const")
            tables.append(_table(f"{section}: {kind}" if kind else section, f"{section}.", part))
    return HEAD + "".join(tables)


def _parts(field: dict[str, Any]) -> list[str]:
    """The names of the models that a field may hold."""
    return [option["$ref"].rsplit("/", 1)[1] for option in [field, *field.get("oneOf", [])] if "$ref" in option]


def _table(title: str, prefix: str, fields: dict[str, Any]) -> str:
    return f"\n## {title[0].upper()}{title[1:]}\n" + TABLE + "".join(_lines(prefix, fields))


def _lines(prefix: str, fields: dict[str, Any]) -> Iterator[str]:
    for name, field in fields.items():
        live = "*" if field.get("live") else ""
        default = f"`{field['default']}`" if field.get("default") not in (None, "") else ""
        label, meaning = field.get("label"), field.get("description", "")
        text = f"{label}. {meaning}".strip() if label else meaning
        yield f"| `{prefix}{name}`{live} | {default} | {_allowed(field)} | {text.replace('|', '/')} |\n"


def _allowed(field: dict[str, Any]) -> str:
    """What a field takes, in words."""
    if "anyOf" in field:
        return " or ".join(_allowed(option) for option in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "discriminator" in field:
        return "objects of kind " + ", ".join(f"`{kind}`" for kind in field["discriminator"]["mapping"])
    if field["type"] == "array":
        return f"list of {_allowed(field['items'])}"
    bounds = [
        f"{word} {field[key]}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in field
    ]
    kinds = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "string": "text",
        "null": "none",
    }
    return " ".join([kinds.get(field["type"], field["type"]), *bounds])
