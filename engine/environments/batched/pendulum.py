"""Pendulum-v1 as arrays: the equations, constants and number types of gymnasium's PendulumEnv."""

import numpy as np
from gymnasium.spaces import Box

from engine.environments.batched.dynamics import Dynamics, Outcome

GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0  # metres per second squared, kilograms, metres
STEP_SECONDS = 0.05
MAX_SPEED, MAX_TORQUE = 8.0, 2.0
START = np.array([[np.pi], [1.0]])  # angles and speeds begin uniformly within plus and minus these
HIGH = np.array([1.0, 1.0, MAX_SPEED], np.float32)


def start(random: np.random.Generator, n: int) -> np.ndarray:
    return random.uniform(-START, START, (2, n))


def step(state: np.ndarray, actions: np.ndarray) -> Outcome:
    """The cost is theta^2 + 0.1 speed^2 + 0.001 torque^2 of where it was, theta between -pi and pi, 0 upright."""
    theta, speed = state
    torque = np.clip(actions[:, 0], -MAX_TORQUE, MAX_TORQUE)
    from_upright = (theta + np.pi) % (2 * np.pi) - np.pi
    cost = from_upright**2 + 0.1 * speed**2 + 0.001 * torque**2
    push = 3 * GRAVITY / (2 * LENGTH) * np.sin(theta) + 3.0 / (MASS * LENGTH**2) * torque
    after = np.empty_like(state)
    after[1] = np.clip(speed + push * STEP_SECONDS, -MAX_SPEED, MAX_SPEED)
    after[0] = theta + after[1] * STEP_SECONDS
    return after, -cost, np.zeros(len(theta), bool)


def observe(state: np.ndarray) -> np.ndarray:
    seen = np.empty((state.shape[1], 3), np.float32)
    seen[:, 0], seen[:, 1], seen[:, 2] = np.cos(state[0]), np.sin(state[0]), state[1]
    return seen


PENDULUM = Dynamics(
    "Pendulum",
    Box(-HIGH, HIGH, dtype=np.float32),
    Box(-MAX_TORQUE, MAX_TORQUE, (1,), np.float32),
    start,
    step,
    observe,
)
