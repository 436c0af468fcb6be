"""Which device a run computes on."""

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic

import torch
from threadpoolctl import threadpool_limits

from engine import kernels
from engine.settings import InvalidSettings
from engine.surroundings import residents_from_environment, threads_from_environment

LOG = logging.getLogger(__name__)
TRIAL_ITERATIONS, TRIAL_SECONDS = 6, 3.0

Measure = Callable[[torch.device], float]
_fastest: dict[str, str] = {}  # by kind of run, as found in this process
_one_at_a_time = threading.Lock()


def available() -> list[str]:
    """The device names that work here, fastest kind first."""
    names = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def check(device: str, names: Sequence[str] | None = None) -> None:
    """Raise InvalidSettings where the device asked for is not here."""
    here = names or available()
    if device != "auto" and device not in here:
        raise InvalidSettings([f"device is {device}; it must be auto or one of {', '.join(here)} on this machine"])


def choose(device: str, kind: str, measure: Measure, names: Sequence[str] | None = None) -> torch.device:
    """The device asked for; `auto`: the one of `names` (all that are here) on which a run of this kind goes fastest.

    measure(device) makes a few iterations there and returns their env steps per second; it is asked once in a process
    for each kind of run, never where there is one device only. A device on which it raises RuntimeError is not taken.
    Raises InvalidSettings where the device asked for is not here.
    """
    names = names or available()
    check(device, names)
    if device != "auto":
        return torch.device(device)
    if len(names) == 1:
        return torch.device(names[0])
    with _one_at_a_time:
        if kind not in _fastest:
            speeds = {name: _measured(measure, name) for name in names}
            _fastest[kind] = max(speeds, key=speeds.__getitem__)
            LOG.info("Env steps per second: %s", speeds)
        return torch.device(_fastest[kind])


def _measured(measure: Measure, name: str) -> float:
    try:
        return measure(torch.device(name))
    except RuntimeError as error:
        LOG.warning("A run could not be tried on %s: %s", name, error)
        return 0.0


def speed(iterate: Callable[[], float], clock: Callable[[], float] = monotonic) -> float:
    """The best of a few iterations, of which each returns its env steps per second.

    The first, which begins whatever has to be begun, is not counted in the seconds that this may take; at least one
    more is made.
    """
    best = iterate()
    start = clock()
    for _ in range(TRIAL_ITERATIONS - 1):
        best = max(best, iterate())
        if clock() - start > TRIAL_SECONDS:
            break
    return best


def resident(device: torch.device) -> bool:
    """Whether environments that can live on this device do; else they stay on the CPU and only networks move there.

    On the CPU, numpy steps them faster than torch.
    """
    return device.type in residents_from_environment()


def prepare_threads() -> None:
    """One thread for an operation, torch's or BLAS's: small ones gain nothing from two, several runs with two collapse.

    Has the kernels compiled first: they bring a BLAS of their own.
    """
    kernels.ready()
    threads = threads_from_environment()
    torch.set_num_threads(threads)
    threadpool_limits(threads, user_api="blas")
