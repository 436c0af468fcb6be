"""`train`: trains one run here, in this process, from a preset, a file or settings on the command line."""

import argparse
import json
from pathlib import Path
from typing import Any

from engine.commands.following import train_here
from engine.commands.options import add_setting_options, assign
from engine.commands.stores import Refused, add_store_option
from engine.config import RunConfig, config_schema
from engine.presets import PRESETS, preset_config
from engine.settings import MAX_BYTES, MAX_DEPTH, depth


def configure(parser: argparse.ArgumentParser) -> None:
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", metavar="NAME", help="begin with these settings; `presets` lists them")
    start.add_argument("--config", metavar="FILE", help="begin with the settings in a JSON file")
    add_store_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    add_setting_options(parser, config_schema())


def run(arguments: argparse.Namespace) -> int:
    config = RunConfig.from_object(assign(beginning(arguments), arguments.assignments, config_schema()))
    return train_here(arguments.store, lambda engine: engine.submit(config), arguments.json)


def beginning(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings to start from: a preset's, a file's, or none."""
    if arguments.preset is not None:
        return preset_config(arguments.preset)
    if arguments.config is not None:
        return read_settings(Path(arguments.config))
    if not arguments.assignments:
        raise Refused(f"Nothing to train: give --preset ({', '.join(list(PRESETS)[:3])}, ...), --config or settings")
    return {}


def read_settings(path: Path) -> dict[str, Any]:
    """The object in a JSON file, checked for size and depth before it is parsed."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Refused(f"The file {str(path)[:200]!r} cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(body) > MAX_BYTES:
        raise Refused(f"The file {path} has more than {MAX_BYTES:,} bytes, the most that settings may have")
    if depth(body) > MAX_DEPTH:
        raise Refused(f"The settings in {path} are nested more than {MAX_DEPTH} levels deep")
    try:
        settings = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The file {path} is not JSON: {error}") from None
    if not isinstance(settings, dict):
        raise Refused(f"The file {path} holds no object of named settings")
    return settings
