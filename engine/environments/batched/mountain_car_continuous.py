"""MountainCarContinuous-v0 as arrays: the equations, constants and number types of Continuous_MountainCarEnv."""

import numpy as np
from gymnasium.spaces import Box

from engine.environments.batched import mountain_car
from engine.environments.batched.dynamics import Array, Dynamics, Outcome, module, seen

MIN_POSITION, MAX_POSITION, GOAL = -1.2, 0.6, 0.45
MAX_SPEED = 0.07
POWER, GRAVITY = 0.0015, 0.0025
HIGH, LOW = np.array([MAX_POSITION, MAX_SPEED], np.float32), np.array([MIN_POSITION, -MAX_SPEED], np.float32)


def start(draws: Array) -> Array:
    """At rest in the valley, positions uniform from -0.6 to -0.4. The state is float32, as gymnasium keeps it."""
    xp = module(draws)
    return xp.asarray(mountain_car.start(draws), dtype=xp.float32)


def step(state: Array, actions: Array) -> Outcome:
    """Costs a tenth of the action squared (as given, before it is cut to [-1, 1]); the goal pays 100."""
    xp = module(state)
    position, speed = state
    action = actions[:, 0]
    slope = GRAVITY * xp.cos(xp.asarray(3 * position, dtype=xp.float64))
    speed = speed + (xp.clip(action, -1.0, 1.0) * POWER - xp.asarray(slope, dtype=xp.float32))
    speed = xp.clip(speed, -MAX_SPEED, MAX_SPEED)
    position = xp.clip(position + speed, MIN_POSITION, MAX_POSITION)
    at_wall = position <= MIN_POSITION
    speed = xp.where(at_wall & (speed < 0), 0.0, speed)  # the wall on the left stops the car
    terminated = (position >= GOAL) & (speed >= 0)
    rewards = 100.0 * terminated - xp.square(xp.asarray(action, dtype=xp.float64)) * 0.1
    return xp.stack((position, speed)), rewards, terminated


MOUNTAIN_CAR_CONTINUOUS = Dynamics(
    "MountainCarContinuous", Box(LOW, HIGH, dtype=np.float32), Box(-1, 1, (1,), np.float32), 1, start, step, seen
)
