"""`metrics`: prints the recorded metrics of a run, one row per iteration."""

import argparse
import csv
import sys

from engine.commands.options import whole_number
from engine.commands.stores import Refused, add_run_argument, add_store_option, existing_store, find_run
from engine.commands.text import print_json
from engine.export import csv_cell

MOST_STEPS = 10_000_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    add_store_option(parser)
    since = whole_number("--since", 0, MOST_STEPS)
    parser.add_argument("--since", type=since, default=0, metavar="STEP", help="only iterations after this one")
    parser.add_argument("--only", metavar="NAMES", help="only these metrics, separated by commas")
    parser.add_argument("--json", action="store_true", help="print one JSON object: names, steps, values")


def run(arguments: argparse.Namespace) -> int:
    store = existing_store(arguments.store)
    table = store.metrics(find_run(store, arguments.run_id).run_id, since=arguments.since)
    names = table.names if arguments.only is None else arguments.only.split(",")
    unknown = [name for name in names if name not in table.names]
    if unknown:
        known = ", ".join(table.names) or "none"
        raise Refused(*(f"This run has no metric {name[:40]!r}; it has {known}" for name in unknown))
    values = table.values[:, [table.names.index(name) for name in names]].tolist()
    if arguments.json:
        steps = table.steps.tolist()
        print_json({"names": names, "steps": steps, "values": values, "last_step": table.last_step})
        return 0
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["step", *names])
    for step, row in zip(table.steps.tolist(), values, strict=True):
        rows.writerow([step, *map(csv_cell, row)])
    return 0
