"""CSV that a spreadsheet opens without running anything: text that looks like a formula is quoted."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from engine.export import csv_cell
from pages.parts.comparison import Item, curves


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV file as text, by RFC 4180."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([csv_cell(name) for name in header])
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return out.getvalue()


def curves_csv(store: Any, items: Sequence[Item], metrics: Sequence[str]) -> str:
    """Every point that Compare shows: one row for each run, metric and iteration."""
    rows = (
        (item.label, curve.run.run_id, curve.run.seed, metric, int(step), int(env_steps), float(value))
        for item in items
        for metric in metrics
        for curve in curves(store, item, metric)
        for step, env_steps, value in zip(curve.steps, curve.env_steps, curve.values, strict=True)
    )
    return csv_text(("compared", "run_id", "seed", "metric", "iteration", "env_steps", "value"), rows)
