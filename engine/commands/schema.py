"""`schema`: prints the JSON Schema of all settings."""

import argparse
import json

from engine.config import config_schema


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="on one line")


def run(arguments: argparse.Namespace) -> int:
    print(json.dumps(config_schema(), indent=None if arguments.json else 2))
    return 0
