"""The command line: `python -m engine COMMAND`; --help lists the commands and what each takes."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import UnsupportedOperation

FAILED = 1
INTERRUPTED = 130  # as shells count the end by Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 the run failed, or what was to be printed could not be, 2 wrong
    input (a sentence for each problem), 130 Ctrl-C."""
    try:
        from engine.commands.answering import answer  # not above: it takes a while, in which Ctrl-C may be pressed

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
        from engine.commands.text import plain

        print(plain(f"This could not be done: {error}"), file=sys.stderr)
        return FAILED


def drop_output() -> None:
    """What still waits to be printed goes nowhere, or Python would complain of it at the end."""
    with suppress(UnsupportedOperation):  # a caller in this process may catch it in memory
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:  # which a second press changes nothing about
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
