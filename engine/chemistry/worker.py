"""The program of one scoring process: reads requests from stdin, answers one JSON line per molecule on stdout.

It is started afresh as `python -m engine.chemistry.worker`, so it knows nothing of whoever started it and runs no
one's main module again. It ends itself when a molecule takes too long, when memory runs out, or when stdin closes.
"""

import json
import math
import os
import random
import resource
import signal
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from engine.chemistry.comparing import block, compare
from engine.chemistry.components import component, question, read_question
from engine.chemistry.corpus import randomised
from engine.chemistry.desirability import desirabilities
from engine.chemistry.drawing import svg
from engine.chemistry.parsing import NoMolecule, parse
from engine.chemistry.predictors.features import features, keys
from engine.chemistry.properties import BadParameter, Property

MEMORY_LIMIT = 1536 * 2**20  # bytes of address space; a worker with all tables loaded takes about 300 MiB
GRACE = 1.0  # seconds after the asker's own timeout, so that the asker gives the reason and this is the last resort
CARD = {name: question(component(name)) for name in ("qed", "logp", "weight")}  # what a card tells besides the score
PROBE = "c1ccccc1O"  # phenol


@lru_cache(maxsize=256)
def _prepared(asked: str) -> tuple[Property, Any]:
    """A property and what its function takes besides the molecule. Raises BadParameter."""
    known, parameters = read_question(asked)
    return known, known.prepare(parameters)


def _values(molecule: Chem.Mol, questions: Mapping[str, str]) -> tuple[dict[str, float], str | None]:
    """Raw values by component name, NaN for what could not be computed, and the first reason why not."""
    values: dict[str, float] = {}
    reason = None
    for name, asked in questions.items():
        try:
            known, prepared = _prepared(asked)
            value = float(known.combine(values, prepared) if known.combine else known.compute(molecule, prepared))
            problem = None if math.isfinite(value) else f"{name} is {value}"
        except Exception as error:  # RDKit raises many kinds; each costs this molecule this property only
            value, problem = math.nan, f"{name} could not be computed: {_first_line(error)}"
        values[name] = value if problem is None else math.nan
        reason = reason or problem
    return values, reason


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def read(smiles: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"canonical", "heavy_atoms"}; canonical is None where there is no molecule, and "reason" says why."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"canonical": None, "reason": str(error)}
    return {"canonical": Chem.MolToSmiles(molecule), "heavy_atoms": molecule.GetNumHeavyAtoms(), "reason": None}


def score(canonical: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"values", "reason", "scaffold"} of a molecule that `read` has read.

    scaffold: the ring systems and what links them (Bemis and Murcko 1996), "" without rings.
    """
    molecule = Chem.MolFromSmiles(canonical)
    scaffold = Chem.MolToSmiles(MurckoScaffold.GetScaffoldForMol(molecule))
    values, reason = _values(molecule, questions)
    return {"values": values, "reason": reason, "scaffold": scaffold}


def surroundings(canonical: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"keys"}: the surroundings of the atoms of a molecule that `read` has read, as predictors see them."""
    return {"keys": keys(Chem.MolFromSmiles(canonical))}


def draw(smiles: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"svg", "svg_dark", "values"} for a card; the values are those asked for and the ones in CARD."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"svg": None, "svg_dark": None, "values": {}, "reason": str(error)}
    values, _ = _values(Chem.MolFromSmiles(Chem.MolToSmiles(molecule)), {**CARD, **questions})
    return {"svg": svg(molecule), "svg_dark": svg(molecule, dark=True), "values": values, "reason": None}


def check(asked: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"reason"}: why a question cannot be asked, beginning with the parameter's name; None when it can."""
    try:
        known, prepared = _prepared(asked)
        if known.combine is None:
            known.compute(Chem.MolFromSmiles(PROBE), prepared)
    except BadParameter as error:
        return {"reason": str(error)}
    return {"reason": None}


def rewrite(item: str, questions: Mapping[str, str]) -> dict[str, Any]:
    """{"written"}: another SMILES string of the molecule, from a random atom; the item is "SEED SMILES"."""
    seed, smiles = item.split(" ", 1)
    return {"written": randomised([Chem.MolFromSmiles(smiles)], random.Random(int(seed)))[0]}


WORK = {
    "rewrite": rewrite,
    "read": read,
    "score": score,
    "surroundings": surroundings,
    "draw": draw,
    "check": check,
    "compare": compare,
    "block": block,
    "features": features,
    "desirabilities": desirabilities,
}


def main(requests: TextIO, answers: TextIO) -> None:
    """Answer until stdin closes. A request: {"work", "items": [...], "questions": {name: question}, "timeout"}."""
    for line in requests:
        request = json.loads(line)
        for item in request["items"]:
            signal.setitimer(signal.ITIMER_REAL, request["timeout"] + GRACE)  # SIGALRM ends the process
            answer = WORK[request["work"]](item, request["questions"])
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks; its end closes stdin
    private = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not look like an answer
    score(PROBE, json.loads(sys.argv[1]))  # reads the tables that these questions need before the first request
    private.write("ready\n")
    private.flush()
    main(sys.stdin, private)
