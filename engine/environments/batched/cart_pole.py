"""CartPole-v1 as arrays: the equations and constants of gymnasium's CartPoleEnv."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Dynamics, Outcome

GRAVITY, CART_MASS, POLE_MASS = 9.8, 1.0, 0.1
MASS = POLE_MASS + CART_MASS
LENGTH = 0.5  # half the pole, metres
POLE_MOMENT = POLE_MASS * LENGTH
FORCE = 10.0
STEP_SECONDS = 0.02
MAX_POSITION, MAX_ANGLE = 2.4, 12 * 2 * np.pi / 360
HIGH = np.array([2 * MAX_POSITION, np.inf, 2 * MAX_ANGLE, np.inf], np.float32)


def start(random: np.random.Generator, n: int) -> np.ndarray:
    """Position, speed, angle and its speed, uniform from -0.05 to 0.05."""
    return random.uniform(-0.05, 0.05, (4, n))


def step(state: np.ndarray, actions: np.ndarray) -> Outcome:
    """Actions push left (0) or right (1); each step pays 1, the one that drops the pole too.

    R. Florian, Correct equations for the dynamics of the cart-pole system (2007), equations 23 and 24, no friction.
    """
    position, _, angle, turning = state
    sine, cosine = np.sin(angle), np.cos(angle)
    push = ((2 * actions - 1) * FORCE + POLE_MOMENT * np.square(turning) * sine) / MASS
    swing = (GRAVITY * sine - cosine * push) / (LENGTH * (4.0 / 3.0 - POLE_MASS * np.square(cosine) / MASS))
    moved = np.empty_like(state)
    moved[0::2] = state[1::2]
    moved[1] = push - POLE_MOMENT * swing * cosine / MASS
    moved[3] = swing
    moved *= STEP_SECONDS
    moved += state
    fallen = (np.abs(moved[0]) > MAX_POSITION) | (np.abs(moved[2]) > MAX_ANGLE)
    return moved, np.ones(len(position)), fallen


def observe(state: np.ndarray) -> np.ndarray:
    return state.T.astype(np.float32)


CART_POLE = Dynamics("CartPole", Box(-HIGH, HIGH, dtype=np.float32), Discrete(2), start, step, observe)
