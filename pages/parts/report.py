"""Compare as one HTML file that needs nothing else: figures, curves as SVG, settings that differ."""

from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import Any

import numpy as np

from engine.metrics import METRICS
from engine.store import Store
from pages.parts.comparison import Band, Figures, Item, band, curves, differing, figures

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#667085")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 860, 320, 64, 40, 12
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a2233; max-width: 900px; margin: 40px auto; padding: 0 16px; }
table { border-collapse: collapse; width: 100%; margin: 12px 0 32px; font-variant-numeric: tabular-nums; }
td, th { text-align: right; padding: 6px 10px; border-bottom: 1px solid #e4e7ec; font-weight: 400; }
td:first-child, th:first-child { text-align: left; } th { color: #667085; font-size: 13px; }
svg { width: 100%; height: auto; } .dot { display: inline-block; width: 10px; height: 10px; border-radius: 5px; }
.muted { color: #667085; font-size: 13px; }
"""


def report(store: Store, items: Sequence[Item], metrics: Sequence[str], now: datetime) -> str:
    """The whole file. Names come from users and are escaped."""
    parts = [f"<h1>{len(items)} compared</h1><p class='muted'>Uphill, {now:%d %B %Y, %H:%M}</p>"]
    for metric in metrics:
        described, found = METRICS[metric], [curves(store, item, metric) for item in items]
        parts.append(f"<h2>{escape(described.label)}</h2><p class='muted'>{escape(described.meaning)}</p>")
        parts.append(chart([band(own) if own else None for own in found], described.label))
        parts.append(_figures_table(items, [figures(own) for own in found]))
    different = differing(list(items))
    if different:
        parts.append("<h2>Settings that differ</h2>")
        rows = [[escape(path), *(escape(written(value)) for value in values)] for path, values in different.items()]
        parts.append(_table(["Setting", *(escape(item.label) for item in items)], rows))
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Uphill: compared runs</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def written(value: Any) -> str:
    """A setting or figure as a table shows it."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
    return f"<table><tr>{head}</tr>{body}</table>"


def chart(bands: Sequence[Band | None], label: str) -> str:
    """Means as lines and one standard deviation as bands, over env steps. Bands that are None are left out."""
    drawn = [(place, own) for place, own in enumerate(bands) if own is not None]
    if not drawn:
        return "<p class='muted'>Not measured yet.</p>"
    low, high = min(own.low.min() for _, own in drawn), max(own.high.max() for _, own in drawn)
    high = high if high > low else low + 1.0
    end = max(own.env_steps[-1] for _, own in drawn) or 1.0

    def x(values: Any) -> Any:
        return LEFT + np.asarray(values) / end * (WIDTH - LEFT - 8)

    def y(values: Any) -> Any:
        return TOP + (1 - (np.asarray(values) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)

    shapes = [*_grid(low, high, end, x, y)]
    for place, own in drawn:
        around = np.concatenate([own.env_steps, own.env_steps[::-1]])
        edge = _points(x(around), y(np.concatenate([own.high, own.low[::-1]])))
        shapes.append(f'<polygon points="{edge}" fill="{COLOURS[place]}" fill-opacity="0.15"/>')
    for place, own in drawn:
        line = _points(x(own.env_steps), y(own.mean))
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[place]}" stroke-width="2"/>')
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)} over steps"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view}>{"".join(shapes)}</svg>'


def _grid(low: float, high: float, end: float, x: Callable[[Any], Any], y: Callable[[Any], Any]) -> list[str]:
    """Five lines across with their values, five marks along with theirs."""
    text = 'font-family="system-ui, sans-serif" font-size="12" fill="#667085"'
    shapes = []
    for value in np.linspace(low, high, 5):
        height = float(y(value))
        shapes.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - 8}" stroke="#e4e7ec"/>')
        shapes.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end" {text}>{value:.3g}</text>')
    for value in np.linspace(0, end, 5):
        label = f"{value / 1000:.4g}k" if end >= 1000 else f"{value:.4g}"
        place = f'x="{float(x(value)):.1f}" y="{HEIGHT - 16}"'
        shapes.append(f'<text {place} text-anchor="middle" {text}>{label}</text>')
    return shapes


def _points(xs: np.ndarray, ys: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
