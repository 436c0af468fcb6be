"""`runs`: lists the runs of a store, newest first."""

import argparse

from engine.commands.options import whole_number
from engine.commands.stores import add_store_option, existing_store
from engine.commands.text import moment, number, plain, print_json, print_table, run_object
from engine.store import STATES

MOST_LISTED = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    add_store_option(parser)
    parser.add_argument("--search", metavar="TEXT", help="only runs whose name, tags or notes contain this")
    parser.add_argument("--state", choices=STATES, help="only runs in this state")
    limit = whole_number("--limit", 0, MOST_LISTED)
    parser.add_argument("--limit", type=limit, default=50, metavar="N", help="at most so many (default 50)")
    parser.add_argument("--json", action="store_true", help="print one JSON object: runs and their total")


def run(arguments: argparse.Namespace) -> int:
    store = existing_store(arguments.store)
    chosen = {"search": arguments.search, "state": arguments.state}
    found = store.runs(**chosen, limit=arguments.limit)
    total = store.count_runs(**chosen)
    if arguments.json:
        print_json({"runs": [run_object(item) for item in found], "total": total})
        return 0
    rows = [
        [item.run_id, item.state, plain(item.name, 40), item.task, item.algorithm, str(item.seed)] for item in found
    ]
    for row, item in zip(rows, found, strict=True):
        row += [number(item.env_steps), number(item.best), moment(item.created_at)]
    print_table(["run", "state", "name", "task", "algorithm", "seed", "steps", "best", "created"], rows)
    if total > len(found):
        print(f"{total - len(found)} more; --limit shows them")
    return 0
