"""A run's best molecules as files for other programs: a table for spreadsheets, an SD file for chemistry programs."""

from typing import Any

from engine.chemistry import looking
from engine.chemistry.rewards import Objective
from engine.store import RunRecord, Store
from pages.parts.csv_file import csv_text

Molecules = list[dict[str, Any]]


def columns(molecules: Molecules, goal: Objective) -> tuple[list[str], list[list[Any]]]:
    """(names, rows): rank, SMILES, score, each component's raw value and share, how often and when it was found."""
    header = ["rank", "smiles", "score"]
    header += [column for name in goal.names for column in (name, f"{name}_score")]
    rows = []
    for rank, molecule in enumerate(molecules, start=1):
        values, parts = molecule["values"], goal.parts(molecule["values"])
        measured = [cell for name in goal.names for cell in (values.get(name), _known(parts[name]))]
        rows.append([rank, molecule["smiles"], molecule["score"], *measured, molecule["count"], molecule["step"]])
    return [*header, "times_found", "first_found_in_round"], rows


def csv(store: Store, run: RunRecord, molecules: Molecules, goal: Objective) -> str:
    """The table, with cells that a spreadsheet would run as formulas quoted."""
    return csv_text(*columns(molecules, goal))


def sdf(store: Store, run: RunRecord, molecules: Molecules, goal: Objective) -> str:
    """One record per molecule: a block with coordinates on paper, and the table's columns as its data items."""
    header, rows = columns(molecules, goal)
    blocks = looking.written([molecule["smiles"] for molecule in molecules])
    records = []
    for row, block in zip(rows, blocks, strict=True):
        if "block" not in block:
            continue
        title, rest = f"{run.run_id}-{row[0]}", block["block"].split("\n", 1)[1]
        items = "".join(
            f">  <{name}>\n{value}\n\n" for name, value in zip(header, row, strict=True) if value is not None
        )
        records.append(f"{title}\n{rest}{items}$$$$\n")
    return "".join(records)


def _known(share: float) -> float | None:
    return round(share, 4) if share == share else None
