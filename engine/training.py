"""One run's training: collect, update and what both need, from iteration to iteration and through checkpoints."""

import copy
import math
from dataclasses import dataclass
from functools import partial
from time import monotonic, thread_time
from typing import Any

import torch
from torch import nn

from engine import algorithms, placing
from engine.config import RunConfig
from engine.policies import Policy
from engine.policies.spec import TokenSpec
from engine.row import episode_figures, numbers, times
from engine.settings import InvalidSettings, Settings
from engine.tasks import TASKS

EVALUATION_SEED = 1_000_003


@dataclass
class Progress:
    """What a run carries from iteration to iteration, and through its checkpoints."""

    iteration: int = 0
    env_steps: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    best_return: float = -math.inf
    best_at: int | None = None  # the iteration of that test
    solved_at: int | None = None


class Training:
    """One run under way: the task, the policy, the algorithm and the random state that belong together."""

    def __init__(self, config: RunConfig, device: torch.device | None = None):
        self.config = config
        self.settings: Settings = config.algorithm
        self.device = device or placing.device_for(config, partial(Training, config))
        self.task = TASKS[config.task.kind].build(config.task, config.seed, self.device)
        first_weights = torch.Generator().manual_seed(config.seed)
        policy = algorithms.policy(config.algorithm.kind, self.task.spec, config.policy, first_weights)
        assert isinstance(policy, nn.Module)
        self.policy: Any = policy.to(self.device)
        self.reference = _frozen(self.policy) if isinstance(self.task.spec, TokenSpec) else None
        self.algorithm = algorithms.build(config.algorithm.kind, self.policy, self.reference)
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        self.progress = Progress()

    def change(self, changes: dict[str, Any]) -> None:
        """Take changed algorithm settings over; Settings refuses what is out of bounds."""
        if changes:
            self.settings = type(self.settings).from_object(self.settings.model_dump(mode="json") | changes)

    def iterate(self) -> dict[str, float]:
        """One iteration: collect a rollout, update the policy; returns the row of metrics."""
        start, cpu = monotonic(), thread_time()
        if self.task.stuck:
            self._start_over()
        fraction = min(1.0, self.progress.env_steps / self.config.budget)
        algorithms.prepare(self.policy, self.settings, fraction)
        whole = self.algorithm.whole_episodes
        rollout = self.task.collect(self.policy, self.settings.batch_size, self.generator, whole)  # type: ignore[attr-defined]
        collected = monotonic()
        # Where nothing counts there is nothing to learn, and Adam's momentum alone must not move the policy.
        update = {} if rollout.empty else self.algorithm.update(self.settings, rollout, fraction, self.generator)
        row = numbers(update)
        ended = monotonic()
        steps = rollout.metrics.get("samples", rollout.steps)
        self.progress.iteration += 1
        self.progress.env_steps += int(steps)
        self.progress.wall_s += ended - start
        self.progress.cpu_s += thread_time() - cpu
        row |= episode_figures(rollout) | numbers({k: v for k, v in rollout.metrics.items() if k != "samples"})
        row |= times(rollout, start, collected, ended)
        row |= {"steps_per_second": steps / max(ended - start, 1e-9)}
        row |= {"env_steps": float(self.progress.env_steps), "wall_s": self.progress.wall_s}
        return row

    def _start_over(self) -> None:
        """A policy and an optimiser as at the run's beginning; settings and what the task knows stay."""
        assert self.reference is not None
        self.policy.load_state_dict(self.reference.state_dict())
        self.algorithm = algorithms.build(self.config.algorithm.kind, self.policy, self.reference)
        self.task.start_over()

    def evaluate(self, episodes: int, deterministic: bool) -> Any:
        """Test episodes of their own envs and seed; nothing of the training moves."""
        seed = self.config.seed + EVALUATION_SEED * (1 + self.progress.iteration)
        with torch.no_grad():
            return self.task.evaluate(self.policy, episodes, seed % 2**31, deterministic)

    def picture(self) -> dict[str, Any]:
        with torch.no_grad():
            return self.task.picture(self.policy, (self.config.seed + EVALUATION_SEED) % 2**31)

    def go_back(self, state: dict[str, Any]) -> None:
        """Take up what was learned by then; counts, settings, the random state and molecules found stay as they are.

        Envs go back along with the policy, whose observations they may normalise.
        """
        self.policy.load_state_dict(state["policy"])
        self.algorithm.load_state_dict(state["algorithm"])
        if not isinstance(self.task.spec, TokenSpec):
            self.task.load_state_dict(state["task"])

    def state_dict(self) -> dict[str, Any]:
        """Everything an exact continuation needs."""
        return {
            "settings": self.settings.to_json(),
            "policy": self.policy.state_dict(),
            "algorithm": self.algorithm.state_dict(),
            "task": self.task.state_dict(),
            "generator": self.generator.get_state(),
            "device": self.device.type,
            "progress": dict(vars(self.progress)),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.settings = type(self.settings).from_json(state["settings"])
        self.policy.load_state_dict(state["policy"])
        self.algorithm.load_state_dict(state["algorithm"])
        self.task.load_state_dict(state["task"])
        self.progress = Progress(**state["progress"])
        placing.restore_random(self.generator, state, self.config.seed + self.progress.iteration)


def take_up(training: Training, state: dict[str, Any]) -> None:
    """load_state_dict, or InvalidSettings where an earlier version did not save all that this one needs."""
    try:
        training.load_state_dict(state)
    except KeyError as error:
        missing = f"The checkpoint is of another version of Uphill, which did not save {error}; start its settings anew"
        raise InvalidSettings([missing]) from error


def _frozen(policy: nn.Module) -> Policy:
    """A copy that never learns: the reference the policy started from."""
    return copy.deepcopy(policy).requires_grad_(False).eval()  # type: ignore[return-value]
