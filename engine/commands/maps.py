"""`maps`: lists the gridworlds that come with the project."""

import argparse

from engine.commands.text import print_json, print_table
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import print_map


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object with every map's text")


def run(arguments: argparse.Namespace) -> int:
    grids = {name: read_map(name) for name in MAPS}
    if arguments.json:
        print_json(
            {
                name: {"about": MAPS[name].about, "rows": grid.rows, "cols": grid.cols, "text": print_map(grid)}
                for name, grid in grids.items()
            }
        )
        return 0
    print_table(
        ["map", "size", "what it is"],
        [[name, f"{grid.rows}x{grid.cols}", MAPS[name].about] for name, grid in grids.items()],
    )
    return 0
