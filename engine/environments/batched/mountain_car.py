"""MountainCar-v0 as arrays: the equations and constants of gymnasium's MountainCarEnv."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Array, Dynamics, Outcome, module, seen

MIN_POSITION, MAX_POSITION, GOAL = -1.2, 0.6, 0.5
MAX_SPEED = 0.07
FORCE, GRAVITY = 0.001, 0.0025
START = -0.6, -0.4
HIGH, LOW = np.array([MAX_POSITION, MAX_SPEED], np.float32), np.array([MIN_POSITION, -MAX_SPEED], np.float32)


def start(draws: Array) -> Array:
    """At rest in the valley, positions uniform from -0.6 to -0.4."""
    xp = module(draws)
    position = draws[0] * (START[1] - START[0]) + START[0]
    return xp.stack((position, xp.zeros_like(position)))


def step(state: Array, actions: Array) -> Outcome:
    """Actions push left (0), not at all (1), right (2). Every step costs 1."""
    xp = module(state)
    position, speed = state
    push = xp.asarray(actions - 1, dtype=state.dtype) * FORCE
    speed = xp.clip(speed + (push - xp.cos(3 * position) * GRAVITY), -MAX_SPEED, MAX_SPEED)
    position = xp.clip(position + speed, MIN_POSITION, MAX_POSITION)
    speed = xp.where((position == MIN_POSITION) & (speed < 0), 0.0, speed)  # the wall on the left stops the car
    return xp.stack((position, speed)), -xp.ones_like(position), (position >= GOAL) & (speed >= 0)


MOUNTAIN_CAR = Dynamics("MountainCar", Box(LOW, HIGH, dtype=np.float32), Discrete(3), 1, start, step, seen)
