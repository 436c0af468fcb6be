"""CartPole-v1 as arrays: the equations and constants of gymnasium's CartPoleEnv."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Array, Dynamics, Outcome, module, seen

GRAVITY, CART_MASS, POLE_MASS = 9.8, 1.0, 0.1
MASS = POLE_MASS + CART_MASS
LENGTH = 0.5  # half the pole, metres
POLE_MOMENT = POLE_MASS * LENGTH
FORCE = 10.0
STEP_SECONDS = 0.02
MAX_POSITION, MAX_ANGLE = 2.4, 12 * 2 * np.pi / 360
HIGH = np.array([2 * MAX_POSITION, np.inf, 2 * MAX_ANGLE, np.inf], np.float32)


def start(draws: Array) -> Array:
    """Position, speed, angle and its speed, uniform from -0.05 to 0.05."""
    return draws * 0.1 - 0.05


def step(state: Array, actions: Array) -> Outcome:
    """Actions push left (0) or right (1); each step pays 1, the one that drops the pole too.

    R. Florian, Correct equations for the dynamics of the cart-pole system (2007), equations 23 and 24, no friction.
    """
    xp = module(state)
    position, _, angle, turning = state
    sine, cosine = xp.sin(angle), xp.cos(angle)
    push = ((2 * actions - 1) * FORCE + POLE_MOMENT * xp.square(turning) * sine) / MASS
    swing = (GRAVITY * sine - cosine * push) / (LENGTH * (4.0 / 3.0 - POLE_MASS * xp.square(cosine) / MASS))
    moved = xp.empty_like(state)
    moved[0::2] = state[1::2]
    moved[1] = push - POLE_MOMENT * swing * cosine / MASS
    moved[3] = swing
    moved *= STEP_SECONDS
    moved += state
    fallen = (xp.abs(moved[0]) > MAX_POSITION) | (xp.abs(moved[2]) > MAX_ANGLE)
    return moved, xp.ones_like(position), fallen


CART_POLE = Dynamics("CartPole", Box(-HIGH, HIGH, dtype=np.float32), Discrete(2), 4, start, step, seen)
