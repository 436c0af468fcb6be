"""`resume`: goes on with a run from its newest undamaged checkpoint, here, in this process."""

import argparse

from engine.commands.following import train_here
from engine.commands.stores import add_run_argument, add_store_option, existing_store, find_run
from engine.service import Engine


def configure(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    add_store_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")


def run(arguments: argparse.Namespace) -> int:
    with existing_store(arguments.store) as store:
        run_id = find_run(store, arguments.run_id).run_id

    def resumed(engine: Engine) -> str:
        engine.resume(run_id)
        return run_id

    return train_here(arguments.store, resumed, arguments.json)
