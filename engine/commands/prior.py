"""`prior`: makes the generator that molecule runs start from, shows what it writes, and checks how good it is."""

import argparse
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.chemistry.prior import NAME, DamagedPrior, Prior, located, read
from engine.commands.options import whole_number
from engine.commands.stores import Refused
from engine.commands.text import duration, number, print_json

SIZES = {"embedding": (1, 2048), "hidden": (8, 4096), "layers": (1, 8)}
SEEDS = (0, 2**31 - 1)


def decimal(name: str, low: float, high: float) -> Callable[[str], float]:
    """What argparse calls to read the number of option `name`, between low and high."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"{name} is {text[:40]!r}; it must be a number between {low:g} and {high:g}"
            )
        return value

    return parse


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _configure_train(actions.add_parser("train", help="teach a prior; the same command goes on where it was stopped"))
    sample = actions.add_parser("sample", help="print what a prior writes, one string a line")
    sample.add_argument("-n", type=whole_number("n", 1, 1_000_000), default=20, help="how many strings")
    quality = actions.add_parser("check", help="share of samples that are valid, unique, new, and what they are like")
    quality.add_argument("-n", type=whole_number("n", 1, 1_000_000), default=10_000, help="how many samples")
    for action in (sample, quality):
        action.add_argument(
            "--prior", default=NAME, metavar="NAME", help="a name in the priors' folder, or a path with a slash in it"
        )
        action.add_argument(
            "--temperature", type=decimal("temperature", 0.1, 10.0), default=1.0, help="above 1 bolder, below 1 safer"
        )
        action.add_argument("--seed", type=whole_number("seed", *SEEDS), default=1)
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _configure_train(train: argparse.ArgumentParser) -> None:
    train.add_argument("--corpus", type=Path, metavar="FILE", help=".smi, .csv or .sdf (.gz); else what packages carry")
    train.add_argument("--column", metavar="NAME", help="the column of a .csv that holds SMILES")
    train.add_argument("--out", default="own", metavar="NAME", help="its name in the priors' folder, or a path (own)")
    train.add_argument("--start", metavar="NAME", help="go on from this prior's weights instead of from nothing")
    train.add_argument("--minutes", type=decimal("minutes", 0.05, 10_000), help="how long, instead of --epochs")
    train.add_argument("--epochs", type=whole_number("epochs", 0, 10_000), help="passes over the corpus")
    train.add_argument(
        "--polish-steps", type=whole_number("polish_steps", 0, 100_000), help="steps that reward valid strings; 0: none"
    )
    train.add_argument("--language", choices=("smiles", "selfies"), help="what molecules are written in")
    for name, (low, high) in SIZES.items():
        train.add_argument(f"--{name}", type=whole_number(name, low, high), help=f"{name} of the GRU")
    train.add_argument("--canonical", action="store_true", help="teach canonical strings, not randomised ones")
    train.add_argument("--batch-size", type=whole_number("batch_size", 1, 4096), help="molecules per step")
    train.add_argument("--learning-rate", type=decimal("learning_rate", 1e-6, 1.0), help="at its highest")
    train.add_argument("--seed", type=whole_number("seed", *SEEDS), help="everything random follows from it")
    train.add_argument("--json", action="store_true", help="print one JSON object as the last line")


def run(arguments: argparse.Namespace) -> int:
    return ACTIONS[arguments.action](arguments)


def _train(arguments: argparse.Namespace) -> int:
    from engine.chemistry.making import CannotMake, make

    if arguments.minutes is not None and arguments.epochs:
        raise Refused("minutes and epochs are both given; give one of them")
    if arguments.out.rsplit("/", 1)[-1] in ("", ".", ".."):
        raise Refused(f"out is {arguments.out[:60]!r}; it must end in the name of the prior, as mine or folder/mine")
    names = ("minutes", "epochs", "polish_steps", "language", *SIZES, "batch_size", "learning_rate", "seed")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if arguments.canonical:
        given["randomised"] = False
    start = None if arguments.start is None else _prior(arguments.start)
    bar = _Bar()
    try:
        prior = make(located(arguments.out), given, arguments.corpus, arguments.column, start, bar.say, bar.show)
    except CannotMake as error:
        raise Refused(str(error)) from None
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from the last few seconds", file=sys.stderr)
        return 1
    bar.end()
    _report(prior.card["quality"], prior, arguments.json, {"recipe": prior.card["recipe"]})
    return 0


class _Bar:
    """One line on stderr that is written over, at most four times a second."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._next = 0.0

    def say(self, sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    def show(self, progress: Any) -> None:
        self._losses = [*self._losses[-49:], progress.loss]
        if progress.seconds < self._next and progress.share < 1:
            return
        self._next = progress.seconds + 0.25
        filled = int(24 * progress.share)
        line = f"{progress.phase:6} [{'#' * filled}{'.' * (24 - filled)}] {progress.share:6.1%}"
        line += f"  loss {statistics.fmean(self._losses):.3f}  {duration(progress.seconds)}"
        if not math.isnan(progress.valid):
            line += f"  valid {progress.valid:.0%}"
        print(f"{line:79}", end="\r", file=sys.stderr, flush=True)

    def end(self) -> None:
        print(file=sys.stderr)


def _sample(arguments: argparse.Namespace) -> int:
    from engine.chemistry.quality import samples

    found = samples(_prior(arguments.prior), arguments.n, arguments.seed, arguments.temperature)
    if arguments.json:
        print_json(
            {"prior": arguments.prior, "seed": arguments.seed, "temperature": arguments.temperature, "samples": found}
        )
        return 0
    for text in found:
        print(text)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from engine.chemistry.quality import check

    prior = _prior(arguments.prior)
    _report(check(prior, arguments.n, arguments.seed, arguments.temperature), prior, arguments.json, {})
    return 0


def _prior(name: str) -> Prior:
    try:
        return read(located(name))
    except DamagedPrior as error:
        raise Refused(str(error)) from None


def _report(figures: dict, prior: Prior, as_json: bool, besides: dict) -> None:
    from engine.chemistry.quality import taught_figures

    figures = figures | taught_figures(prior.card)
    if as_json:
        print_json(besides | figures)
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{number(value)}")


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {"train": _train, "sample": _sample, "check": _check}
