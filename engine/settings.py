"""The base of every settings model: strict fields, and errors as sentences a person can act on."""

import difflib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_BYTES = 65_536
MAX_DEPTH = 12
MAX_PARSED_DEPTH = 100  # up to here the field that is nested too deep is named; pydantic reads 200 levels
SHOWN_CHARACTERS = 60
EXACT = 2**53  # up to here every whole number is a float of its own
MAX_PROBLEMS = 20
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING = r'(?s)"(?:[^"\\]++|\\.?)*+"?'  # to the end of the text where it is not closed; possessive, so linear
SEEN_AT_A_GLANCE = 6  # choices


class InvalidSettings(ValueError):
    """Settings that were refused; `problems` holds one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


def setting(
    default: Any,
    *,
    label: str,
    help: str,
    live: bool = False,
    expert: bool = False,
    **bounds: Any,
) -> Any:
    """A field with its default, bounds (ge, gt, le, lt, min_length, ...), label and help.

    live: may be changed while a run trains. expert: folded away in the form.
    """
    extra: dict[str, Any] = {"label": label, "live": live, "expert": expert}
    return Field(default, description=help, json_schema_extra=extra, **bounds)


class Settings(BaseModel):
    """Frozen and strict: no unknown key, no NaN or infinity, no text or boolean where a number belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read settings from JSON. Raises InvalidSettings with one sentence per problem."""
        size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        if size > MAX_BYTES:
            raise InvalidSettings([f"The settings are {size:,} bytes; at most {MAX_BYTES:,} are allowed"])
        if depth(text) > MAX_DEPTH:
            raise InvalidSettings([f"The settings are nested more than {MAX_DEPTH} levels deep"])
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidSettings([f"The settings are not JSON: {error}"]) from None
        return cls.from_object(value)

    @classmethod
    def from_object(cls, value: Any) -> Self:
        """Read settings from plain dicts, lists and numbers. Raises InvalidSettings."""
        if not isinstance(value, dict):
            raise InvalidSettings([f"The settings are {shown(value)}; they must be an object of named fields"])
        try:
            text = json.dumps(value)
        except RecursionError:
            raise InvalidSettings([f"The settings are nested more than {MAX_DEPTH} levels deep"]) from None
        except (TypeError, ValueError) as error:
            raise InvalidSettings([f"The settings cannot be written as JSON: {error}"]) from None
        if len(text) > MAX_BYTES:
            raise InvalidSettings([f"The settings are {len(text):,} bytes; at most {MAX_BYTES:,} are allowed"])
        if depth(text) > MAX_PARSED_DEPTH:
            raise InvalidSettings([f"The settings are nested more than {MAX_DEPTH} levels deep"])
        broken = [
            f"{path} is {shown(text)}; it must be text without half a surrogate pair" for path, text in _broken(value)
        ]
        if broken:
            raise InvalidSettings(_few(broken))
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            if (whole := _in_whole_numbers(text, error)) is not None:
                return cls.from_object(whole)
            raise InvalidSettings(problems(error, cls, value)) from None

    def to_json(self) -> str:
        return self.model_dump_json()


def _in_whole_numbers(text: str, error: ValidationError) -> dict[str, Any] | None:
    """The settings with 1e6 as 1000000 where a whole number belongs: JSON and its schemas know one number only. None if
    no such place is among the errors."""
    tree, found = json.loads(text), False
    for item in error.errors(include_url=False):
        number = item["input"]
        if item["type"] != "int_type" or not isinstance(number, float) or abs(number) > EXACT or number % 1:
            continue
        *places, last = item["loc"]
        node, found = tree, True
        for place in places:
            if not isinstance(node, dict) or place != node.get("kind"):  # which is not part of the way
                node = node[place]
        node[last] = int(number)
    return tree if found else None


def depth(text: str | bytes) -> int:
    """How many objects and arrays are open at once in a JSON text, at the deepest; brackets in strings open none."""
    text = re.sub(_STRING.encode(), b"", text) if isinstance(text, bytes) else re.sub(_STRING, "", text)
    opening, closing = (b"[{", b"]}") if isinstance(text, bytes) else ("[{", "]}")
    level = deepest = 0
    for character in text:
        level += (character in opening) - (character in closing)
        deepest = max(deepest, level)
    return deepest


def shown(value: Any) -> str:
    """A value as an error shows it: JSON, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def problems(error: ValidationError, model: type[BaseModel], value: Any) -> list[str]:
    """One sentence for each error: the field, the value it had, and what is allowed."""
    schema = _schema(model)
    # A default that follows from another field is not there where that field was refused; that is no second mistake.
    found = [item for item in error.errors(include_url=False) if item["type"] != "default_factory_not_called"]
    return _few([_sentence(item, schema, value) for item in found])


@cache
def _schema(model: type[BaseModel]) -> dict:
    return model.model_json_schema()


def _few(sentences: list[str]) -> list[str]:
    """The first sentences, and how many more there are."""
    rest = len(sentences) - MAX_PROBLEMS
    return sentences if rest <= 0 else [*sentences[:MAX_PROBLEMS], f"There are {rest:,} more problems like these"]


