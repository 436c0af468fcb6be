"""What commands print: records as JSON, tables with aligned columns, text that no terminal obeys."""

import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

from engine.plain import plain_json
from engine.store import RunRecord


def run_object(run: RunRecord) -> dict[str, Any]:
    """A run as --json prints it."""
    return asdict(run)


def print_json(value: Any) -> None:
    """One line."""
    print(plain_json(value))


def plain(text: object, width: int | None = None) -> str:
    """Text on one line without control characters, cut to `width`."""
    line = "".join(character if character.isprintable() else " " for character in str(text)).strip()
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def number(value: float | int | None) -> str:
    """A figure as people read it: 1,234, 0.0123, 475.2; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"


def moment(seconds: float | None) -> str:
    """Unix seconds as local date and time, to the minute."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """8 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Columns as wide as their widest cell, two spaces apart."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    for row in [headings, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
