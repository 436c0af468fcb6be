"""Command-line options made from the schema of RunConfig: one for each setting, under the setting's own name."""

import argparse
import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.commands.text import plain
from engine.settings import InvalidSettings, allowed


@dataclass(frozen=True)
class Option:
    """A setting as the command line sees it: its dotted path, what it is called, what it means, what it may be."""

    path: str
    label: str
    meaning: str
    allowed: str
    is_text: bool

    @property
    def flags(self) -> list[str]:
        """`--algorithm.clip-range`, and the same with underscores."""
        dashed = "--" + self.path.replace("_", "-")
        return [dashed] if "_" not in self.path else [dashed, "--" + self.path]


def options(schema: dict[str, Any]) -> dict[str, Option]:
    """Every setting of the schema by its path. One that several kinds have is listed once, as the first states it."""
    found: dict[str, Option] = {}
    for path, node in _leaves(schema, schema, ""):
        kinds = {part.get("type", "string") for part in node.get("anyOf", [node])}
        option = Option(path, node.get("label", ""), node.get("description", ""), allowed(node), "string" in kinds)
        found.setdefault(path, option)
    return found


def _leaves(node: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in node:
        node = {**schema["$defs"][node["$ref"].split("/")[-1]], **{k: v for k, v in node.items() if k != "$ref"}}
    variants = node.get("oneOf", [])
    if variants:
        section = path.split(".")[-1]
        kinds = list(node["discriminator"]["mapping"])
        yield f"{path}.kind", {"type": "string", "enum": kinds, "description": f"Which {section}"}
    elif "properties" not in node:
        yield path, node
    for variant in variants:
        yield from _leaves(variant, schema, path)
    for name, child in node.get("properties", {}).items():
        yield from _leaves(child, schema, f"{path}.{name}" if path else name)


class SentenceParser(argparse.ArgumentParser):
    """An argument parser that refuses with one sentence and exit code 2, without the usage text."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **arguments})

    def error(self, message: str) -> NoReturn:
        named = re.match(r"argument (\S+?)(?:/\S+)?: (.*)", message, re.DOTALL)
        if named:
            name, rest = named.groups()
            message = rest if rest.startswith(name) else f"{name}: {rest}"
        self.exit(2, plain(f"{message[:1].upper()}{message[1:]}") + "\n")

    def nearest(self, unknown: str) -> str:
        """The sentence about an option that does not exist."""
        name = unknown.split("=")[0]
        known = [flag for action in self._actions for flag in action.option_strings]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        return f"{name} is not an option" + (f"; did you mean {near[0]}?" if near else "; --help lists them")


class Assign(argparse.Action):
    """Keeps `path, text` pairs in the order they were written, whether as --set PATH=VALUE or as --path VALUE."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        path, text = (self.dest, values)
        if flag == "--set":
            path, equals, text = values.partition("=")
            if not equals:
                parser.error(f"--set {values} has no value; write --set {values}=VALUE")
        pairs = [*(getattr(namespace, "assignments", None) or []), (path, text)]
        namespace.assignments = pairs


def add_setting_options(parser: argparse.ArgumentParser, schema: dict[str, Any]) -> None:
    """--set, and an option for every setting, all collected in `assignments`."""
    parser.add_argument(
        "--set", action=Assign, metavar="PATH=VALUE", help="change a setting, as algorithm.clip_range=0.1"
    )
    parser.set_defaults(assignments=[])
    group = parser.add_argument_group("settings", "each may also be written as --set PATH=VALUE")
    for option in options(schema).values():
        text = f"{option.meaning or option.label} ({option.allowed})".replace("%", "%%")
        group.add_argument(
            *option.flags, dest=option.path, action=Assign, metavar="VALUE", help=text, default=argparse.SUPPRESS
        )


def assign(config: dict[str, Any], assignments: list[tuple[str, str]], schema: dict[str, Any]) -> dict[str, Any]:
    """`config` with the assignments written in. Another `kind` starts its section afresh.

    Raises InvalidSettings for a path that leads through something that is no section.
    """
    known = options(schema)
    config = json.loads(json.dumps(config))
    for path, text in sorted(assignments, key=lambda pair: not pair[0].endswith(".kind")):
        is_text = path in known and known[path].is_text
        *sections, name = path.split(".")
        section = config
        for depth, step in enumerate(sections, 1):
            before = ".".join(sections[:depth])
            section = section.setdefault(step, {})
            if before in known or not isinstance(section, dict):
                raise InvalidSettings([f"{path} is not a setting: {before} has no parts"])
        if name == "kind" and section.get("kind") != text:
            section.clear()
        section[name] = value(text, is_text)
    return config


def value(text: str, is_text: bool = False) -> Any:
    """What was typed, read as JSON, else as text; `12` typed for a setting that takes text stays text."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if is_text and not isinstance(parsed, str | None) else parsed


def whole_number(name: str, low: int, high: int) -> Callable[[str], int]:
    """What argparse calls to read the whole number of option `name`, between low and high."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"{name} is {text[:40]!r}; it must be a whole number between {low} and {high}"
            )
        return int(text)

    return read
