"""Evaluation: how a policy did in episodes of its own, apart from training."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Evaluation:
    """returns [episodes] float64, undiscounted and not normalised; lengths [episodes] int64; the task's own metrics."""

    returns: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    metrics: dict[str, Any] = field(default_factory=dict)
