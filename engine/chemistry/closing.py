"""What the symbols of SMILES open and close, for sampling that opens nothing it cannot close."""

import re

from engine.chemistry.tokens import Vocabulary
from engine.policies.closing import Closing

_LABEL = re.compile(r"%?([0-9]{1,2})")
_BRANCHES = {"(": 1, ")": -1}
_HALVES = ("[", "]", "%")  # of symbols that belong in one piece


def closing(vocabulary: Vocabulary, longest: int) -> Closing:
    """Branches balance, each ring label comes an even number of times (1 and %01 are one), and the string ends."""
    labels = [int(found[1]) if (found := _LABEL.fullmatch(symbol)) else None for symbol in vocabulary.symbols]
    pairs = {label: pair for pair, label in enumerate(sorted({label for label in labels if label is not None}))}
    return Closing(
        [_BRANCHES.get(symbol, 0) for symbol in vocabulary.symbols],
        [-1 if label is None else pairs[label] for label in labels],
        [symbol in _HALVES for symbol in vocabulary.symbols],
        longest,
    )
