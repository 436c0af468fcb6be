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
from engine.chemistry.workers import Workers, WorkersUnavailable

DESCRIBED = {name: question(component(name)) for name in ("qed", "logp", "weight", "sa", "heavy_atoms")}
REMEMBERED = 20_000
SECONDS = 4.0  # for one molecule
AT_ONCE = 32  # molecules, after which whoever waits for one gets a turn
LAST = 5  # how nice it is, of 19: beside somebody who trains it gets a quarter of a core

_lock = threading.Lock()
_answers: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
_ended = threading.Event()
_workers: list[Workers] = []  # none until somebody looks


def described(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"values", "reason"}: raw values of all properties in DESCRIBED; {"failure"} where there are none.

    Raises WorkersUnavailable, as all of these do. The strings are canonical SMILES, or whatever `read` let pass.
    """
    chunks = (smiles[start : start + AT_ONCE] for start in range(0, len(smiles), AT_ONCE))
    return [answer for chunk in chunks for answer in _asked("score", chunk)]


def read(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"canonical", "heavy_atoms"}; canonical is None, with a "reason", where it is no molecule."""
    return _asked("read", smiles)


def drawn(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"svg", "svg_dark", "values", "reason"}, or {"failure"}."""
    return _asked("draw", smiles)


def written(smiles: Sequence[str]) -> list[dict[str, Any]]:
    """Of each {"block"}, an MDL block with coordinates, or {"failure"}."""
    return _asked("block", smiles)


def desirable(smiles: str) -> dict[str, Any]:
    """What its QED is made of: {"parts": [[words, raw value, desirability, weight]]}, or {"failure"}."""
    return _asked("desirabilities", [smiles])[0]


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
    if _ended.is_set():
        raise WorkersUnavailable("The app is closing")
    if not _workers:
        _workers.append(Workers(1, DESCRIBED, SECONDS))
    _workers[0].be_nice(LAST)
    return _workers[0]


def end() -> None:
    """The program ends: whoever waits, or asks from now on, gets an error."""
    _ended.set()
    close()


def close() -> None:
    """End the process at once; whoever it was working for gets an error, and the next look starts another."""
    while _workers:
        _workers.pop().close()
