"""`export`: writes a run's metrics and policy into a folder, in formats other programs read."""

import argparse
from pathlib import Path

from engine.commands.stores import Refused, add_run_argument, add_store_option, existing_store, find_run
from engine.commands.text import print_json
from engine.commands.trained import add_checkpoint_option, choose, restore
from engine.export import write_metrics_csv, write_policy, write_tensorboard

FORMATS = ("csv", "tensorboard", "policy")


def configure(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    add_store_option(parser)
    add_checkpoint_option(parser)
    parser.add_argument("--out", metavar="FOLDER", help="where to (default: exports/RUN beside the store)")
    parser.add_argument(
        "--format", action="append", choices=FORMATS, help="only this; may be given more than once (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object with the files")


def run(arguments: argparse.Namespace) -> int:
    formats = arguments.format or FORMATS
    with existing_store(arguments.store) as store:
        found = find_run(store, arguments.run_id)
        table = store.metrics(found.run_id)
        saved = choose(store, found, arguments.checkpoint) if "policy" in formats else None
        beside = store.path.parent if store.path else Path()
    folder = Path(arguments.out) if arguments.out else beside / "exports" / found.run_id
    training = None if saved is None else restore(found, saved)
    files: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "csv" in formats:
            files += write_metrics_csv(folder / "metrics.csv", table)
        if "tensorboard" in formats:
            files += write_tensorboard(folder / "tensorboard", found, table)
        if saved is not None and training is not None:
            about = {"run_id": found.run_id, "name": found.name, "iteration": saved.step, "config": found.config}
            files += write_policy(folder, training, about)
    except OSError as error:
        raise Refused(f"The export to {folder} failed: {error.strerror or error}") from None
    finally:
        if training is not None:
            training.task.close()
    _tell(found.run_id, folder, sorted(map(str, files)), arguments.json)
    return 0


def _tell(run_id: str, folder: Path, files: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"run_id": run_id, "folder": str(folder), "files": files})
    else:
        print("\n".join(files))
