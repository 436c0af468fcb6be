"""A molecule run as one HTML file that needs nothing else: goal, figures, curves, best molecules, the command."""

import json
from base64 import b64encode
from datetime import datetime
from html import escape
from typing import Any

from engine.chemistry.rewards import Objective
from engine.config import config_schema
from engine.metrics import METRICS
from engine.store import RunRecord, Store
from pages.parts.comparison import Item, curves, flattened, setting_labels
from pages.parts.molecule_files import Molecules
from pages.parts.report import STYLE, written
from pages.parts.studio_run import cards, components, goal_words
from pages.parts.svg_chart import chart
from pages.parts.theme import ALGORITHM_NAMES

SHOWN = 24
CURVES = ("score_mean", "score_best", "valid", "unique", "new", "reference_kl", "clip_fraction")
FIGURES = (
    "score_best",
    "top10_mean",
    "auc_top10",
    "scaffolds",
    "oracle_calls",
    "valid",
    "unique",
    "new",
    "reference_kl",
)
OWN_STYLE = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 14px; margin: 12px 0 32px; }
figure { margin: 0; border: 1px solid #e4e7ec; border-radius: 12px; padding: 10px; break-inside: avoid; }
figure img { width: 100%; height: 130px; object-fit: contain; } figcaption { font-size: 13px; overflow-wrap: anywhere; }
code, pre { font: 12px/1.5 ui-monospace, monospace; color: #667085; overflow-wrap: anywhere; white-space: pre-wrap; }
"""


def report(store: Store, run: RunRecord, molecules: Molecules, goal: Objective) -> str:
    """The whole file. Names and SMILES are escaped."""
    name = escape(run.name)
    kind = escape(ALGORITHM_NAMES.get(run.algorithm, run.algorithm))
    now = f"{datetime.now():%d %B %Y, %H:%M}"
    about = f"{escape(goal_words(run))} · {kind} · seed {run.seed} · {run.env_steps:,} molecules tried · {run.state}"
    parts = [
        f"<h1>{name}</h1><p class='muted'>Uphill, {now}</p><p>{about}</p>",
        "<h2>In figures</h2>",
        _figures(store, run),
        "<h2>What was asked for</h2>",
        _goal(goal),
        f"<h2>The best {min(SHOWN, len(molecules))} of {len(molecules)} kept</h2>",
        _pictures(cards(molecules[:SHOWN], goal), goal),
        *_curves(store, run),
        "<h2>Settings</h2>",
        _settings(run),
        "<h2>How to repeat it</h2>",
        _command(run),
    ]
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Uphill: {name}</title>'
        f"<style>{STYLE}{OWN_STYLE}</style></head><body>{body}</body></html>"
    )


def _table(header: list[str], rows: list[list[Any]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _figures(store: Store, run: RunRecord) -> str:
    table = store.metrics(run.run_id, since=max(0, run.iteration - 1))
    last = dict(zip(table.names, table.values[-1].tolist(), strict=True)) if len(table.steps) else {}
    rows = [
        [METRICS[name].label, written(last[name]), METRICS[name].meaning]
        for name in FIGURES
        if name in last and last[name] == last[name]
    ]
    return _table(["In the last round", "", "Meaning"], rows)


def _goal(goal: Objective) -> str:
    rows = []
    for one, component in zip(components(goal), goal.components, strict=True):
        settings = component.transform.model_dump()
        kind = settings.pop("kind")
        how = ", ".join(f"{name} {written(value)}" for name, value in settings.items())
        rows.append([one["label"], one["meaning"], f"{kind}{f' ({how})' if how else ''}", written(one["weight"])])
    return _table(["Part", "Meaning", "How its value becomes 0 to 1", "Weight"], rows) + (
        f"<p class='muted'>The score is their weighted {goal.mean} mean.</p>"
    )


def _pictures(shown: list[dict[str, Any]], goal: Objective) -> str:
    figures = []
    for rank, molecule in enumerate(shown, start=1):
        source = b64encode(molecule["svg"].encode()).decode()
        smiles = escape(molecule["smiles"])
        why = ", ".join(f"{goal.labels[name]} {written(share)}" for name, share in molecule["components"].items())
        figures.append(
            f"<figure><img alt='{smiles}' src='data:image/svg+xml;base64,{source}'>"
            f"<figcaption><b>{rank}. {written(molecule['score'])}</b><br>{escape(why)}<br><code>{smiles}</code>"
            "</figcaption></figure>"
        )
    return f"<div class='grid'>{''.join(figures)}</div>"


def _curves(store: Store, run: RunRecord) -> list[str]:
    item = Item(run.run_id, run.name, run.algorithm, (run,))
    parts = []
    for name in CURVES:
        found = curves(store, item, name)
        if found:
            described = METRICS[name]
            parts.append(f"<h2>{escape(described.label)}</h2><p class='muted'>{escape(described.meaning)}</p>")
            parts.append(chart(described.label, [found], [None]))
    return parts


def _settings(run: RunRecord) -> str:
    labels = setting_labels(config_schema())
    rows = [[labels.get(path, path), written(value)] for path, value in flattened(run.config).items() if value != ""]
    return _table(["Setting", "Value"], rows)


def _command(run: RunRecord) -> str:
    """The settings go into a file and the command reads it; the same seed writes the same molecules."""
    settings = json.dumps(run.config, indent=1)
    command = f"cat > run.json <<'END'\n{settings}\nEND\npython -m engine train --config run.json"
    return (
        "<p class='muted'>In the project's folder. The same settings and seed give the same run on the same machine "
        "and versions; settings that were changed while it trained are not in it.</p>"
        f"<pre>{escape(command)}</pre>"
    )
