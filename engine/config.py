"""RunConfig: all that is needed to repeat a run, put together from the registered tasks and algorithms."""

import unicodedata
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.algorithms import ALGORITHMS
from engine.policies import PolicySettings
from engine.settings import Settings, setting
from engine.tasks import TASKS

MAX_NAME = 120


class EvaluationSettings(Settings):
    """Test episodes, apart from training."""

    every: int = setting(
        0, ge=0, le=1_000_000, label="Test every", help="Iterations between tests; 0 makes about 20 tests in a run."
    )
    episodes: int = setting(
        20, ge=1, le=1000, label="Tries per test", help="Test episodes (molecules: molecules) while training."
    )
    final_episodes: int = setting(
        100, ge=1, le=10_000, label="Tries in the final test", help="Also what confirms that a task is solved."
    )
    deterministic: bool = setting(
        True,
        label="Most likely action counts",
        help="Whether solved is judged with the most likely action or with sampled ones.",
        expert=True,
    )
    stop_when_solved: bool = setting(
        True, label="Stop when solved", help="End the run once the final test passes the task's threshold."
    )


if TYPE_CHECKING:  # the unions are put together from the registries, which no type checker can follow
    TaskSettings = Any
    AlgorithmSettings = Any
else:
    TaskSettings = Annotated[reduce(or_, (task.settings for task in TASKS.values())), Field(discriminator="kind")]
    AlgorithmSettings = Annotated[
        reduce(or_, (algorithm.settings for algorithm in ALGORITHMS.values())), Field(discriminator="kind")
    ]


def _usual_policy(validated: dict[str, Any]) -> PolicySettings:
    """The network of a run that names none: the usual layers, or none at all where a table is learned."""
    tabular = ALGORITHMS[validated["algorithm"].kind].tabular
    return PolicySettings(hidden_sizes=()) if tabular else PolicySettings()


class RunConfig(Settings):
    """A run: the same config and seed give the same run on the same machine and versions."""

    name: str = setting(
        "", max_length=MAX_NAME, label="Name", help="How the run is called; empty names it by its task."
    )
    seed: int = setting(1, ge=0, le=2**31 - 1, label="Seed", help="Everything random in the run follows from it.")
    budget: int = setting(
        100_000, ge=1, le=10_000_000_000, label="Budget", help="Env steps, or molecules, after which the run ends."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", label="Device", help="Where the networks compute; auto takes what is fastest here.", expert=True
    )
    task: TaskSettings = Field(description="What is to be learned.")
    algorithm: AlgorithmSettings = Field(description="How it is learned.")
    policy: PolicySettings = Field(default_factory=_usual_policy, description="The network that acts.")
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings, description="Tests while training.")

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        name = unicodedata.normalize("NFC", name).strip()
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for character in name):
            raise ValueError(
                "name contains control or direction characters; letters, digits, spaces and signs are allowed"
            )
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        batch, envs = self.algorithm.batch_size, getattr(self.task, "n_envs", 1)
        if batch % envs:
            raise ValueError(f"algorithm.batch_size is {batch}; it must be a multiple of task.n_envs, which is {envs}")
        for field in ("minibatch_size", "critic_minibatch_size"):
            size = getattr(self.algorithm, field, 1)
            if size > batch:
                raise ValueError(
                    f"algorithm.{field} is {size}; it must be at most algorithm.batch_size, which is {batch}"
                )
        if self.budget < batch:
            raise ValueError(f"budget is {self.budget}; it must be at least algorithm.batch_size, which is {batch}")
        if ALGORITHMS[self.algorithm.kind].tabular:
            self._fits_a_table(self.algorithm.kind)
        return self

    def _fits_a_table(self, kind: str) -> None:
        """Raise ValueError for what a table of action values cannot read, or does not have."""
        sizes = self.policy.hidden_sizes
        if sizes:
            raise ValueError(f"policy.hidden_sizes is {list(sizes)}; {kind} learns a table, so it must be []")
        if self.device not in ("auto", "cpu"):
            raise ValueError(
                f"device is {self.device}; {kind} learns a table, entry by entry, so it must be auto or cpu"
            )
        if getattr(self.task, "normalise_observations", False):
            raise ValueError(
                f"task.normalise_observations is true; {kind} learns a table of the observations themselves, "
                "so it must be false"
            )
        if not TASKS[self.task.kind].countable(self.task):
            subject = getattr(self.task, "env_id", self.task.kind)
            raise ValueError(
                f"algorithm.kind is {kind}, which learns a table; {subject} has observations or actions that are not "
                "single choices, so it must be one of "
                + ", ".join(name for name, other in ALGORITHMS.items() if not other.tabular)
            )


@cache
def config_schema() -> dict[str, Any]:
    """The JSON Schema of RunConfig: form, command line and reference table are drawn from it."""
    return RunConfig.model_json_schema()
