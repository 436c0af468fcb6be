"""`objectives`: lists the goals that molecules can be scored by, and the parts that a goal of one's own can have."""

import argparse
from typing import Any

from engine.chemistry.objectives import OBJECTIVES
from engine.chemistry.properties import PROPERTIES
from engine.chemistry.transforms import TRANSFORMS
from engine.commands.text import print_json, print_table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", action="store_true", help="list the parts and transforms for a goal of one's own")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json({"objectives": _objectives(), "parts": _parts(), "transforms": _transforms()})
        return 0
    if arguments.parts:
        print_table(["part", "what its number means"], [[name, part["meaning"]] for name, part in _parts().items()])
        print()
        print_table(["transform", "what it does"], [[name, shape["meaning"]] for name, shape in _transforms().items()])
        return 0
    print("A score is 0 to 1 and more is better; 1 means what the last column says.\n")
    print_table(
        ["objective", "what to do", "1 means"],
        [
            [name, ready.sentence + (" Needs --reference." if ready.needs_reference else ""), ready.best]
            for name, ready in OBJECTIVES.items()
        ],
    )
    return 0


def _objectives() -> dict[str, Any]:
    return {
        name: {
            "title": ready.title,
            "sentence": ready.sentence,
            "direction": "maximise",
            "limits": [0.0, 1.0],
            "best": ready.best,
            "mean": ready.mean,
            "needs_reference": ready.needs_reference,
            "rediscovers": ready.rediscovers,
            "components": [component.model_dump(mode="json") for component in ready.components],
        }
        for name, ready in OBJECTIVES.items()
    }


def _parts() -> dict[str, Any]:
    return {
        name: {
            "label": known.label,
            "unit": known.unit,
            "meaning": known.meaning,
            "usual": list(known.usual),
            "transform": known.transform.model_dump(mode="json"),
            "parameters": known.parameters.model_json_schema().get("properties", {}),
        }
        for name, known in PROPERTIES.items()
    }


def _transforms() -> dict[str, Any]:
    return {
        shape.model_fields["kind"].default: {
            "meaning": (shape.__doc__ or "").strip(),
            "parameters": {
                name: field for name, field in shape.model_json_schema()["properties"].items() if name != "kind"
            },
        }
        for shape in TRANSFORMS
    }