def _broken(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text (path, text), and each name, that no file could hold as UTF-8."""
    if isinstance(value, str) and _LONE_SURROGATE.search(value):
        yield path, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for name, part in parts:
        if isinstance(name, str) and _LONE_SURROGATE.search(name):
            yield "A name of a setting", name
        yield from _broken(part, f"{path}.{_named_plainly(name)}" if path else _named_plainly(name))


def _named_plainly(name: Any) -> str:
    """A setting's name as it is; anything else as JSON, which no terminal obeys and which is not too long."""
    text = str(name)
    return text if text.isidentifier() and text.isascii() and len(text) <= SHOWN_CHARACTERS else shown(name)


def _sentence(item: Any, schema: dict, value: Any) -> str:
    path, node = _walk(schema, item["loc"], value)
    name = ".".join(path) or "The settings"
    match item["type"]:
        case "extra_forbidden":
            return f"{name} is not a setting{_nearest(str(item['loc'][-1]), node)}"
        case "missing":
            return f"{name} is missing; it must be {allowed(node)}"
        case "value_error":
            return _named(str(item["ctx"]["error"]), path, node)
        case "union_tag_not_found":
            return f"{name}.kind is missing; it must be {allowed(node)}"
        case "union_tag_invalid":
            return f"{name}.kind is {shown(item['input'].get('kind'))}; it must be {allowed(node)}"
    return f"{name} is {shown(item['input'])}; it must be {allowed(node)}{_meant(item['input'], node)}"


def _meant(value: Any, node: dict) -> str:
    """The nearest of a field's choices, if one is near; a few are read at a glance."""
    choices = {str(choice).lower(): str(choice) for choice in node.get("enum", [])}
    if len(choices) <= SEEN_AT_A_GLANCE or not isinstance(value, str):
        return ""
    near = difflib.get_close_matches(value[:SHOWN_CHARACTERS].lower(), choices, n=1, cutoff=0.5)
    return f"; did you mean {choices[near[0]]}?" if near else ""


def _named(sentence: str, path: list[str], node: dict) -> str:
    """A validator's own sentence, with the full path where it begins with the bare name of the field, or of a field of
    an object that lies deeper than a section."""
    if path and sentence.startswith(f"{path[-1]} "):
        return ".".join([*path[:-1], sentence])
    if len(path) > 1 and sentence.split(" ")[0] in node.get("properties", {}):
        return ".".join([*path, sentence])
    return sentence


def _walk(schema: dict, loc: tuple, value: Any) -> tuple[list[str], dict]:
    """Follow an error's location through the schema; a union's tag is not part of the field's name."""
    node, path = schema, []
    for step in loc:
        node = _resolved(node, schema)
        tags = node.get("discriminator", {}).get("mapping", {})
        if step in tags:
            node = _resolved({"$ref": tags[step]}, schema)
            continue
        path.append(str(step) if isinstance(step, int) else _named_plainly(step))
        if isinstance(step, str):
            node = node.get("properties", {}).get(step, node)
        else:
            node = node.get("items") or (node.get("prefixItems") or [{}])[0]
    return path, _resolved(node, schema)


def _resolved(node: dict, schema: dict) -> dict:
    while "$ref" in node:
        node = {**schema["$defs"][node["$ref"].split("/")[-1]], **{k: v for k, v in node.items() if k != "$ref"}}
    return node


def _nearest(key: str, node: dict) -> str:
    known = list(node.get("properties", {}))
    near = difflib.get_close_matches(key[:100].lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"


def allowed(node: dict) -> str:
    """What a field's JSON schema allows, in words: "between 0.01 and 1.0", "one of pg, ppo"."""
    if "discriminator" in node:
        return f"one of {', '.join(node['discriminator']['mapping'])}"
    if "const" in node:
        return shown(node["const"])
    if "enum" in node:
        return f"one of {', '.join(str(choice) for choice in node['enum'])}"
    if "anyOf" in node:
        return " or ".join(allowed(choice) for choice in node["anyOf"])
    match node.get("type"):
        case "integer":
            return f"a whole number{_bounds(node)}"
        case "number":
            return f"a number{_bounds(node)}"
        case "string":
            return f"text{_length(node, 'characters')}"
        case "array":
            return f"a list{_length(node, 'items')} of {allowed(node.get('items', {}))}"
        case "boolean":
            return "true or false"
        case "null":
            return "null"
        case "object":
            return "an object of named fields"
    return "a value of another kind"


def _bounds(node: dict) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f" between {_plain(low)} and {_plain(high)}"
    if node.get("exclusiveMinimum") is not None and high is not None:
        return f" above {_plain(node['exclusiveMinimum'])} and at most {_plain(high)}"
    if low is not None:
        return f" of at least {_plain(low)}"
    return f" of at most {_plain(high)}" if high is not None else ""


def _length(node: dict, unit: str) -> str:
    low = node.get("minLength", node.get("minItems"))
    high = node.get("maxLength", node.get("maxItems"))
    if low is None and high is None:
        return ""
    return f" of {low or 0} to {high} {unit}" if high is not None else f" of at least {low} {unit}"


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) >= 10 else str(number)
