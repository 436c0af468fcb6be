"""Molecules with a number each, from a CSV file as spreadsheets write it; what can't be read is told line by line."""

import csv
import io
import math
import re
from dataclasses import dataclass, field

from engine.chemistry.checking import refusal
from engine.chemistry.lines import HEADINGS, decoded

MOST_BYTES = 20 * 2**20
MOST_ROWS = 100_000
LARGEST = 1e12
SHOWN_COLUMNS = 20
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class BadTable(ValueError):
    """A file that is no table to learn from; the message says why and what is needed."""


@dataclass(frozen=True)
class Row:
    """One line: its number in the file (from 1), the SMILES as written, and the value."""

    line: int
    smiles: str
    value: float


@dataclass(frozen=True)
class Table:
    """What was read; refused: (line, why) for each line that holds no SMILES string or no number."""

    smiles_column: str
    value_column: str
    rows: list[Row]
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_table(body: bytes, value_column: str | None = None, smiles_column: str | None = None) -> Table:
    """A table with a heading; columns are found by themselves where they are not named. Raises BadTable."""
    if len(body) > MOST_BYTES:
        raise BadTable(f"The table has {len(body) / 2**20:.1f} MB; at most {MOST_BYTES >> 20} MB are read")
    text = decoded(body)
    if "\0" in text[:10_000]:
        raise BadTable("This is no text; the table must be a CSV file, with a column of SMILES and one of numbers")
    if not text.strip():
        raise BadTable("The table is empty; it must have a heading, and lines with a SMILES string and a number")
    lines = _lines(text)
    heading = [name.strip() for name in lines[0][1]]
    if len(lines) - 1 > MOST_ROWS:
        raise BadTable(f"The table has {len(lines) - 1:,} lines; at most {MOST_ROWS:,} are read")
    chosen = _column(heading, smiles_column) if smiles_column else _smiles_column(heading, lines)
    valued = _column(heading, value_column) if value_column else _value_column(heading, lines, chosen)
    if valued == chosen:
        raise BadTable(f"The column {heading[chosen]!a} cannot be both SMILES and number; name two columns")
    table = Table(heading[chosen], heading[valued], [], [])
    for number, cells in lines[1:]:
        smiles = cells[chosen].strip() if chosen < len(cells) else ""
        written = cells[valued].strip() if valued < len(cells) else ""
        value = as_number(written)
        if reason := refusal(smiles):
            table.refused.append((number, f"{smiles[:60]!a} is no SMILES string: {reason}"))
        elif value is None:
            table.refused.append((number, f"{heading[valued]} is {written[:40]!a}; it must be a number"))
        else:
            table.rows.append(Row(number, smiles, value))
    return table


def as_number(text: str) -> float | None:
    """12, -3.5e-2, and 3,5 as some countries write it; None for what is no number."""
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text[:40]):
        return None
    value = float(text)
    return value if math.isfinite(value) and abs(value) <= LARGEST else None


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """(line number, cells) of the heading and of every line that is not blank. Raises BadTable."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max("\t;,", key=first.count)
    if not first.count(separator):
        raise BadTable(
            f"The first line is {first.strip()[:60]!a}; it must be a heading of at least two columns, as smiles,value"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    lines = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, cells))
    except csv.Error as error:
        raise BadTable(f"Line {reader.line_num} cannot be read: {error}") from None
    return lines


def _column(heading: list[str], name: str) -> int:
    names = [column.casefold() for column in heading]
    if name.strip().casefold() not in names:
        raise BadTable(f"There is no column {name[:60]!a}; there are {_named(heading)}")
    return names.index(name.strip().casefold())


def _smiles_column(heading: list[str], lines: list[tuple[int, list[str]]]) -> int:
    """By its name, else the first whose cells mostly could be SMILES and are no numbers."""
    for place, name in enumerate(heading):
        if name.casefold() in HEADINGS:
            return place
    for place in range(len(heading)):
        cells = [cells[place].strip() for _, cells in lines[1:200] if place < len(cells)]
        fits = sum(not refusal(cell) and as_number(cell) is None and cell.lower() != cell.upper() for cell in cells)
        if cells and fits > 0.5 * len(cells):
            return place
    raise BadTable(f"No column of SMILES was found among {_named(heading)}; one should be called smiles")


def _value_column(heading: list[str], lines: list[tuple[int, list[str]]], smiles: int) -> int:
    """The only column that mostly holds numbers."""
    found = []
    for place in range(len(heading)):
        cells = [cells[place].strip() for _, cells in lines[1:200] if place < len(cells) and cells[place].strip()]
        if place != smiles and cells and sum(as_number(cell) is not None for cell in cells) > 0.5 * len(cells):
            found.append(place)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadTable(f"No column of numbers was found among {_named(heading)}; one must be what is to be predicted")
    choices = _named([heading[place] for place in found])
    raise BadTable(f"{len(found)} columns hold numbers: {choices}; name the one that is to be predicted")


def _named(heading: list[str]) -> str:
    rest = f" and {len(heading) - SHOWN_COLUMNS} more" if len(heading) > SHOWN_COLUMNS else ""
    return ", ".join(ascii(name[:40]) for name in heading[:SHOWN_COLUMNS]) + rest
