"""Reading a corpus of one's own: .smi, .csv or .sdf, also .gz, and a report of every line that is not taught."""

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rdkit import Chem, rdBase

from engine.chemistry import corpus
from engine.chemistry.corpus import Dropped
from engine.chemistry.tokens import split

ENDINGS = (".smi", ".smiles", ".txt", ".csv", ".tsv", ".sdf")
COLUMNS = ("smiles", "canonical_smiles", "smile", "molecule", "structure")  # looked for in this order, in any case
MOST_BYTES = 4_000_000_000  # unpacked
MOST_RECORD = 200_000  # characters of one molecule in an .sdf
MOST_LINE = 100_000
LEAST_MOLECULES = 20


class UnreadableCorpus(ValueError):
    """A corpus file that cannot be used; the message is a sentence."""


def load(
    path: Path, column: str | None = None, symbols: Callable[[str], Sequence[str]] = split
) -> tuple[list[str], list[Dropped]]:
    """(clean molecules as engine.chemistry.corpus makes them, the lines left out). Raises UnreadableCorpus."""
    lines, texts, dropped = [], [], []
    for line, text, reason in molecules(path, column):
        if reason:
            dropped.append(Dropped(line, text, reason))
        else:
            lines.append(line)
            texts.append(text)
    numbered: list[Dropped] = []
    canonical = corpus.load(texts, symbols, numbered.append, lines)
    if len(canonical) < LEAST_MOLECULES:
        why = "; ".join(f"{count} x {reason}" for reason, count in summary([*dropped, *numbered])[:3])
        raise UnreadableCorpus(
            f"The corpus {path} leaves {len(canonical)} molecules to teach of {len(texts) + len(dropped)} lines; "
            f"at least {LEAST_MOLECULES} are needed" + (f" ({why})" if why else "")
        )
    return canonical, sorted([*dropped, *numbered], key=lambda item: item.line)


def molecules(path: Path, column: str | None = None) -> Iterator[tuple[int, str, str | None]]:
    """(line, SMILES or what stands there, why it is no SMILES or None) of each entry. Raises UnreadableCorpus."""
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in ENDINGS:
        raise UnreadableCorpus(f"The corpus {path} must be a file whose name ends in {', '.join(ENDINGS)} (or .gz)")
    if column is not None and ending not in (".csv", ".tsv"):
        raise UnreadableCorpus(f"column is {column!r}, but {path.name} has no columns; leave it out")
    try:
        with _opened(path) as text:
            if ending in (".csv", ".tsv"):
                yield from _table(text, path, column, "\t" if ending == ".tsv" else ",")
            elif ending == ".sdf":
                yield from _records(text)
            else:
                yield from _lines(text)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableCorpus(
            f"The corpus {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    except (csv.Error, UnicodeError) as error:
        raise UnreadableCorpus(f"The corpus {path} cannot be read as text: {error}") from None


def write_report(path: Path, dropped: Sequence[Dropped]) -> None:
    """A table of the lines left out: line, text (in quotes, so that no spreadsheet runs it), reason."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["line", "text", "reason"])
        rows.writerows([item.line, repr(item.text[:200]), item.reason] for item in dropped)


def summary(dropped: Sequence[Dropped]) -> list[tuple[str, int]]:
    """How many lines were left out for each kind of reason (N: a number in which they differ), most frequent first."""
    kinds: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for item in dropped:
        kind, parts = re.sub(r"[0-9]+", "N", item.reason), re.split(r"([0-9]+)", item.reason)
        pairs = zip(kinds.get(kind, parts), parts, strict=True)
        kinds[kind] = [known if known == part else "N" for known, part in pairs]
        counts[kind] += 1
    return [("".join(kinds[kind]), count) for kind, count in counts.most_common()]


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:  # type: ignore[operator]
        yield text


def _short_lines(text: TextIO) -> Iterator[str]:
    """Lines, none longer than MOST_LINE, of a file that is not longer than MOST_BYTES. Raises UnreadableCorpus."""
    read = 0
    while line := text.readline(MOST_LINE + 1):
        read += len(line)
        if len(line) > MOST_LINE:
            raise UnreadableCorpus(f"The corpus has a line of more than {MOST_LINE:,} characters")
        if read > MOST_BYTES:
            raise UnreadableCorpus(f"The corpus has more than {MOST_BYTES:,} characters")
        yield line


def _lines(text: TextIO) -> Iterator[tuple[int, str, str | None]]:
    """A SMILES string at the beginning of each line; what follows a blank is a name. `smiles` may head the file."""
    for number, line in enumerate(_short_lines(text), 1):
        words = line.split()
        if not words or words[0].startswith("#") or (number == 1 and words[0].lower() in COLUMNS):
            continue
        yield number, words[0], None


def _table(text: TextIO, path: Path, column: str | None, comma: str) -> Iterator[tuple[int, str, str | None]]:
    rows = csv.reader(_short_lines(text), delimiter=comma)
    heads = [head.strip() for head in next(rows, [])]
    place = _column(heads, path, column)
    for row in rows:
        if not row:
            continue
        cell = row[place].strip() if place < len(row) else ""
        yield rows.line_num, cell, None if cell else "its cell is empty"


def _column(heads: list[str], path: Path, column: str | None) -> int:
    shown = ", ".join(repr(head[:40]) for head in heads[:20])
    if column is not None:
        if column not in heads:
            raise UnreadableCorpus(f"column is {column[:80]!r}; {path.name} has {shown or 'none'}")
        return heads.index(column)
    lowered = [head.lower() for head in heads]
    for name in COLUMNS:
        if name in lowered:
            return lowered.index(name)
    raise UnreadableCorpus(f"{path.name} has no column named smiles; give --column, one of {shown or 'none'}")


def _records(text: TextIO) -> Iterator[tuple[int, str, str | None]]:
    """Molecules of an .sdf: blocks that end with $$$$, numbered by their first line."""
    block: list[str] = []
    size, first = 0, 1
    for number, line in enumerate(_short_lines(text), 1):
        if line.startswith("$$$$"):
            yield _record(first, "".join(block), size)
            block, size, first = [], 0, number + 1
            continue
        size += len(line)
        if size <= MOST_RECORD:
            block.append(line)
    if any(line.strip() for line in block):
        yield _record(first, "".join(block), size)


def _record(first: int, block: str, size: int) -> tuple[int, str, str | None]:
    title = block.split("\n", 1)[0].strip()[:80]
    if size > MOST_RECORD:
        return first, title, f"its record has {size:,} characters; at most {MOST_RECORD:,} are read"
    with rdBase.BlockLogs():
        molecule = Chem.MolFromMolBlock(block.replace("\r\n", "\n"))
        if molecule is None:
            return first, title, "RDKit reads no molecule in its record"
        return first, Chem.MolToSmiles(molecule), None
