"""The command line: `python -m engine COMMAND`; --help lists the commands and what each takes."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import UnsupportedOperation

from engine.commands import COMMANDS, load
from engine.commands.options import SentenceParser
from engine.commands.stores import Refused
from engine.commands.text import plain
from engine.refused import Refused as RefusedByEngine
from engine.settings import InvalidSettings
from engine.store import StoreError

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130  # as shells count the end by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 the run failed, or what was to be printed could not be, 2 wrong
    input (a sentence for each problem), 130 Ctrl-C."""
    try:
        code = answer(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away: nothing to tell anybody
        drop_output()
        return 0
    except OSError as error:
        drop_output()
        print(plain(f"This could not be done: {error}"), file=sys.stderr)
        return FAILED


def drop_output() -> None:
    """What still waits to be printed goes nowhere, or Python would complain of it at the end."""
    with suppress(UnsupportedOperation):  # a caller in this process may catch it in memory
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


if __name__ == "__main__":
    sys.exit(main())
