"""Calling `python -m engine` in this process, for the tests of its commands."""

from engine.__main__ import main


def call(capsys, *arguments):
    """(exit code, stdout, stderr) of a command."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()
