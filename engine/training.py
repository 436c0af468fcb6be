"""The training loop: collect, update, evaluate, record, checkpoint."""

import copy
import math
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, thread_time
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import nn

from engine import algorithms, devices, placing
from engine.config import RunConfig
from engine.policies import Policy
from engine.policies.spec import TokenSpec
from engine.row import episode_figures, numbers, times
from engine.settings import InvalidSettings, Settings
from engine.tasks import TASKS

CHECKPOINT_SECONDS = 10.0
TESTS_PER_RUN = 20
PICTURE_SHARE, TEST_PICTURE_SHARE = 0.01, 0.1  # of a run's time, at most, for its pictures; for those at its tests
EVALUATION_SEED = 1_000_003

Signal = Literal["pause", "stop", "shutdown"]
END_STATES: dict[Signal, str] = {"pause": "paused", "stop": "stopped", "shutdown": "interrupted"}


class Control(Protocol):
    """How a run is steered from outside; asked between iterations."""

    def signal(self) -> Signal | None: ...

    def changes(self, iteration: int) -> dict[str, Any]:
        """Settings of the algorithm to change from this iteration on, by name; empty where there are none."""
        ...

    def back(self, iteration: int) -> dict[str, Any] | None:
        """A checkpoint's state, whose policy is to be taken up at this iteration; None: none is."""
        ...


class Recorder(Protocol):
    """Where what happened goes. Called from the training thread only."""

    def metrics(self, iteration: int, row: dict[str, float]) -> None: ...
    def picture(self, iteration: int, picture: dict[str, Any]) -> None: ...
    def checkpoint(self, iteration: int, state: dict[str, Any], is_best: bool) -> None: ...


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


@dataclass(frozen=True)
class Outcome:
    """How training ended: a state of the store, and the figures of the final test where there was one."""

    state: str
    result: dict[str, Any] = field(default_factory=dict)


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


def train(config: RunConfig, control: Control, record: Recorder, resume: dict[str, Any] | None = None) -> Outcome:
    """Train until the budget is spent, the task is solved or `control` says so; `resume` is a checkpoint's state."""
    devices.prepare_threads()
    training = Training(config, None if resume is None else placing.kept(config, resume))
    try:
        if resume is not None:
            take_up(training, resume)
        return _Loop(training, control, record).run()
    finally:
        training.task.close()


def take_up(training: Training, state: dict[str, Any]) -> None:
    """load_state_dict, or InvalidSettings where an earlier version did not save all that this one needs."""
    try:
        training.load_state_dict(state)
    except KeyError as error:
        missing = f"The checkpoint is of another version of Uphill, which did not save {error}; start its settings anew"
        raise InvalidSettings([missing]) from error


