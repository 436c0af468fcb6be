"""A run's training as a checkpoint left it, to evaluate or to take away."""

import argparse

from engine import checkpoint, devices, placing
from engine.commands.stores import Refused
from engine.config import RunConfig
from engine.store import Checkpoint, RunRecord, Store
from engine.training import Training, take_up


def add_checkpoint_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        metavar="WHICH",
        default="last",
        help="last (default), best (the highest test score), or the iteration of one that was kept",
    )


def choose(store: Store, run: RunRecord, which: str) -> Checkpoint:
    """The checkpoint that was asked for. Raises Refused with those there are."""
    known = store.checkpoints(run.run_id)
    for saved in known:
        if which == "last" or (which == "best" and saved.is_best) or which == str(saved.step):
            return saved
    if not known:
        raise Refused(f"Run {run.run_id} has no checkpoint yet")
    steps = ", ".join(str(saved.step) for saved in known)
    named = "last, best" if any(saved.is_best for saved in known) else "last"
    raise Refused(f"--checkpoint is {which[:40]!r}; this run has {named}, or one of the iterations {steps}")


def restore(run: RunRecord, saved: Checkpoint) -> Training:
    """The run's task, policy and algorithm as saved. Raises Refused if the file is damaged or does not fit."""
    devices.prepare_threads()
    config = RunConfig.from_object(run.config)
    try:
        state = checkpoint.load(saved.path, saved.sha256, saved.size)
    except checkpoint.DamagedCheckpoint as damage:
        raise Refused(f"{damage}; --checkpoint takes another") from None
    training = Training(config, placing.kept(config, state))
    try:
        checkpoint.check_fits(state["policy"], training.policy.state_dict())
    except checkpoint.DamagedCheckpoint as damage:
        training.task.close()
        raise Refused(f"{damage}; --checkpoint takes another") from None
    try:
        take_up(training, state)
    except BaseException:
        training.task.close()
        raise
    return training
