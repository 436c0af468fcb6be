"""Which command is asked for, what is wrong with how it is asked, and its answer."""

import sys
from collections.abc import Sequence

from engine.commands import COMMANDS, load
from engine.commands.options import SentenceParser
from engine.commands.stores import Refused
from engine.commands.text import plain
from engine.refused import Refused as RefusedByEngine
from engine.settings import InvalidSettings
from engine.store import StoreError

WRONG_INPUT = 2


def answer(arguments: Sequence[str] | None) -> int:
    """Do what a command asks; returns the exit code."""
    parser = SentenceParser(prog="python -m engine", description="Train policy-gradient agents without the dashboard.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=SentenceParser)
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if given[:1] == [name]:
            command.description = load(name).__doc__
            load(name).configure(command)
    chosen, unknown = parser.parse_known_args(given)
    if unknown:
        subparser = commands.choices[chosen.command]
        return refuse([subparser.nearest(word) for word in unknown if word.startswith("-")] or [stray(unknown)])
    try:
        return load(chosen.command).run(chosen)
    except (InvalidSettings, Refused) as error:
        return refuse(error.problems)
    except (StoreError, RefusedByEngine) as error:
        return refuse([str(error)])


def refuse(problems: list[str]) -> int:
    for problem in problems:
        print(plain(problem), file=sys.stderr)
    return WRONG_INPUT


def stray(words: list[str]) -> str:
    return f"{words[0]!r} was not expected here; --help shows what is"
