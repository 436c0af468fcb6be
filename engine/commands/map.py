"""`map`: prints one gridworld as text, with every setting written out, as `plan --map` and runs read it."""

import argparse

from engine.commands.stores import Refused
from engine.gridworlds.maps import MapError
from engine.gridworlds.presets import read_map
from engine.gridworlds.text import print_map


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a map's name, as `maps` lists them")


def run(arguments: argparse.Namespace) -> int:
    try:
        print(print_map(read_map(arguments.name)), end="")
    except MapError as error:
        raise Refused(error.problem) from None
    return 0
