"""SMILES as token numbers: splitting a string at its chemical symbols and a fixed vocabulary to number them.

Number 0 is the boundary: fed to the generator it means "begin", chosen by the generator it means "the end".
"""

import re
from collections.abc import Iterable, Sequence

BOUNDARY = 0
BOUNDARY_TEXT = "<boundary>"

# A bracket atom, a two-letter element, a two-digit ring label, or one printable character.
_SYMBOL = re.compile(r"\[[^\[\]]{1,20}\]|Br|Cl|%[0-9]{2}|[!-~]")


class UnknownToken(ValueError):
    """A SMILES string holds a symbol that the vocabulary does not have."""


def split(smiles: str) -> list[str]:
    """The symbols of a SMILES string in order; joined they give the string back. Raises UnknownToken."""
    symbols = _SYMBOL.findall(smiles)
    if sum(map(len, symbols)) != len(smiles):
        raise UnknownToken(f"{smiles[:80]!r} holds characters that no SMILES symbol has")
    return symbols


class Vocabulary:
    """A fixed list of symbols; symbol i of `symbols` has number i, and number 0 is the boundary."""

    def __init__(self, symbols: Sequence[str]):
        if not symbols or symbols[BOUNDARY] != BOUNDARY_TEXT:
            raise ValueError(f"a vocabulary begins with {BOUNDARY_TEXT!r}")
        if len(set(symbols)) != len(symbols):
            raise ValueError("a vocabulary names a symbol twice")
        self.symbols = tuple(symbols)
        self._number = {symbol: number for number, symbol in enumerate(self.symbols)}

    @classmethod
    def of(cls, molecules: Iterable[str]) -> "Vocabulary":
        """The symbols that occur in some SMILES strings, in alphabetical order."""
        found = {symbol for smiles in molecules for symbol in split(smiles)}
        return cls([BOUNDARY_TEXT, *sorted(found)])

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, smiles: str) -> list[int]:
        """Token numbers of a SMILES string, ending with the boundary. Raises UnknownToken."""
        numbers = []
        for symbol in split(smiles):
            if symbol not in self._number:
                raise UnknownToken(f"{symbol!r} in {smiles[:80]!r} is not in the vocabulary")
            numbers.append(self._number[symbol])
        return [*numbers, BOUNDARY]

    def decode(self, numbers: Sequence[int]) -> str:
        """The SMILES string of token numbers, up to the first boundary."""
        symbols = []
        for number in numbers:
            if number == BOUNDARY:
                break
            symbols.append(self.symbols[number])
        return "".join(symbols)
