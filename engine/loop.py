"""The training loop: one iteration after the other until the run is over, with tests, pictures and checkpoints."""

import math
from dataclasses import dataclass, field
from time import monotonic, thread_time
from typing import Any, Literal, Protocol

import numpy as np

from engine import devices, placing
from engine.config import RunConfig
from engine.training import Training, take_up

CHECKPOINT_SECONDS = 10.0
TESTS_PER_RUN = 20
PICTURE_SHARE, TEST_PICTURE_SHARE = 0.01, 0.1  # of a run's CPU time, at most, for pictures; for those at its tests

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


@dataclass(frozen=True)
class Outcome:
    """How training ended: a state of the store, and the figures of the final test where there was one."""

    state: str
    result: dict[str, Any] = field(default_factory=dict)


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


class _Loop:
    """When to test, to draw and to save, around Training's iterations."""

    def __init__(self, training: Training, control: Control, record: Recorder):
        self.training, self.control, self.record = training, control, record
        self.config, self.progress = training.config, training.progress
        self.saved_at = monotonic()
        self.drawn_at, self.worked = -math.inf, 0.0  # when the last picture was done, in wall and CPU seconds
        self.drawing = 0.0  # the CPU seconds it took
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
        if self._picture_due(due):
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

    def _picture_due(self, tested: bool) -> bool:
        """After the first iteration; later where a test or the task's clock asks for one and the share allows it."""
        since, work = monotonic() - self.drawn_at, thread_time() - self.worked
        interval = self.training.task.picture_seconds
        asked = interval is not None and since > interval and work > self.drawing / PICTURE_SHARE
        return asked or since == math.inf or (tested and work > self.drawing / TEST_PICTURE_SHARE)

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
        self.drawn_at, self.worked = monotonic(), thread_time()
        self.drawing = self.worked - start

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
