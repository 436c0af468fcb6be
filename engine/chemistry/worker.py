"""The program of one scoring process: reads requests from stdin, answers one JSON line per molecule on stdout.

It is started afresh as `python -m engine.chemistry.worker`, so it knows nothing of whoever started it and runs no
one's main module again. It ends itself when a molecule takes too long, when memory runs out, or when stdin closes.
"""

import json
import math
import os
import resource
import signal
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TextIO

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from engine.chemistry.drawing import svg
from engine.chemistry.parsing import NoMolecule, parse
from engine.chemistry.properties import PROPERTIES

MEMORY_LIMIT = 1536 * 2**20  # bytes of address space; a worker with all tables loaded takes about 300 MiB
GRACE = 1.0  # seconds after the asker's own timeout, so that the asker gives the reason and this is the last resort
CARD = ("qed", "logp", "weight")  # what a card tells besides the score


@lru_cache(maxsize=4)
def _reference(smiles: str | None) -> Chem.Mol | None:
    return None if smiles is None else parse(smiles)


@lru_cache(maxsize=20_000)
def _values(canonical: str, names: tuple[str, ...], reference: str | None) -> tuple[dict[str, float], str | None]:
    """Raw values by property name, NaN for what could not be computed, and the first reason why not."""
    molecule, values, reason = Chem.MolFromSmiles(canonical), {}, None
    for name in names:
        try:
            value = float(PROPERTIES[name].compute(molecule, _reference(reference)))
            problem = None if math.isfinite(value) else f"{name} is {value}"
        except Exception as error:  # RDKit raises many kinds; each costs this molecule this property only
            value, problem = math.nan, f"{name} could not be computed: {error}"
        values[name] = value if problem is None else math.nan
        reason = reason or problem
    return values, reason


def score(smiles: str, names: Sequence[str], reference: str | None) -> dict[str, Any]:
    """{"canonical", "values", "reason", "scaffold", "heavy_atoms"}; canonical is None where there is no molecule, and
    the reason says why. scaffold: the ring systems and what links them (Bemis and Murcko 1996), "" without rings."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"canonical": None, "values": {}, "reason": str(error)}
    canonical = Chem.MolToSmiles(molecule)
    values, reason = _values(canonical, tuple(names), reference)
    scaffold = Chem.MolToSmiles(MurckoScaffold.GetScaffoldForMol(molecule))
    known = {"canonical": canonical, "values": values, "reason": reason}
    return known | {"scaffold": scaffold, "heavy_atoms": molecule.GetNumHeavyAtoms()}


def draw(smiles: str, names: Sequence[str], reference: str | None) -> dict[str, Any]:
    """{"svg", "svg_dark", "values"} for a card; the values are those asked for and the ones in CARD."""
    try:
        molecule = parse(smiles)
    except NoMolecule as error:
        return {"svg": None, "svg_dark": None, "values": {}, "reason": str(error)}
    values, _ = _values(Chem.MolToSmiles(molecule), tuple(dict.fromkeys((*names, *CARD))), reference)
    return {"svg": svg(molecule), "svg_dark": svg(molecule, dark=True), "values": values, "reason": None}


WORK = {"score": score, "draw": draw}


def main(requests: TextIO, answers: TextIO) -> None:
    """Answer until stdin closes. A request: {"work", "smiles": [...], "properties": [...], "reference", "timeout"}."""
    for line in requests:
        request = json.loads(line)
        for smiles in request["smiles"]:
            signal.setitimer(signal.ITIMER_REAL, request["timeout"] + GRACE)  # SIGALRM ends the process
            answer = WORK[request["work"]](smiles, request["properties"], request["reference"])
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks; its end closes stdin
    private = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not look like an answer
    for name in sys.argv[1:]:  # read the tables that these properties need before the first request
        score("c1ccccc1O", [name], "c1ccccc1O")
    private.write("ready\n")
    private.flush()
    main(sys.stdin, private)
