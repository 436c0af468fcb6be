"""Policies: networks that act and evaluate, all behind one interface."""

from typing import Annotated, Literal, Protocol

import torch
from pydantic import Field
from torch import Tensor, nn

from engine.policies.distributions import Distribution
from engine.policies.mlp import MLPPolicy
from engine.policies.spec import EnvSpec, TokenSpec
from engine.settings import Settings, setting


class PolicySettings(Settings):
    hidden_sizes: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = setting(
        (64, 64),
        label="Hidden layers",
        help="Widths of the hidden layers of actor and critic; none at all makes a table with one row per observation.",
        max_length=6,
    )
    activation: Literal["tanh", "relu"] = setting(
        "tanh", label="Activation", help="The function between layers.", expert=True
    )


class Policy(Protocol):
    """What algorithms and tasks may ask of a policy. Recurrent ones read whole columns [T, N] at a time."""

    @property
    def distribution(self) -> Distribution: ...
    @property
    def recurrent(self) -> bool: ...
    def params(self, observations: Tensor) -> Tensor: ...
    def values(self, observations: Tensor) -> Tensor: ...
    def actor_parameters(self) -> list[nn.Parameter]: ...
    def critic_parameters(self) -> list[nn.Parameter]: ...
    def state_dict(self) -> dict[str, Tensor]: ...
    def load_state_dict(self, state: dict[str, Tensor]) -> object: ...


def build(spec: EnvSpec | TokenSpec, settings: PolicySettings, generator: torch.Generator) -> Policy:
    """A policy that reads and emits what `spec` says, its first weights drawn from `generator`."""
    if isinstance(spec, TokenSpec):
        from engine.policies.tokens import TokenPolicy

        return TokenPolicy(spec, generator)
    return MLPPolicy(spec, settings.hidden_sizes, settings.activation, generator)