class _Loop:
    """When to test, to draw and to save, around Training's iterations."""

    def __init__(self, training: Training, control: Control, record: Recorder):
        self.training, self.control, self.record = training, control, record
        self.config, self.progress = training.config, training.progress
        self.saved_at = monotonic()
        self.drawn_at, self.drawing = -math.inf, 0.0  # when the last picture was made, and the CPU seconds it took
        self.recording = 0.0

    def run(self) -> Outcome:
        while not self._done():
            signal = self.control.signal()
            if signal is not None:
                self._save()
                return Outcome(END_STATES[signal])
            following = self.progress.iteration + 1
            self.training.change(self.control.changes(following))
            if (best := self.control.back(following)) is not None:
                self.training.go_back(best)
            self._iterate()
        return Outcome("finished", self._finish())

    def _done(self) -> bool:
        solved = self.progress.solved_at is not None and self.config.evaluation.stop_when_solved
        return solved or self.progress.env_steps >= self.config.budget

    def _iterate(self) -> None:
        """One iteration, and after it what is due: a test, a picture, a checkpoint."""
        row = self.training.iterate()
        row["time_record"] = self.recording
        due = self._test_due()
        merit = -math.inf
        if due:
            tested, merit = self._test()
            row |= tested
        start = monotonic()
        self.record.metrics(self.progress.iteration, row)
        if is_best := merit > self.progress.best_return:
            self.progress.best_return, self.progress.best_at = merit, self.progress.iteration
        if self._picture_due(due, start - self.drawn_at):
            self._draw()
        solved = due and self._solved(row)
        if is_best or solved or start - self.saved_at > CHECKPOINT_SECONDS:
            self._save()
        self.recording = monotonic() - start

    def _test_due(self) -> bool:
        every = self.config.evaluation.every
        if every == 0:
            batches = self.config.budget / self.config.algorithm.batch_size
            every = max(1, round(batches / TESTS_PER_RUN))
        return self.progress.iteration % every == 0

    def _picture_due(self, tested: bool, since: float) -> bool:
        """After the first iteration; later where a test or the task's clock asks for one and the time allows it."""
        interval = self.training.task.picture_seconds
        asked = interval is not None and since > max(interval, self.drawing / PICTURE_SHARE)
        return asked or ((tested or since == math.inf) and since > self.drawing / TEST_PICTURE_SHARE)

    def _test(self) -> tuple[dict[str, float], float]:
        """The figures of a test, and what makes a checkpoint the best."""
        start = monotonic()
        episodes = self.config.evaluation.episodes
        likely, sampled = (self.training.evaluate(episodes, deterministic) for deterministic in (True, False))
        figures = {
            "eval_return_mean": float(np.mean(likely.returns)),
            "eval_return_sd": float(np.std(likely.returns, ddof=1)) if episodes > 1 else 0.0,
            "eval_return_sampled": float(np.mean(sampled.returns)),
            "eval_length": float(np.mean(likely.lengths)),
            "time_evaluation": monotonic() - start,
        }
        return figures, likely.merit

    def _solved(self, row: dict[str, float]) -> bool:
        """The small test passed, and the final test (more episodes) confirms it."""
        threshold = self.training.task.solved_at
        if threshold is None or self.progress.solved_at is not None:
            return False
        evaluation = self.config.evaluation
        score = row["eval_return_mean" if evaluation.deterministic else "eval_return_sampled"]
        if score < threshold:
            return False
        final = self.training.evaluate(evaluation.final_episodes, evaluation.deterministic)
        if float(np.mean(final.returns)) < threshold:
            return False
        self.progress.solved_at = self.progress.env_steps
        return True

    def _draw(self) -> None:
        start = thread_time()
        self.record.picture(self.progress.iteration, self.training.picture())
        self.drawn_at, self.drawing = monotonic(), thread_time() - start

    def _save(self) -> None:
        now, best = self.progress.iteration, self.progress.best_at  # saved once more at a pause, the best stays it
        self.record.checkpoint(now, self.training.state_dict(), now == best)
        self.saved_at = monotonic()

    def _finish(self) -> dict[str, Any]:
        """The final test, the last picture and checkpoint, and the run's figures."""
        evaluation, progress = self.config.evaluation, self.progress
        final = self.training.evaluate(evaluation.final_episodes, evaluation.deterministic)
        self._draw()
        self._save()
        return {
            "env_steps": progress.env_steps,
            "wall_s": progress.wall_s,
            "cpu_s": progress.cpu_s,
            "env_steps_per_cpu_s": progress.env_steps / max(progress.cpu_s, 1e-9),
            "eval_return_mean": float(np.mean(final.returns)),
            "eval_return_sd": float(np.std(final.returns, ddof=1)) if len(final.returns) > 1 else 0.0,
            "eval_episodes": len(final.returns),
            "solved_at_env_steps": progress.solved_at,
        } | dict(final.metrics)


def _frozen(policy: nn.Module) -> Policy:
    """A copy that never learns: the reference the policy started from."""
    return copy.deepcopy(policy).requires_grad_(False).eval()  # type: ignore[return-value]
