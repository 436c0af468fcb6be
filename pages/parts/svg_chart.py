"""A chart of means, bands and single seeds over env steps as an SVG that needs no script."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from pages.parts.comparison import Band, Curve

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#667085")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 320, 64, 24, 12, 34
TEXT = 'font-family="system-ui, sans-serif" font-size="12" fill="#667085"'


def chart(label: str, seeds: Sequence[Sequence[Curve]], bands: Sequence[Band | None]) -> str:
    """One colour per item: each seed faint, the mean bold with its band. `seeds` [items][runs], `bands` [items]."""
    drawn = [curve for own in seeds for curve in own]
    if not drawn:
        return "<p class='muted'>Not measured yet.</p>"
    low, high = min(curve.values.min() for curve in drawn), max(curve.values.max() for curve in drawn)
    across = ticks(float(low), float(high) if high > low else float(low) + (abs(float(low)) or 1.0))
    along = ticks(0.0, max(float(curve.env_steps[-1]) for curve in drawn) or 1.0)

    def x(values: Any) -> Any:
        return LEFT + np.asarray(values) / along[-1] * (WIDTH - LEFT - RIGHT)

    def y(values: Any) -> Any:
        return TOP + (across[-1] - np.asarray(values)) / (across[-1] - across[0]) * (HEIGHT - TOP - BOTTOM)

    shapes = []
    for value in across:
        height = float(y(value))
        shapes.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#e4e7ec"/>')
        shapes.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end" {TEXT}>{figure(value)}</text>')
    for value in along:
        place = f'x="{float(x(value)):.1f}" y="{HEIGHT - 12}"'
        shapes.append(f'<text {place} text-anchor="middle" {TEXT}>{figure(value)}</text>')
    inside = f'x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"'
    shapes.append(f'<clipPath id="inside"><rect {inside}/></clipPath><g clip-path="url(#inside)">')
    for place, (own, band) in enumerate(zip(seeds, bands, strict=True)):
        shapes += _item(COLOURS[place], own, band, x, y)
    shapes.append("</g>")
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)} over steps"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view}>{"".join(shapes)}</svg>'


def _item(colour: str, own: Sequence[Curve], band: Band | None, x: Any, y: Any) -> list[str]:
    faint = 1.0 if band is None else 0.28
    shapes = []
    if band is not None and len(own) > 1:
        edge = np.concatenate([band.high, band.low[::-1]])
        around = _points(x(np.concatenate([band.env_steps, band.env_steps[::-1]])), y(edge))
        shapes.append(f'<polygon points="{around}" fill="{colour}" fill-opacity="0.15"/>')
    for curve in own:
        line = _points(x(curve.env_steps), y(curve.values))
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-opacity="{faint}"/>')
    if band is not None:
        line = _points(x(band.env_steps), y(band.mean))
        shapes.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.2"/>')
    return shapes


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers, 1, 2 or 5 times a power of ten apart, from at most `low` to at least `high`."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


def figure(value: float) -> str:
    """60k, 0.05, −15."""
    text = f"{value / 1e6:g}M" if abs(value) >= 1e6 else f"{value / 1e3:g}k" if abs(value) >= 1e3 else f"{value:g}"
    return text.replace("-", "−")


def _points(xs: np.ndarray, ys: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
