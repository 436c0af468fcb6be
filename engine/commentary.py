"""One sentence that says what is going on in a run, from its recent metrics, in words for people."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from engine import collapse
from engine.store import MetricTable, RunRecord

SMOOTHED_OVER = 5  # iterations in the running mean that trends are read from
FLAT_AFTER = 20  # iterations without progress before a curve is called flat
NOTICEABLE = 0.03  # a change counts from this share of the curve's whole range
RECENT = 10  # iterations that a remark on KL, clipping or entropy looks back on


def sentence(run: RunRecord, table: MetricTable, best_step: int | None = None) -> str:
    """What the run is doing now. `table` holds its last rows, a few hundred at most; more are not needed. best_step is
    the iteration of its best checkpoint."""
    of_molecules = run.task == "molecules"
    turn = "round" if of_molecules else "iteration"
    match run.state:
        case "queued":
            return "Waiting for its turn."
        case "paused":
            return run.message or f"Paused after {turn} {run.iteration:,}. Resume goes on from there."
        case "stopped":
            return run.message or f"Stopped after {turn} {run.iteration:,}. What it learned is kept."
        case "interrupted":
            return run.message or "The program ended while this run was training. Resume goes on from its checkpoint."
        case "failed":
            return run.message or "Training ended on an error."
        case "finished":
            return run.message or (_finished_writing(run) if of_molecules else _finished(run))
    if not len(table.steps):
        first = (
            "the first molecules come with the first round"
            if of_molecules
            else "the first point comes after the first batch"
        )
        return f"Warming up: {first}."
    table, begun_anew = _this_search(table)
    algorithm = run.config.get("algorithm", {})
    measured = "score_mean" if of_molecules and "score_mean" in table.names else "return_mean"
    trend = _trend(table, measured, turn)
    alarm = collapse.alarm(table, algorithm, best_step) if of_molecules else None
    if alarm:
        return f"{trend}. {alarm.sentence} {alarm.advice}."
    anew = "It started over, as nothing better came for long; the best so far are kept" if begun_anew else ""
    remark = anew or _remark(algorithm, table)
    return f"{trend}{'. ' + remark if remark else ''}."


def _this_search(table: MetricTable) -> tuple[MetricTable, bool]:
    """The rows since a search last started over, and whether that was within the last RECENT; else all of them."""
    anew = np.flatnonzero(np.diff(_column(table, "restarts")) > 0)
    if not len(anew):
        return table, False
    first = int(anew[-1]) + 1
    kept = replace(table, steps=table.steps[first:], values=table.values[first:], attempts=table.attempts[first:])
    return kept, len(kept.steps) <= RECENT


def _finished(run: RunRecord) -> str:
    result = run.result or {}
    mean, episodes = result.get("eval_return_mean"), result.get("eval_episodes")
    if mean is None:
        return f"Finished after {run.env_steps:,} steps."
    solved = result.get("solved_at_env_steps")
    when = f" Solved after {solved:,} steps." if solved else ""
    return f"Finished: average score {_figure(mean)} over {episodes} test tries.{when}"


def _finished_writing(run: RunRecord) -> str:
    result = run.result or {}
    mean, molecules, reached = (
        result.get(name) for name in ("eval_return_mean", "eval_episodes", "solved_at_env_steps")
    )
    said = f"Finished: {run.env_steps:,} molecules tried."
    if mean is not None:
        test = f"A last test of {molecules} fresh ones scores {_figure(mean)} on average"
        said = f"{said} {test}; whatever is no molecule counts 0."
    return f"{said} Its goal was reached after {reached:,} molecules." if reached else said


def _trend(table: MetricTable, measured: str, turn: str) -> str:
    """Improving, flat or falling, with figures, from the smoothed mean score of each iteration (called a `turn`)."""
    returns = _column(table, measured)
    steps = table.steps[~np.isnan(returns)]
    returns = returns[~np.isnan(returns)]
    if len(returns) < 2:
        return "The first tries are under way" if not len(returns) else f"First average score: {_figure(returns[0])}"
    window = min(SMOOTHED_OVER, len(returns))
    smooth = np.convolve(returns, np.ones(window) / window, mode="valid")
    steps = steps[window - 1 :]
    if len(smooth) < 2:
        return f"Average score of the first {len(returns)} {turn}s: about {_figure(smooth[0])}"
    now, spread = smooth[-1], float(np.ptp(smooth))
    margin = max(NOTICEABLE * spread, 1e-3 * abs(now), 1e-9)
    best_at = _last_progress(smooth, margin)
    since = int(steps[-1] - steps[best_at])
    if now < smooth[: best_at + 1].max() - max(0.25 * spread, margin):
        best = smooth.max()
        return f"Falling: average score {_figure(now)}, {_figure(best - now)} below its best, {_figure(best)}"
    if since >= FLAT_AFTER:
        return f"Flat for {since} {turn}s at an average score of about {_figure(now)}"
    back = max(0, len(smooth) - 1 - FLAT_AFTER)
    gained, over = now - smooth[back], int(steps[-1] - steps[back])
    if gained > margin:
        return f"Still improving: average score {_figure(now)}, up {_figure(gained)} in {over} {turn}s"
    return f"Holding an average score of about {_figure(now)}"


def _last_progress(smooth: np.ndarray, margin: float) -> int:
    """Where the curve last rose above all before it by more than `margin` over the last such place."""
    reached, at = smooth[0], 0
    for index, value in enumerate(smooth):
        if value > reached + margin:
            reached, at = value, index
    return at


def _remark(algorithm: dict[str, Any], table: MetricTable) -> str:
    """What limits the updates just now, if anything does."""
    epochs, most = _recent(table, "epochs"), algorithm.get("epochs", 1)
    target = algorithm.get("target_kl")
    if target and len(epochs) >= RECENT // 2 and np.mean(epochs < most) >= 0.5:
        return (
            f"KL is at its limit of {target:g}: steps are being cut short, "
            f"{np.mean(epochs):.1f} of {most} epochs on average"
        )
    clipped = _recent(table, "clip_fraction")
    if len(clipped) and clipped.mean() > 0.4:
        return f"{clipped.mean():.0%} of the probability ratios are clipped; a smaller learning rate would clip fewer"
    accepted = _recent(table, "step_accepted")
    if len(accepted) >= RECENT // 2 and accepted.mean() < 0.5:
        return f"The line search found no better policy in {int((1 - accepted).sum())} of {len(accepted)} iterations"
    entropy, began = _recent(table, "entropy"), _column(table, "entropy")
    began = began[~np.isnan(began)]
    if len(entropy) and began[0] > 0 and 0 <= entropy.mean() < 0.02 * began[0]:
        return "The policy hardly explores any more: its entropy is near 0"
    return ""


def _column(table: MetricTable, name: str) -> np.ndarray:
    if name not in table.names:
        return np.full(len(table.steps), math.nan)
    return table.values[:, table.names.index(name)]


def _recent(table: MetricTable, name: str) -> np.ndarray:
    column = _column(table, name)[-RECENT:]
    return column[~np.isnan(column)]


def _figure(value: float) -> str:
    """As exact as somebody watching needs: 475, 12.3, −0.812."""
    value = float(value)
    figure = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return figure.replace("-", "−")
