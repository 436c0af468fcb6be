"""`score`: scores any molecules by an objective, in worker processes, one result for every line."""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.chemistry.goal import mix_of, named
from engine.chemistry.lines import MOST_LINES, Line, decoded, read_lines
from engine.chemistry.rewards import Objective
from engine.chemistry.scoring import Scored, Scorer
from engine.chemistry.workers import WorkersUnavailable
from engine.commands.options import whole_number
from engine.commands.stores import Refused
from engine.commands.text import number, plain, print_table
from engine.plain import plain_json

BATCH = 512  # lines at a time: enough to keep the workers busy, few enough to show progress and hold little
MOST_BYTES = 1 << 30


def configure(parser: argparse.ArgumentParser) -> None:
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--objective", metavar="NAME", help="a name that `python -m engine objectives` lists")
    goal.add_argument(
        "--components",
        metavar="FILE",
        help='a goal of one\'s own as JSON: {"components": [{"kind": "qed", "weight": 2}, ...], "mean": "geometric"}',
    )
    parser.add_argument("--reference", default="", metavar="SMILES", help="the molecule that similarity compares with")
    parser.add_argument(
        "--smiles",
        required=True,
        metavar="FILE",
        help="a SMILES a line, - for standard input; what follows a blank, tab or comma is the molecule's name, blank "
        "lines and a heading are passed over",
    )
    workers, seconds = whole_number("workers", 1, 64), whole_number("timeout", 1, 600)
    parser.add_argument("--workers", type=workers, default=2, metavar="N", help="processes that score (default 2)")
    parser.add_argument("--timeout", type=seconds, default=3, metavar="SECONDS", help="for one molecule (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    objective = _objective(arguments)
    lines = list(read_lines(decoded(_body(arguments.smiles, "a SMILES string a line"))))
    if not lines:
        raise Refused(f"{_source(arguments.smiles)} holds no molecule; it must have a SMILES string a line")
    if len(lines) > MOST_LINES:
        raise Refused(
            f"{_source(arguments.smiles)} holds {len(lines):,} lines; at most {MOST_LINES:,} are scored at once"
        )
    scorer = Scorer(objective.questions, min(arguments.workers, len(lines)), arguments.timeout)
    try:
        target = scorer.score([objective.target])[0].canonical if objective.target else None
        results = _results(scorer, objective, lines, target)
        _print_json(results, arguments, objective) if arguments.json else _print_table(results)
    except WorkersUnavailable as error:
        raise Refused(str(error)) from None
    finally:
        scorer.close()
    return 0


def _objective(arguments: argparse.Namespace) -> Objective:
    """The goal asked for. Raises InvalidSettings."""
    if arguments.objective is not None:
        return named(arguments.objective, arguments.reference)
    return mix_of(decoded(_body(arguments.components, "a goal as JSON")), arguments.reference)


def _source(path: str) -> str:
    return "Standard input" if path == "-" else str(path)[:200]


def _body(path: str, holding: str) -> bytes:
    """The bytes of a file with what it should be `holding`, or standard input's. Raises Refused."""
    try:
        if path == "-":
            body = sys.stdin.buffer.read(MOST_BYTES + 1)
        elif Path(path).is_dir():
            raise Refused(f"{_source(path)} is a folder; it must be a file with {holding}")
        else:
            with open(path, "rb") as file:
                body = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(f"{_source(path)!r} cannot be read: {why}") from None
    if len(body) > MOST_BYTES:
        raise Refused(f"{_source(path)} is larger than {MOST_BYTES >> 30} GiB; score it in parts")
    return body


def _results(scorer: Scorer, objective: Objective, lines: list[Line], target: str | None) -> Iterator[dict[str, Any]]:
    """One result for every line, in order."""
    for start in range(0, len(lines), BATCH):
        some = lines[start : start + BATCH]
        for line, item in zip(some, scorer.score([line.smiles for line in some]), strict=True):
            yield _result(line, item, objective, target)
        if sys.stderr.isatty():
            print(f"{min(start + BATCH, len(lines)):,} of {len(lines):,}", end="\r", file=sys.stderr, flush=True)


def _result(line: Line, item: Scored, objective: Objective, target: str | None) -> dict[str, Any]:
    """Numbers are null where there are none, and `reason` says why."""
    item = replace(item, values=item.values if item.valid else {})
    parts = objective.parts(item.values)
    score = objective.score(item.values)
    result: dict[str, Any] = {
        "line": line.number,
        "smiles": line.smiles,
        "name": line.name,
        "canonical": item.canonical,
        "valid": item.canonical is not None,
        "score": score,
        "components": {name: {"value": item.values.get(name, math.nan), "part": part} for name, part in parts.items()},
        "reason": item.reason,
    }
    if objective.target is not None:
        result["found"] = item.canonical is not None and item.canonical == target
    return result


def _print_json(results: Iterator[dict[str, Any]], arguments: argparse.Namespace, objective: Objective) -> None:
    """One object on one line, written as the results come: a hundred thousand of them need not be held."""
    head = {"objective": arguments.objective or "custom", "mean": objective.mean, "target": objective.target}
    sys.stdout.write(plain_json(head)[:-1] + ',"results":[')
    lines = scored = found = 0
    for result in results:
        sys.stdout.write("," * bool(lines) + plain_json(result))
        lines, scored = lines + 1, scored + math.isfinite(result["score"])
        found += result.get("found", False)
    tail = {"lines": lines, "scored": scored} | ({"found": found} if objective.target is not None else {})
    sys.stdout.write("]," + plain_json(tail)[1:] + "\n")


def _print_table(results: Iterator[dict[str, Any]]) -> None:
    print_table(
        ["score", "molecule", "name", "why not, or what it is"],
        [
            [
                number(result["score"]),
                plain(result["smiles"], 60),
                plain(result["name"], 24),
                plain(result["reason"] or ("found" if result.get("found") else _told(result)), 100),
            ]
            for result in results
        ],
    )


def _told(result: dict[str, Any]) -> str:
    return ", ".join(f"{name} {number(part['value'])}" for name, part in result["components"].items())
