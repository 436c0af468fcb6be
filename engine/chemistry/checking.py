"""Which SMILES strings are looked at at all: plain-text limits before parsing, size limits after it.

RDKit's parser can hang, crash or silently read something else (text after a blank is a name to it), so what it must
not see is refused by looking at the characters alone.
"""

import re
from collections import Counter
from itertools import accumulate

MAX_CHARACTERS = 300
MAX_RING_LABELS = 40
MAX_FRAGMENTS = 5
MAX_HEAVY_ATOMS = 100
MAX_RINGS = 15

_SMILES_ONLY = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\%.*~]*")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_HUGE_NUMBER = re.compile(r"[+-][0-9]{2,}|[0-9]{4,}|[+-]{4,}")
_RING_LABEL = re.compile(r"%\(?[0-9]{2}\)?|[0-9]")


def refusal(smiles: str) -> str | None:
    """Why this text is not even parsed, as half a sentence; None when it may be."""
    if not smiles:
        return "it is empty"
    if len(smiles) > MAX_CHARACTERS:
        return f"it has {len(smiles):,} characters; at most {MAX_CHARACTERS} are read"
    if not _SMILES_ONLY.fullmatch(smiles):
        odd = next(character for character in smiles if not _SMILES_ONLY.fullmatch(character))
        return f"it holds {odd!a}, which no SMILES string has"
    if "*" in smiles:
        return "it holds *, which stands for no atom"
    if any(_HUGE_NUMBER.search(bracket) for bracket in _BRACKETS.findall(smiles)):
        return "a charge or isotope in it is out of range"
    labels = len(_RING_LABEL.findall(_BRACKETS.sub("", smiles)))
    if labels > MAX_RING_LABELS:
        return f"it has {labels} ring labels; at most {MAX_RING_LABELS} are read"
    fragments = smiles.count(".") + 1
    if fragments > MAX_FRAGMENTS:
        return f"it has {fragments} fragments; at most {MAX_FRAGMENTS} are read"
    return None


def unmatched(smiles: str) -> bool:
    """Whether a bracket, a branch or a ring is opened and not closed, or closed and not opened."""
    outside = _BRACKETS.sub("", smiles)
    depths = list(accumulate((character == "(") - (character == ")") for character in outside if character in "()"))
    labels = Counter(int(label.strip("%()")) for label in _RING_LABEL.findall(outside))
    branches = bool(depths) and (min(depths) < 0 or depths[-1] != 0)
    return branches or "[" in outside or "]" in outside or any(times % 2 for times in labels.values())


def size_refusal(heavy_atoms: int, rings: int) -> str | None:
    """Why a parsed molecule is not scored, as half a sentence; None when it is."""
    if not 1 <= heavy_atoms <= MAX_HEAVY_ATOMS:
        return f"it has {heavy_atoms} heavy atoms; 1 to {MAX_HEAVY_ATOMS} are scored"
    if rings > MAX_RINGS:
        return f"it has {rings} rings; at most {MAX_RINGS} are scored"
    return None
