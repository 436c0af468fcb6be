"""`prior`: makes the generator that molecule runs start from, shows what it writes, and checks how good it is."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from engine.chemistry.prior import SHIPPED, DamagedPrior, Prior, check, read, samples
from engine.commands.options import whole_number
from engine.commands.stores import Refused
from engine.commands.text import duration, number, print_json

HELP = "make, sample or check the molecule generator's prior"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="teach a prior the molecules that the installed packages carry")
    train.add_argument("--out", required=True, type=Path, metavar="NAME", help="write NAME.safetensors and NAME.json")
    train.add_argument("--epochs", type=whole_number("epochs", 1, 10_000), help="passes over the corpus")
    train.add_argument("--hidden", type=whole_number("hidden", 8, 4096), help="width of the GRU")
    train.add_argument("--seed", type=whole_number("seed", 0, 2**31 - 1), help="everything random follows from it")
    sample = actions.add_parser("sample", help="print what a prior writes, one string a line")
    sample.add_argument("-n", type=whole_number("n", 1, 1_000_000), default=20, help="how many strings")
    quality = actions.add_parser("check", help="share of samples that are valid, unique, new, and what they are like")
    quality.add_argument("-n", type=whole_number("n", 1, 1_000_000), default=10_000, help="how many samples")
    for action in (sample, quality):
        action.add_argument("--prior", type=Path, default=SHIPPED, metavar="NAME", help="instead of the shipped prior")
        action.add_argument("--seed", type=whole_number("seed", 0, 2**31 - 1), default=1)
    for action in (train, quality):
        action.add_argument("--json", action="store_true", help="print one JSON object as the last line")


def run(arguments: argparse.Namespace) -> int:
    return ACTIONS[arguments.action](arguments)


def _train(arguments: argparse.Namespace) -> int:
    from engine.chemistry.teaching import Progress, Recipe, train

    given = {name: value for name in ("epochs", "hidden", "seed") if (value := getattr(arguments, name)) is not None}

    def show(progress: Progress) -> None:
        if progress.batches % 20 == 0 or progress.batches == progress.all_batches:
            share = progress.batches / progress.all_batches
            line = f"{share:6.1%}  epoch {progress.epoch + 1}  loss {progress.loss:.3f}  {duration(progress.seconds)}"
            print(line, end="\r", file=sys.stderr, flush=True)

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        prior = train(arguments.out, Recipe(**given), progress=show)
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on after the last whole epoch", file=sys.stderr)
        return 1
    print(file=sys.stderr)
    _report({"recipe": asdict(Recipe(**given)), **prior.card["quality"]}, prior, arguments.json)
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    for text in samples(_prior(arguments.prior), arguments.n, arguments.seed):
        print(text)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    prior = _prior(arguments.prior)
    _report(check(prior, arguments.n, arguments.seed), prior, arguments.json)
    return 0


def _prior(path: Path) -> Prior:
    try:
        return read(path)
    except DamagedPrior as error:
        raise Refused(str(error)) from None


def _report(figures: dict, prior: Prior, as_json: bool) -> None:
    taught = prior.card["corpus"]
    figures = figures | {f"taught_{name}": taught[name] for name in ("molecules", "mean_qed", "mean_heavy_atoms")}
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        if isinstance(value, float | int):
            print(f"{name.replace('_', ' '):24}{number(value)}")


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {"train": _train, "sample": _sample, "check": _check}
