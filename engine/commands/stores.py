"""Where a command finds its store, and the runs in it."""

import argparse
import os

from engine.store import NoStore, RunRecord, Store, open_store

DEFAULT = "store/uphill.db"


class Refused(Exception):
    """A command that cannot be done; `problems` holds one sentence for each reason."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def add_store_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="PATH_OR_URL",
        default=os.environ.get("UPHILL_STORE", DEFAULT),
        help=f"the store: a file, or the address of a database (default {DEFAULT}, or the variable UPHILL_STORE)",
    )


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help="a run's id, or the beginning of it")


def existing_store(address: str) -> Store:
    """Open a store to read it. Raises Refused if there is none: reading makes nothing."""
    try:
        return open_store(address, create=False)
    except NoStore as missing:
        raise Refused(f"{missing}; `python -m engine train` makes one, --store names another") from None


def find_run(store: Store, beginning: str) -> RunRecord:
    """The one run whose id begins so. Raises Refused if there is none or more than one."""
    found = store.runs_beginning(beginning) if beginning else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"There is no run {beginning[:40]!r} in this store; `python -m engine runs` lists them")
    raise Refused(f"{len(found)} runs begin with {beginning[:40]!r}; write more of the id")
