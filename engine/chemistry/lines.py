"""Molecules from a text file: one a line, in a .smi or a plain list, whatever a spreadsheet or an editor made of it."""

from collections.abc import Iterator
from dataclasses import dataclass

HEADINGS = ("smiles", "canonical_smiles", "smi", "structure")
MOST_LINES = 1_000_000
LONGEST_LINE = 10_000
MARK = "\ufeff"


@dataclass(frozen=True)
class Line:
    """What a line holds: its number (from 1), its first word, and the name after it ("" where there is none)."""

    number: int
    smiles: str
    name: str = ""


def decoded(body: bytes) -> str:
    """The text of a file: UTF-8 (with or without a mark), UTF-16 where it is marked, else Latin-1, which reads all."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def read_lines(text: str) -> Iterator[Line]:
    """One Line for every line that is not blank; a first line that is a heading (as "SMILES name") is passed over.

    What follows the first blank, tab or comma is the molecule's name: SMILES holds neither.
    """
    first = True
    for number, raw in enumerate(text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = raw.strip(" \t\x0b\x0c")
        if not line:
            continue
        smiles, name = _parted(line[:LONGEST_LINE])
        if first and smiles.lower() in HEADINGS:
            first = False
            continue
        first = False
        yield Line(number, smiles, name)


def _parted(line: str) -> tuple[str, str]:
    """The first word, in quotation marks or not, and what comes after it."""
    if line.startswith('"') and '"' in line[1:]:
        smiles, _, rest = line[1:].partition('"')
        return smiles, rest.strip(" \t,")
    for place, character in enumerate(line):
        if character in " \t,":
            return line[:place], line[place + 1 :].strip(" \t,")
    return line, ""
