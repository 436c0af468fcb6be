"""Functions of numbers and numpy arrays, compiled by numba when first used and kept in its cache."""

from collections.abc import Callable
from typing import Any

import numba

REORDERED = {"contract", "reassoc", "nsz", "arcp"}  # sums in any order, but NaN and infinity stay what they are


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled at its first call; the machine code is kept beside its file, else in the user's cache, else nowhere."""
    return _compiled(function)


def reordered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same where sums may be made in any order, so that eight numbers are added at once; always in the same one."""
    return _compiled(function, fastmath=REORDERED, error_model="numpy")


def _compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no folder can be written
        return numba.njit(nogil=True, **options)(function)
