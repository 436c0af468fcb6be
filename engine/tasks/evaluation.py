"""Evaluation: how a policy did in episodes of its own, apart from training."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Evaluation:
    """returns [episodes] float64, undiscounted and not normalised; lengths [episodes] int64; the task's own metrics.

    counted [episodes] bool: the episodes whose returns speak for the policy, in `merit`; None: all of them.
    """

    returns: npt.NDArray[np.float64]
    lengths: npt.NDArray[np.int64]
    metrics: dict[str, Any] = field(default_factory=dict)
    counted: npt.NDArray[np.bool_] | None = None

    @property
    def merit(self) -> float:
        """By what the best policy of a run is told: the mean return, where one that does not count brings 0."""
        return float(np.mean(self.returns if self.counted is None else self.returns * self.counted))
