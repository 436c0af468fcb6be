"""The inner loops of an update on the CPU, compiled: losses of one number a row, and Adam's step.

Arrays are float32, or int64 for choices, and C-contiguous; results go into those named out, slope, d_* and weights.
Each has a plain version in torch (engine/losses.py, engine/policies/distributions.py, torch.optim.Adam), beside which
the tests hold it. The layers are in engine/layers.py.
"""

import math

import numpy as np
import numpy.typing as npt

from engine import layers
from engine.compiled import reordered

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@reordered
def choice_log_probs(logits: Floats, sizes: Ints, actions: Ints, out: Floats) -> None:
    """log pi(a) [M] of choices among sizes [P] whose logits [M, K] lie side by side, actions [M, P]."""
    for i in range(len(logits)):
        first, total = 0, 0.0
        for part in range(len(sizes)):
            last = first + sizes[part]
            highest = logits[i, first]
            for k in range(first + 1, last):
                highest = max(highest, logits[i, k])
            mass = 0.0
            for k in range(first, last):
                mass += math.exp(logits[i, k] - highest)
            total += logits[i, first + actions[i, part]] - highest - math.log(mass)
            first = last
        out[i] = total


@reordered
def choice_slope(
    logits: Floats, sizes: Ints, actions: Ints, weights: Floats, entropy_weight: float, slope: Floats
) -> None:
    """slope [M, K] = weights (onehot(a) - p) + entropy_weight p (log p + H)."""
    for i in range(len(logits)):
        first = 0
        for part in range(len(sizes)):
            last = first + sizes[part]
            highest = logits[i, first]
            for k in range(first + 1, last):
                highest = max(highest, logits[i, k])
            mass, mean = 0.0, 0.0
            for k in range(first, last):
                p = math.exp(logits[i, k] - highest)
                mass += p
                mean += p * (logits[i, k] - highest)
            mean /= mass
            for k in range(first, last):
                z = logits[i, k] - highest
                p = math.exp(z) / mass
                slope[i, k] = p * (entropy_weight * (z - mean) - weights[i])
            slope[i, first + actions[i, part]] += weights[i]
            first = last


@reordered
def gaussian_log_probs(means: Floats, log_std: Floats, actions: Floats, out: Floats) -> None:
    """log pi(a) [M] of means and actions [M, D] with one log standard deviation [D] for all rows."""
    rest = 0.0
    for k in range(len(log_std)):
        rest += log_std[k] + HALF_LOG_TWO_PI
    for i in range(len(means)):
        total = 0.0
        for k in range(len(log_std)):
            z = (actions[i, k] - means[i, k]) / math.exp(log_std[k])
            total += z * z
        out[i] = -0.5 * total - rest


@reordered
def gaussian_slope(
    means: Floats, log_std: Floats, actions: Floats, weights: Floats, slope: Floats, d_log_std: Floats
) -> None:
    """slope [M, D] = weights z / sigma and d_log_std [D] = sum weights (z^2 - 1), z = (a - mean) / sigma."""
    for k in range(len(log_std)):
        sigma, total = math.exp(log_std[k]), 0.0
        for i in range(len(means)):
            z = (actions[i, k] - means[i, k]) / sigma
            slope[i, k] = weights[i] * z / sigma
            total += weights[i] * (z * z - 1.0)
        d_log_std[k] = total


@reordered
def clipped_surrogate(
    log_probs: Floats, old: Floats, advantages: Floats, clip_range: float, weights: Floats
) -> tuple[float, float, float]:
    """(loss, clip fraction, KL by k3) of min(r A, clip(r) A) [M] with A whitened, and its weights [M].

    d loss = sum weights d log pi: -r A / M where the first is the smaller, else 0. (Schulman et al. 2017, equation 7)
    """
    count = len(log_probs)
    mean, deviation = standard(advantages)
    loss = clipped = kl = 0.0
    for i in range(count):
        advantage = (advantages[i] - mean) / deviation if deviation > 0 else advantages[i] - mean
        log_ratio = float(log_probs[i]) - float(old[i])
        ratio = math.exp(log_ratio)
        held = min(max(ratio, 1.0 - clip_range), 1.0 + clip_range) * advantage
        gain = ratio * advantage
        weights[i] = 0.0 if gain > held else -gain / count
        loss -= held if gain > held else gain
        clipped += abs(ratio - 1.0) > clip_range
        kl += math.expm1(log_ratio) - log_ratio
    return loss / count, clipped / count, kl / count


@reordered
def standard(x: Floats) -> tuple[float, float]:
    """(mean, standard deviation + 1e-8), by which advantages.masked_whiten divides; inf where x is one number."""
    count = len(x)
    if count == 1:
        return 0.0, 0.0
    total = size = squares = 0.0
    for i in range(count):
        total += x[i]
        size += abs(x[i])
    mean = total / count
    for i in range(count):
        squares += (x[i] - mean) ** 2
    deviation = math.sqrt(squares / (count - 1))
    rounding = 8 * np.finfo(np.float32).eps * size / count
    return mean, np.inf if deviation <= rounding else deviation + 1e-8


@reordered
def value_slope(values: Floats, returns: Floats, coefficient: float, slope: Floats) -> float:
    """0.5 mean (V - R)^2, and slope [M, 1] = coefficient (V - R) / M, for values [M, 1] and returns [M]."""
    count, total = len(returns), 0.0
    for i in range(count):
        error = values[i, 0] - returns[i]
        total += error * error
        slope[i, 0] = error * coefficient / count
    return 0.5 * total / count


@reordered
def norm(x: Floats) -> float:
    """The Euclidean length, summed in float64."""
    total = 0.0
    for i in range(len(x)):
        total += float(x[i]) * float(x[i])
    return math.sqrt(total)


@reordered
def adam(
    parameters: Floats, gradient: Floats, first: Floats, second: Floats, share: float, rate: float, epsilon: float,
    beta1: float, beta2: float,
) -> None:  # fmt: skip
    """theta <- theta - rate m / (sqrt v + eps); m, v are the running means of g = share gradient and of g^2."""
    part, step, least = np.float32(share), np.float32(rate), np.float32(epsilon)
    keep1, add1 = np.float32(beta1), np.float32(1.0 - beta1)
    keep2, add2 = np.float32(beta2), np.float32(1.0 - beta2)
    for i in range(len(parameters)):
        g = part * gradient[i]
        first[i] = keep1 * first[i] + add1 * g
        second[i] = keep2 * second[i] + add2 * g * g
        parameters[i] -= step * first[i] / (np.sqrt(second[i]) + least)


def ready() -> None:
    """Have all of them compiled, or read from the cache: a second of CPU time that no run then has to wait for."""
    layers.ready()
    rows, ones, sizes = np.ones((1, 1), np.float32), np.ones(1, np.float32), np.ones(1, np.int64)
    choices = np.zeros((1, 1), np.int64)
    choice_log_probs(rows, sizes, choices, ones)
    choice_slope(rows, sizes, choices, ones, 0.0, rows)
    gaussian_log_probs(rows, ones, rows, ones)
    gaussian_slope(rows, ones, rows, ones, rows, ones)
    clipped_surrogate(ones, ones, ones, 0.2, ones)
    value_slope(rows, ones, 1.0, rows)
    norm(ones)
    adam(ones, ones, ones, ones, 1.0, 0.0, 1.0, 0.9, 0.999)
