"""Rows: the buffers that a rollout is written into, step by step."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.policies.distributions import Gaussian, MultiCategorical
from engine.policies.spec import EnvSpec


@dataclass
class Rows:
    """Preallocated buffers of `capacity` steps, as tensors; `views` are the same memory seen by numpy.

    "raw" are the observations before normalisation; without it, they are the observations themselves.
    """

    tensors: dict[str, Tensor]
    capacity: int

    @classmethod
    def of(cls, capacity: int, n: int, spec: EnvSpec, scaled: bool) -> "Rows":
        action_shape: tuple[int, ...] = ()
        if isinstance(spec.distribution, Gaussian):
            action_shape = (spec.distribution.dim,)
        elif isinstance(spec.distribution, MultiCategorical):
            action_shape = (len(spec.distribution.sizes),)
        action_type = torch.float32 if isinstance(spec.distribution, Gaussian) else torch.int64
        tensors = {
            "observations": torch.zeros(capacity + 1, n, *spec.observation_shape),
            "actions": torch.zeros(capacity, n, *action_shape, dtype=action_type),
            "rewards": torch.zeros(capacity, n, dtype=torch.float64),
            "terminated": torch.zeros(capacity, n, dtype=torch.bool),
            "truncated": torch.zeros(capacity, n, dtype=torch.bool),
            "mask": torch.ones(capacity, n, dtype=torch.bool),
        }
        raw = torch.zeros_like(tensors["observations"]) if scaled else tensors["observations"]
        return cls({**tensors, "raw": raw}, capacity)

    @property
    def views(self) -> dict[str, np.ndarray]:
        return {name: tensor.numpy() for name, tensor in self.tensors.items()}

    def doubled(self) -> "Rows":
        tensors = {}
        for name, tensor in self.tensors.items():
            more = tensor.new_ones if name == "mask" else tensor.new_zeros
            tensors[name] = torch.cat([tensor, more(self.capacity, *tensor.shape[1:])])
        if self.tensors["raw"] is self.tensors["observations"]:
            tensors["raw"] = tensors["observations"]
        return Rows(tensors, 2 * self.capacity)
