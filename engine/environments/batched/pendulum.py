"""Pendulum-v1 as arrays: the equations, constants and number types of gymnasium's PendulumEnv."""

import numpy as np
from gymnasium.spaces import Box

from engine.environments.batched.dynamics import Array, Dynamics, Outcome, module

GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0  # metres per second squared, kilograms, metres
STEP_SECONDS = 0.05
MAX_SPEED, MAX_TORQUE = 8.0, 2.0
START_ANGLE, START_SPEED = np.pi, 1.0  # episodes begin uniformly within plus and minus these
HIGH = np.array([1.0, 1.0, MAX_SPEED], np.float32)


def start(draws: Array) -> Array:
    xp = module(draws)
    return xp.stack((draws[0] * (2 * START_ANGLE) - START_ANGLE, draws[1] * (2 * START_SPEED) - START_SPEED))


def step(state: Array, actions: Array) -> Outcome:
    """The cost is theta^2 + 0.1 speed^2 + 0.001 torque^2 of where it was, theta between -pi and pi, 0 upright."""
    xp = module(state)
    theta, speed = state
    torque = xp.clip(actions[:, 0], -MAX_TORQUE, MAX_TORQUE)
    from_upright = (theta + np.pi) % (2 * np.pi) - np.pi
    cost = from_upright**2 + 0.1 * speed**2 + 0.001 * torque**2
    push = 3 * GRAVITY / (2 * LENGTH) * xp.sin(theta) + 3.0 / (MASS * LENGTH**2) * torque
    after = xp.empty_like(state)
    after[1] = xp.clip(speed + push * STEP_SECONDS, -MAX_SPEED, MAX_SPEED)
    after[0] = theta + after[1] * STEP_SECONDS
    return after, -cost, xp.zeros_like(theta, dtype=xp.bool)


def observe(state: Array) -> Array:
    xp = module(state)
    shown = xp.stack((xp.cos(state[0]), xp.sin(state[0]), state[1]), -1)
    return xp.asarray(shown, dtype=xp.float32)


PENDULUM = Dynamics(
    "Pendulum",
    Box(-HIGH, HIGH, dtype=np.float32),
    Box(-MAX_TORQUE, MAX_TORQUE, (1,), np.float32),
    2,
    start,
    step,
    observe,
)
