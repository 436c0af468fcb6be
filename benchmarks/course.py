"""The policy-gradient experiments of Berkeley's CS285 (homework 2) as settings, and their learning curves as pictures.

Plain policy gradient without a baseline, two hidden layers of 64: on CartPole with episodes of 200 steps, small and
large batch x {whole return, reward-to-go} x {standardised or not}; on InvertedPendulum the smallest batch and the
highest rate that reach 1000 within 100 iterations.
"""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from pages.parts.comparison import Curve, band
from pages.parts.svg_chart import COLOURS, TEXT, chart

ITERATIONS = 100
SPOT, LINE = 14, 20


@dataclass(frozen=True)
class Picture:
    """Curves that belong together: their names in the legend, and the settings of each."""

    title: str
    curves: dict[str, dict[str, Any]]


def _config(env_id: str, n_envs: int, limit: int, **algorithm: Any) -> dict[str, Any]:
    task = {"kind": "gym", "env_id": env_id, "n_envs": n_envs, "max_episode_steps": limit}
    return {
        "task": task,
        "algorithm": {"kind": "pg", "baseline": "none", **algorithm},
        "policy": {"hidden_sizes": [64, 64]},
        "evaluation": {"every": 1_000_000, "final_episodes": 20, "stop_when_solved": False},
    }


def _cart_pole(batch_size: int) -> dict[str, dict[str, Any]]:
    """As many copies as whole episodes of 200 fill a batch: more would favour short episodes."""
    fixed: dict[str, Any] = {"batch_size": batch_size, "learning_rate": 0.005, "discount": 1.0}
    return {
        f"{words}, {'standardised' if standardise else 'not standardised'}": _config(
            "CartPole-v1", batch_size // 200, 200, **fixed, return_kind=kind, standardise_advantages=standardise
        )
        for kind, words in (("reward-to-go", "reward-to-go"), ("total", "whole return"))
        for standardise in (True, False)
    }


def _pendulum(batch_size: int, learning_rate: float) -> dict[str, Any]:
    return _config("InvertedPendulum-v5", 1, 1000, batch_size=batch_size, learning_rate=learning_rate, discount=0.9)


PICTURES: dict[str, Picture] = {
    "cartpole-small-batch": Picture("CartPole, episodes of 200 steps, batch 1,000", _cart_pole(1000)),
    "cartpole-large-batch": Picture("CartPole, episodes of 200 steps, batch 5,000", _cart_pole(5000)),
    "inverted-pendulum": Picture(
        "InvertedPendulum, discount 0.9, reward-to-go, standardised",
        {"batch 100, rate 0.05": _pendulum(100, 0.05), "batch 250, rate 0.01": _pendulum(250, 0.01)},
    ),
}


def drawn(picture: Picture, rows: dict[str, list[dict[str, Any]]]) -> str:
    """An SVG: the mean return of each iteration's episodes; for each curve its seeds, their mean and spread."""
    seeds = []
    for name in picture.curves:
        whole = [np.asarray(row["curve"], float) for row in rows[name]]
        steps = [np.arange(1, len(values) + 1) for values in whole]
        own = [Curve(None, x, x, y, y, y) for x, y in zip(steps, whole, strict=True)]  # type: ignore[arg-type]
        seeds.append(own)
    inner = chart(picture.title, seeds, [band(own) for own in seeds])
    inner = inner.replace("<svg ", f'<svg y="{(len(seeds) + 1) * LINE}" width="860" height="320" ', 1)
    legend = [
        f'<text x="64" y="{SPOT}" font-weight="600" {TEXT}>{escape(picture.title)}: return over iterations</text>'
    ]
    for place, name in enumerate(picture.curves):
        y = SPOT + (place + 1) * LINE
        legend.append(f'<path d="M64 {y - 4}h24" stroke="{COLOURS[place]}" stroke-width="2.2"/>')
        legend.append(f'<text x="96" y="{y}" {TEXT}>{escape(name)}</text>')
    height = 320 + (len(seeds) + 1) * LINE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {height}" width="860" height="{height}">'
    return f'{head}<rect width="860" height="{height}" fill="#fff"/>{"".join(legend)}{inner}</svg>\n'
