"""Molecules as token numbers: splitting a string into symbols, in one of two languages, and a fixed vocabulary.

smiles    the SMILES string's own symbols
selfies   SELFIES (Krenn et al. 2020, Mach. Learn.: Sci. Technol. 1:045024), which are molecules whatever is written

Number 0 is the boundary: fed to the generator it means "begin", chosen by the generator it means "the end".
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import selfies

BOUNDARY = 0
BOUNDARY_TEXT = "<boundary>"

# A bracket atom, a two-letter element, a two-digit ring label, or one printable character.
_SYMBOL = re.compile(r"\[[^\[\]]{1,20}\]|Br|Cl|%[0-9]{2}|[!-~]")


class UnknownToken(ValueError):
    """A string holds a symbol that the vocabulary does not have, or that its language cannot say."""


def split(smiles: str) -> list[str]:
    """The symbols of a SMILES string in order; joined they give the string back. Raises UnknownToken."""
    symbols = _SYMBOL.findall(smiles)
    if sum(map(len, symbols)) != len(smiles):
        raise UnknownToken(f"{smiles[:80]!r} holds characters that no SMILES symbol has")
    return symbols


def split_selfies(smiles: str) -> list[str]:
    """The SELFIES symbols of a SMILES string. Raises UnknownToken where the bond constraints do not allow it."""
    try:
        return list(selfies.split_selfies(selfies.encoder(smiles)))
    except selfies.EncoderError:
        raise UnknownToken(f"{smiles[:80]!r} breaks the bond constraints of SELFIES") from None


def _from_selfies(symbols: Sequence[str]) -> str:
    try:
        return selfies.decoder("".join(symbols))
    except selfies.DecoderError:  # symbols of another language
        return ""


@dataclass(frozen=True)
class Language:
    """How a SMILES string becomes symbols, and symbols a SMILES string."""

    symbols: Callable[[str], list[str]]
    smiles: Callable[[Sequence[str]], str]


LANGUAGES = {"smiles": Language(split, "".join), "selfies": Language(split_selfies, _from_selfies)}


def constraints() -> dict[str, int]:
    """The most bonds that SELFIES lets each atom have ("?": those not named), as the package is set."""
    return dict(selfies.get_semantic_constraints())


class Vocabulary:
    """A fixed list of symbols of one language; symbol i of `symbols` has number i, and number 0 is the boundary."""

    def __init__(self, symbols: Sequence[str], language: str = "smiles"):
        if not symbols or symbols[BOUNDARY] != BOUNDARY_TEXT:
            raise ValueError(f"a vocabulary begins with {BOUNDARY_TEXT!r}")
        if len(set(symbols)) != len(symbols):
            raise ValueError("a vocabulary names a symbol twice")
        if language not in LANGUAGES:
            raise ValueError(f"the language is {language!r}; it must be one of {', '.join(LANGUAGES)}")
        self.symbols, self.language = tuple(symbols), language
        self._number = {symbol: number for number, symbol in enumerate(self.symbols)}

    @classmethod
    def of(cls, molecules: Iterable[str], language: str = "smiles") -> "Vocabulary":
        """The symbols that occur in some SMILES strings, in alphabetical order."""
        found = {symbol for smiles in molecules for symbol in LANGUAGES[language].symbols(smiles)}
        return cls([BOUNDARY_TEXT, *sorted(found)], language)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, smiles: str) -> list[int]:
        """Token numbers of a SMILES string, ending with the boundary. Raises UnknownToken."""
        numbers = []
        for symbol in LANGUAGES[self.language].symbols(smiles):
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
        return LANGUAGES[self.language].smiles(symbols)
