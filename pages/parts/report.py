"""Compare as one HTML file that needs nothing else: figures, curves as SVG, settings that differ."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from html import escape
from typing import Any

from engine.config import config_schema
from engine.metrics import METRICS
from engine.store import Store
from pages.parts.comparison import Band, Curve, Figures, Item, band, curves, differing, figures, setting_labels
from pages.parts.svg_chart import COLOURS, chart
from pages.parts.theme import ALGORITHM_NAMES, TASKS

KINDS = {"algorithm.kind": ALGORITHM_NAMES, "task.kind": TASKS}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a2233; max-width: 900px; margin: 40px auto; padding: 0 16px; }
table { border-collapse: collapse; width: 100%; margin: 12px 0 32px; font-variant-numeric: tabular-nums; }
td, th { text-align: right; padding: 6px 10px; border-bottom: 1px solid #e4e7ec; font-weight: 400; }
td:first-child, th:first-child { text-align: left; } th { color: #667085; font-size: 13px; }
svg { width: 100%; height: auto; } .wide { overflow-x: auto; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 5px; }
.muted { color: #667085; font-size: 13px; }
"""


def report(store: Store, items: Sequence[Item], metrics: Sequence[str], now: datetime) -> str:
    """The whole file. Names come from users and are escaped."""
    parts = [f"<h1>{escape(_heading(items))}</h1><p class='muted'>Uphill, {now:%d %B %Y, %H:%M}</p>"]
    for metric in metrics:
        described, found = METRICS[metric], [curves(store, item, metric) for item in items]
        parts.append(f"<h2>{escape(described.label)}</h2><p class='muted'>{escape(described.meaning)}</p>")
        parts.append(chart(described.label, found, [_band(own) for own in found]))
        parts.append(_figures_table(items, [figures(own) for own in found]))
    different = differing(list(items))
    if different:
        labels = setting_labels(config_schema())
        parts.append("<h2>Settings that differ</h2>")
        rows = [
            [escape(labels.get(path, path)), *(escape(worded(path, value)) for value in values)]
            for path, values in different.items()
        ]
        parts.append(_table(["Setting", *(escape(item.label) for item in items)], rows))
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Uphill: compared runs</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _heading(items: Sequence[Item]) -> str:
    if len(items) == 1:
        return items[0].label
    groups = sum(len(item.runs) > 1 for item in items)
    return f"{len(items)} {'groups' if groups == len(items) else 'runs and groups' if groups else 'runs'} compared"


def worded(path: str, value: Any) -> str:
    """A setting as a table shows it; algorithms and tasks by their names."""
    return KINDS.get(path, {}).get(value) or written(value)


def _band(found: list[Curve]) -> Band | None:
    with suppress(ValueError):
        return band(found)
    return None


def written(value: Any) -> str:
    """A setting or figure as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if not isinstance(value, int | float):
        return str(value)
    whole = 9999.5 <= abs(value) < 1e15
    text = f"{value:,.0f}" if whole else f"{value:.4g}" if isinstance(value, float) else str(value)
    mantissa, *exponent = text.replace("-", "−").split("e")
    return "e".join([mantissa, *(str(int(part.replace("−", "-"))).replace("-", "−") for part in exponent)])


def _figures_table(items: Sequence[Item], rows: Sequence[Figures]) -> str:
    cells = [
        [
            f"<span class='dot' style='background:{COLOURS[place]}'></span> {escape(item.label)}",
            *(escape(written(value)) for value in (row.last, row.best, row.mean, row.sd, row.n)),
        ]
        for place, (item, row) in enumerate(zip(items, rows, strict=True))
    ]
    return _table(["Run", "Last", "Best", "Mean", "SD", "N"], cells)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in rows)
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"
