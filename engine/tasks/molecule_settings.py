"""The settings of a molecule run: its goal and what is learned from, and here the generator and its scoring."""

from typing import Literal, Self

from pydantic import field_validator, model_validator

from engine.chemistry import prior
from engine.chemistry.diversity import Diversity
from engine.chemistry.goal import Goal
from engine.chemistry.replay import Learning
from engine.chemistry.screening import Screening
from engine.chemistry.starting_over import Patience
from engine.settings import setting


class MoleculeSettings(Diversity, Screening, Patience, Learning, Goal):
    kind: Literal["molecules"] = "molecules"
    prior: str = setting(
        prior.NAME,
        label="Prior",
        help="What it starts from: shipped, the name of a prior made by `python -m engine prior train`, or a path.",
        min_length=1,
        max_length=300,
        expert=True,
    )
    temperature: float = setting(
        1.0,
        label="Temperature",
        help="The prior's logits are divided by it at the start: above 1 bolder, below 1 safer.",
        ge=0.1,
        le=10.0,
        expert=True,
    )
    max_length: int = setting(
        100, label="Longest string", help="Tokens after which a molecule is cut off.", ge=10, le=200, expert=True
    )
    constrained: bool = setting(
        False,
        label="Close what is opened",
        help="Tokens are barred that would leave a branch or a ring open, or the string without its end; what is "
        "learned is of the same distribution. For priors that write SMILES.",
        expert=True,
    )
    workers: int = setting(
        2, label="Scoring processes", help="Processes that score molecules side by side.", ge=1, le=16, expert=True
    )
    score_timeout: float = setting(
        3.0, label="Scoring time limit", help="Seconds that one molecule may take.", ge=0.1, le=60.0, expert=True
    )

    @field_validator("prior")
    @classmethod
    def _can_be_read(cls, name: str) -> str:
        if name != prior.NAME:
            prior.read(prior.located(name))
        return name

    @model_validator(mode="after")
    def _has_what_to_close(self) -> Self:
        if self.constrained and prior.read(prior.located(self.prior)).vocabulary.language != "smiles":
            raise ValueError("constrained is true; it must be false, because the prior writes SELFIES, which close")
        return self
