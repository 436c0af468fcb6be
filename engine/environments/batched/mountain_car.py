"""MountainCar-v0 as arrays: the equations and constants of gymnasium's MountainCarEnv."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Dynamics, Outcome

MIN_POSITION, MAX_POSITION, GOAL = -1.2, 0.6, 0.5
MAX_SPEED = 0.07
FORCE, GRAVITY = 0.001, 0.0025
HIGH, LOW = np.array([MAX_POSITION, MAX_SPEED], np.float32), np.array([MIN_POSITION, -MAX_SPEED], np.float32)


def start(random: np.random.Generator, n: int) -> np.ndarray:
    """At rest in the valley, positions uniform from -0.6 to -0.4."""
    return np.stack((random.uniform(-0.6, -0.4, n), np.zeros(n)))


def step(state: np.ndarray, actions: np.ndarray) -> Outcome:
    """Actions push left (0), not at all (1), right (2). Every step costs 1."""
    position, speed = state
    speed = np.clip(speed + ((actions - 1) * FORCE - np.cos(3 * position) * GRAVITY), -MAX_SPEED, MAX_SPEED)
    position = np.clip(position + speed, MIN_POSITION, MAX_POSITION)
    speed[(position == MIN_POSITION) & (speed < 0)] = 0.0  # the wall on the left stops the car
    return np.stack((position, speed)), np.full(len(position), -1.0), (position >= GOAL) & (speed >= 0)


def observe(state: np.ndarray) -> np.ndarray:
    return state.T.astype(np.float32)


MOUNTAIN_CAR = Dynamics("MountainCar", Box(LOW, HIGH, dtype=np.float32), Discrete(3), start, step, observe)
