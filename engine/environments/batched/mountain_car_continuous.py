"""MountainCarContinuous-v0 as arrays: the equations, constants and number types of Continuous_MountainCarEnv."""

import numpy as np
from gymnasium.spaces import Box

from engine.environments.batched.dynamics import Dynamics, Outcome

MIN_POSITION, MAX_POSITION, GOAL = np.float32(-1.2), np.float32(0.6), np.float32(0.45)
MAX_SPEED = np.float32(0.07)
POWER, GRAVITY = np.float32(0.0015), 0.0025
HIGH, LOW = np.array([MAX_POSITION, MAX_SPEED]), np.array([MIN_POSITION, -MAX_SPEED])


def start(random: np.random.Generator, n: int) -> np.ndarray:
    """At rest in the valley, positions uniform from -0.6 to -0.4. The state is float32, as gymnasium keeps it."""
    return np.stack((random.uniform(-0.6, -0.4, n), np.zeros(n))).astype(np.float32)


def step(state: np.ndarray, actions: np.ndarray) -> Outcome:
    """Costs a tenth of the action squared (as given, before it is cut to [-1, 1]); the goal pays 100."""
    position, speed = state
    action = actions[:, 0]
    slope = np.cos(3 * position, dtype=np.float64)
    speed = speed + (np.clip(action, -1, 1) * POWER - (GRAVITY * slope).astype(np.float32))
    speed = np.clip(speed, -MAX_SPEED, MAX_SPEED)
    position = np.clip(position + speed, MIN_POSITION, MAX_POSITION)
    speed[(position == MIN_POSITION) & (speed < 0)] = 0.0  # the wall on the left stops the car
    terminated = (position >= GOAL) & (speed >= 0)
    return np.stack((position, speed)), 100.0 * terminated - np.square(action, dtype=np.float64) * 0.1, terminated


def observe(state: np.ndarray) -> np.ndarray:
    return state.T.copy()


MOUNTAIN_CAR_CONTINUOUS = Dynamics(
    "MountainCarContinuous", Box(LOW, HIGH, dtype=np.float32), Box(-1, 1, (1,), np.float32), start, step, observe
)
