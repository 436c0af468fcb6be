"""Which device a run computes on."""

import os

import torch

from engine.settings import InvalidSettings

THREADS = int(os.environ.get("UPHILL_THREADS", "1"))
RESIDENT = os.environ.get("UPHILL_RESIDENT", "cuda").split(",")


def available() -> list[str]:
    """The device names that work here, fastest kind first."""
    names = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def choose(device: str, recurrent: bool) -> torch.device:
    """`auto`: recurrent token models on an accelerator where there is one; small perceptrons on the CPU.

    A perceptron's step takes microseconds, less than the launch of one GPU kernel, while its environments run on
    the CPU. Raises InvalidSettings where the device asked for is not here.
    """
    if device == "auto":
        return torch.device(available()[0] if recurrent else "cpu")
    if device not in available():
        raise InvalidSettings(
            [f"device is {device}; it must be auto or one of {', '.join(available())} on this machine"]
        )
    return torch.device(device)


def resident(device: torch.device) -> bool:
    """Whether environments that can live on this device do; else they stay on the CPU and only networks move there.

    On the CPU, numpy steps them faster than torch.
    """
    return device.type in RESIDENT


def prepare_threads() -> None:
    """One intra-op thread per run: small operations gain nothing from two, and several runs with two collapse."""
    torch.set_num_threads(THREADS)
