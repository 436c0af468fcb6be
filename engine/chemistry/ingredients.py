"""What formulas are made of: every name in one must be another part, or a kind that needs nothing said about it."""

from typing import Any

from engine.chemistry.components import component
from engine.chemistry.expressions import BadExpression, parse
from engine.chemistry.properties import PROPERTIES
from engine.chemistry.rewards import names_of

# Kinds that a formula may name without their being among the parts: those without parameters, and two with usual ones
IMPLIED = tuple(
    name for name, known in PROPERTIES.items() if not known.parameters.model_fields or name in ("similarity", "alerts")
)


def with_ingredients(components: tuple[Any, ...]) -> tuple[Any, ...]:
    """The components, and with weight 0 those that formulas name besides. Raises ValueError, naming the component."""
    names, added = names_of(components), dict[str, Any]()
    known = [name for name, one in zip(names, components, strict=True) if one.kind != "expression"]
    for place, (own, one) in enumerate(zip(names, components, strict=True)):
        if one.kind != "expression":
            continue
        for name in _named(one.expression, f"components.{place}.expression"):
            if name in known or name in added:
                continue
            if name not in IMPLIED:
                choices = ", ".join(dict.fromkeys((*known, *IMPLIED)))
                raise ValueError(f"components.{place}.expression names {name[:40]!a}; known here: {choices}")
            added[name] = component(name, name=name, weight=0.0)
        known.append(own)
    return (*components, *_trust((*components, *added.values())), *added.values())


def _trust(components: tuple[Any, ...]) -> list[Any]:
    """With weight 0, how near the predictors' own molecules are, where that is not among the parts."""
    there = {one.model for one in components if one.kind == "nearest"}
    asked = dict.fromkeys(one.model for one in components if one.kind == "predictor")
    return [
        component("nearest", model=model, name=f"nearest_{model}"[:40], weight=0.0)
        for model in asked
        if model not in there
    ]


def _named(text: str, path: str) -> tuple[str, ...]:
    try:
        return parse(text).names
    except BadExpression as error:
        raise ValueError(f"{path} is {text[:60]!a}; {error}") from None
