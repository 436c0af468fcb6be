"""Where predictors are kept: NAME.safetensors with the arrays, NAME.json with the card; checked before use."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from engine.chemistry.predictors.features import DESCRIPTORS
from engine.chemistry.predictors.model import Predictor
from engine.settings import InvalidSettings

SHIPPED = Path(__file__).parent / "shipped"
ROOT = Path(__file__).parents[3]
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_BYTES = 200 * 2**20
TYPES = {"columns": np.int64, "starts": np.int32, "rows": np.int32}


class NoPredictor(ValueError):
    """A predictor that is not there, is damaged, or cannot be written; the message says which and what to do."""


def own() -> Path:
    """The folder of predictors made here: UPHILL_PREDICTORS, or store/predictors."""
    return ROOT / os.environ.get("UPHILL_PREDICTORS", "store/predictors")


def predictors() -> dict[str, dict[str, Any]]:
    """The cards of all that can be read, by name; shipped ones first."""
    found: dict[str, dict[str, Any]] = {}
    for folder in (SHIPPED, own()):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            try:
                found.setdefault(path.stem, read_card(path.stem))
            except NoPredictor:
                continue
    return found


def read_card(name: str) -> dict[str, Any]:
    """What is known of a predictor: its error, what it learned from. Raises NoPredictor."""
    try:
        card = json.loads(_place(name).with_suffix(".json").read_bytes())
        if not {"sha256", "bytes", "test", "usual", "range"} <= set(card):
            raise ValueError("its card lacks entries")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise NoPredictor(f"The predictor {name} cannot be read: {error}; train it again") from None
    return card


def read(name: str) -> Predictor:
    """The predictor, its bytes checked against its card. Raises NoPredictor."""
    card = read_card(name)
    return _read(str(_place(name).with_suffix(".safetensors")), card["sha256"], name)


def hashes(names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of the predictors of these names. Raises InvalidSettings."""
    try:
        return {name: read_card(name)["sha256"] for name in names}
    except NoPredictor as error:
        raise InvalidSettings([str(error)]) from None


def must_be(noted: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raises InvalidSettings where a predictor is another than the one of the noted hash."""
    for name, sha256 in noted.items():
        if now.get(name) != sha256:
            raise InvalidSettings(
                [
                    f"The run began with a predictor {name} of SHA-256 {sha256[:12]}...; the one that lies there now "
                    f"has {str(now.get(name))[:12]}..."
                ]
            )


@lru_cache(maxsize=8)
def _read(path: str, sha256: str, name: str) -> Predictor:
    try:
        if os.path.getsize(path) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
        body = Path(path).read_bytes()
        if hashlib.sha256(body).hexdigest() != sha256:
            raise ValueError("its bytes are not those that were written")
        return _checked(load(body))
    except Exception as error:  # whatever is in the file, its reader says one sentence
        raise NoPredictor(f"The predictor {name} is damaged: {error}; train it again") from None


def _checked(arrays: dict[str, np.ndarray]) -> Predictor:
    """Raises ValueError where names, types, shapes or numbers cannot be those of a predictor."""
    model = Predictor(**arrays)
    n, keys, entries = len(model.totals), len(model.columns), len(model.rows)
    shapes = {
        "columns": (keys,),
        "starts": (keys + 1,),
        "rows": (entries,),
        "totals": (n,),
        "descriptors": (n, len(DESCRIPTORS)),
        "centre": (len(DESCRIPTORS),),
        "scale": (len(DESCRIPTORS),),
        "coefficients": (n,),
        "mean": (1,),
    }
    for name, array in model.arrays().items():
        if array.shape != shapes[name] or array.dtype != TYPES.get(name, np.float64) or not np.isfinite(array).all():
            raise ValueError(f"{name} has the wrong shape, type or numbers")
    if n == 0 or (model.rows < 0).any() or (model.rows >= n).any() or (np.diff(model.starts) < 0).any():
        raise ValueError("its rows point outside")
    if model.starts[0] != 0 or model.starts[-1] != entries or (np.diff(model.columns) <= 0).any():
        raise ValueError("its columns are not in order")
    return model


def write(name: str, model: Predictor, card: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
    """Keep a predictor under a new name; the card as it was written. Raises NoPredictor."""
    folder = folder or own()
    if refused := why_no_name(name):
        raise NoPredictor(refused)
    body = save(model.arrays())
    card = {"name": name, **card, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in (
            (folder / f"{name}.safetensors", body),
            (folder / f"{name}.json", json.dumps(card, indent=1, allow_nan=True).encode()),
        ):
            beside = path.with_suffix(path.suffix + ".part")
            beside.write_bytes(content)
            os.replace(beside, path)
    except OSError as error:
        raise NoPredictor(f"The predictor {name} cannot be written to {folder}: {error.strerror}") from None
    return card


def delete(name: str) -> None:
    """Take one's own predictor away. Raises NoPredictor."""
    path = _place(name)
    if path.parent == SHIPPED:
        raise NoPredictor(f"The predictor {name} is shipped and stays")
    for suffix in (".json", ".safetensors"):
        path.with_suffix(suffix).unlink(missing_ok=True)


def why_no_name(name: str) -> str | None:
    """Why no new predictor can have this name, as a sentence; None when one can."""
    if not NAME.fullmatch(name):
        return f"name is {name[:60]!a}; it must be small letters, digits and _, beginning with a letter, at most 40"
    if any((folder / f"{name}.json").exists() for folder in (SHIPPED, own())):
        return f"name is {name}; there is a predictor of this name, so choose another, or delete that one first"
    return None


def _place(name: str) -> Path:
    """The path without its suffix. Raises NoPredictor, naming what there is."""
    for folder in (SHIPPED, own()):
        if NAME.fullmatch(name) and (folder / f"{name}.json").is_file():
            return folder / name
    there = sorted({path.stem for folder in (SHIPPED, own()) if folder.is_dir() for path in folder.glob("*.json")})
    raise NoPredictor(f"There is no predictor {name[:60]!a}; there {'are ' + ', '.join(there) if there else 'is none'}")
