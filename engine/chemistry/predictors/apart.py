"""Teaches a predictor in a process of its own: `python -m engine.chemistry.predictors.apart NAME FILE [COLUMN]`.

It prints how far it is, a line each: the share of what it does that is done, a tab, and what it does. What is wrong
with the table or the name is one sentence on standard error, with exit code 2; nothing is kept then.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.chemistry.predictors import shelf
from engine.chemistry.predictors.learning import CannotLearn, learn
from engine.chemistry.predictors.shelf import NoPredictor
from engine.chemistry.predictors.table import BadTable, read_table
from engine.chemistry.workers import WorkersUnavailable

REFUSED = 2


def main(arguments: Sequence[str]) -> int:
    name, path, *column = arguments
    try:
        if refused := shelf.why_no_name(name):
            raise NoPredictor(refused)
        table = read_table(Path(path).read_bytes(), column[0] if column else None)
        model, card = learn(table, progress=tell)
        shelf.write(name, model, card)
    except (BadTable, CannotLearn, NoPredictor, WorkersUnavailable) as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


def tell(doing: str, share: float) -> None:
    print(f"{share:.3f}\t{doing}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
