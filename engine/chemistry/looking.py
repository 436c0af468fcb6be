"""Molecules looked at for a page: described, drawn, compared, written out, all in one worker process of their own.

It comes last when the machine is busy, so that whoever trains loses nothing, and answers are remembered: tabs ask the
same things again and again. Any thread may call; one is served at a time.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from engine.chemistry.checking import refusal
from engine.chemistry.components import component, question
from engine.chemistry.workers import Workers

DESCRIBED = {name: question(component(name)) for name in ("qed", "logp", "weight", "sa", "heavy_atoms")}
REMEMBERED = 20_000
SECONDS = 4.0  # for one molecule
LAST = 5  # how nice it is, of 19: beside somebody who trains it gets a quarter of a core

_lock = threading.Lock()
_answers: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
_workers: list[Workers] = []  # none until somebody looks


def described(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"values", "reason"}: raw values of all properties in DESCRIBED; {"failure"} where there are none.

    Raises WorkersUnavailable, as all of these do. The strings are canonical SMILES, or whatever `read` let pass.
    """
    return _asked("score", smiles)


def read(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"canonical", "scaffold", "heavy_atoms"}; canonical is None, with a "reason", where it is no molecule."""
    return _asked("read", smiles)


def drawn(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"svg", "svg_dark", "values", "reason"}, or {"failure"}."""
    return _asked("draw", smiles)


def written(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"block"}, an MDL block with coordinates, or {"failure"}."""
    return _asked("block", smiles)


def compared(before: str, after: str) -> dict[str, Any]:
    """Both drawings with what differs marked, as engine.chemistry.comparing.compare has it."""
    reason = refusal(before) or refusal(after)
    return {"failure": reason} if reason else _asked("compare", [json.dumps([before, after])])[0]


def _asked(work: str, items: Sequence[str]) -> list[dict[str, Any]]:
    """An answer for each item, from memory or from the worker; {"failure"} for what it must not see."""
    with _lock:
        new = [item for item in dict.fromkeys(items) if (work, item) not in _answers]
        reasons = {item: None if work == "compare" else refusal(item) for item in new}
        safe = [item for item in new if reasons[item] is None]
        answers = dict(zip(safe, _working().answer(work, safe), strict=True)) if safe else {}
        for item in new:
            _answers[work, item] = answers.get(item) or {"failure": reasons[item]}
        result = [_answers[work, item] for item in items]
        while len(_answers) > REMEMBERED:
            _answers.popitem(last=False)
    return result


def _working() -> Workers:
    if not _workers:
        _workers.append(Workers(1, DESCRIBED, SECONDS))
    _workers[0].be_nice(LAST)
    return _workers[0]


def close() -> None:
    """End the process; the next look starts another."""
    with _lock:
        while _workers:
            _workers.pop().close()
