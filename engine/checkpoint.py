"""Checkpoint files: written so that a crash or a full disk leaves the old ones whole, verified before they are read."""

import hashlib
import io
import math
import os
import pickle
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

SUFFIX = ".pt"
TEMPORARY = ".part"
# What torch.load(weights_only=True) reads back; compared exactly, since a numpy float is a float to isinstance.
PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.Tensor, torch.nn.Parameter)


class DamagedCheckpoint(Exception):
    """The file is not what was saved, or does not fit; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class SavedCheckpoint:
    """A file as it was written: what its bytes must hash to (SHA-256, hex) and how many there are."""

    path: Path
    sha256: str
    size: int


class Known(Protocol):
    """What must be known of a checkpoint to trust it: engine.store.Checkpoint, or SavedCheckpoint."""

    @property
    def path(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...


def save(directory: str | Path, step: int, state: Mapping[str, Any]) -> SavedCheckpoint:
    """Write state (tensors, numbers, strings, bytes, dicts, lists, tuples, sets) as a new file in directory.

    The name carries the step and the hash, so that no later file can take its place. Raises OSError (a full disk)
    and TypeError (something that could not be read back); either way no file is left behind.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, value in _leaves(state):
        if type(value) not in PLAIN:
            raise TypeError(f"{name} is a {type(value).__name__}; a checkpoint holds tensors and plain Python values")
    # Into memory first: on a full disk torch.save would say "unexpected pos" instead of what happened.
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    body = buffer.getvalue()
    sha256, size = hashlib.sha256(body).hexdigest(), len(body)
    temporary = directory / f"{secrets.token_hex(8)}{TEMPORARY}"
    path = directory / f"{step:09d}-{sha256[:16]}{SUFFIX}"
    try:
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_directory(directory)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return SavedCheckpoint(path, sha256, size)


def load(path: str | Path, sha256: str, size: int, map_location: str | torch.device = "cpu") -> dict[str, Any]:
    """Read a checkpoint after checking that it is the file that was saved. Raises DamagedCheckpoint.

    torch.load takes about 30 % of single-bit flips without a word, hence the hash.
    """
    path = Path(path)
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        raise DamagedCheckpoint(f"The checkpoint {path.name} is missing") from None
    except OSError as error:
        raise DamagedCheckpoint(f"The checkpoint {path.name} cannot be read: {error.strerror}") from error
    if len(body) != size:
        raise DamagedCheckpoint(f"The checkpoint {path.name} has {len(body):,} bytes; it was saved with {size:,}")
    found = hashlib.sha256(body).hexdigest()
    if found != sha256:
        raise DamagedCheckpoint(
            f"The checkpoint {path.name} was changed after it was saved (SHA-256 {found[:12]}, not {sha256[:12]})"
        )
    try:
        state = torch.load(io.BytesIO(body), map_location=map_location, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedCheckpoint(f"The checkpoint {path.name} cannot be read: {reason}") from error
    if not isinstance(state, dict):
        raise DamagedCheckpoint(f"The checkpoint {path.name} holds a {type(state).__name__} instead of named values")
    for name, value in _leaves(state):
        # An expanded tensor of a billion elements takes no room in a file, and all of the memory once it is copied.
        if isinstance(value, torch.Tensor) and value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise DamagedCheckpoint(f"The checkpoint {path.name} is not ours: {name} claims {value.numel():,} elements")
    return state


def load_newest(
    checkpoints: Sequence[Known], map_location: str | torch.device = "cpu"
) -> tuple[dict[str, Any], Known, list[str]]:
    """The first of them that is undamaged (Store.checkpoints puts the newest first).

    Returns (state, the checkpoint it came from, a sentence for each one passed over). Raises DamagedCheckpoint if
    none can be used.
    """
    skipped: list[str] = []
    for known in checkpoints:
        try:
            return load(known.path, known.sha256, known.size, map_location), known, skipped
        except DamagedCheckpoint as damage:
            skipped.append(str(damage))
    raise DamagedCheckpoint("; ".join(skipped) if skipped else "There is no checkpoint")


def check_fits(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Before load_state_dict: the same names, shapes and dtypes as in expected, and no NaN or infinity.

    Raises DamagedCheckpoint naming the first difference.
    """
    ours, theirs = dict(_leaves(expected)), dict(_leaves(found))
    if missing := sorted(ours.keys() - theirs.keys()):
        raise DamagedCheckpoint(f"The checkpoint is of another network: it has no {missing[0]}")
    if extra := sorted(theirs.keys() - ours.keys()):
        raise DamagedCheckpoint(f"The checkpoint is of another network: {extra[0]} is not part of this one")
    for name, want in ours.items():
        value = theirs[name]
        if isinstance(want, torch.Tensor) and isinstance(value, torch.Tensor):
            if value.shape != want.shape or value.dtype != want.dtype:
                raise DamagedCheckpoint(
                    f"The checkpoint is of another network: {name} is {_shown(value)}; it must be {_shown(want)}"
                )
            if not torch.isfinite(value).all():
                raise DamagedCheckpoint(f"The checkpoint holds NaN or infinity in {name}")
        elif type(value) is not type(want):
            raise DamagedCheckpoint(
                f"In the checkpoint {name} is a {type(value).__name__}; it must be a {type(want).__name__}"
            )
        elif isinstance(value, float) and not math.isfinite(value):
            raise DamagedCheckpoint(f"In the checkpoint {name} is {value}")


def prune(directory: str | Path, keep: Iterable[str | Path]) -> list[Path]:
    """Remove the checkpoints and left-over temporary files in directory, except those in keep; returns them.

    Call it after the store has forgotten them: Store.publish_checkpoint returns what to keep.
    """
    kept = {Path(path).absolute() for path in keep}
    directory = Path(directory).absolute()
    old = [path for path in sorted(directory.glob("*")) if path.suffix in (SUFFIX, TEMPORARY) and path not in kept]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def _leaves(value: Any, name: str = "") -> Iterable[tuple[str, Any]]:
    """(dotted name, value) of everything in nested dicts, lists, tuples and sets that is not one of those."""
    if type(value) in (dict, OrderedDict):
        items: Iterable[tuple[Any, Any]] = value.items()
    elif type(value) in (list, tuple, set):
        items = enumerate(value)
    else:
        yield name, value
        return
    for key, inner in items:
        yield from _leaves(inner, f"{name}.{key}" if name else str(key))


def _shown(tensor: torch.Tensor) -> str:
    return f"{list(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _sync_directory(directory: Path) -> None:
    """The rename itself must reach the disk too."""
    if os.name == "nt":
        return  # directories cannot be opened there, and renames are durable
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
