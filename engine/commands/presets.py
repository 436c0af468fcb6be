"""`presets`: lists the settings that are known to work, under their names."""

import argparse

from engine.commands.text import print_json, print_table
from engine.presets import PRESETS


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object with every preset's settings")


def run(arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json({name: vars(preset) for name, preset in PRESETS.items()})
        return 0
    print_table(
        ["preset", "what it does", "takes about"],
        [[name, preset.title, preset.takes] for name, preset in PRESETS.items()],
    )
    return 0
