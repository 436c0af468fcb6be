"""`show`: prints one run: its state, figures, settings and what happened to it."""

import argparse
import json

from engine import commentary
from engine.changes import config_at
from engine.commands.stores import add_run_argument, add_store_option, existing_store, find_run
from engine.commands.text import duration, moment, number, plain, print_json, run_object
from engine.config import RunConfig

ROWS_FOR_SENTENCE = 400


def configure(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    add_store_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    store = existing_store(arguments.store)
    found = find_run(store, arguments.run_id)
    events = store.events(found.run_id)
    table = store.metrics(found.run_id, since=max(0, found.iteration - ROWS_FOR_SENTENCE))
    sentence = commentary.sentence(found, table)
    if arguments.json:
        happened = [{"step": event.step, "kind": event.kind, "at": event.at} | event.payload for event in events]
        print_json(run_object(found) | {"sentence": sentence, "events": happened})
        return 0
    print(f"{found.run_id}  {plain(found.name)}  ({found.state})")
    print(plain(sentence))
    if found.details:
        print(found.details)
    print(f"seed {found.seed}, created {moment(found.created_at)}, trained {duration(found.wall_s)}")
    print(f"iteration {number(found.iteration)}, {number(found.env_steps)} of {number(found.budget)} steps")
    print(f"best {number(found.best)}, last {number(found.last_return)}")
    for event in events:
        print(f"  {moment(event.at)}  iteration {event.step}: {event.kind} {plain(json.dumps(event.payload), 120)}")
    print("settings as they stand now:")
    print(
        json.dumps(config_at(RunConfig.from_object(found.config), events, found.iteration + 1).model_dump(), indent=2)
    )
    return 0
