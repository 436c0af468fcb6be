"""Acrobot-v1 as arrays: the equations (Sutton and Barto's book) and constants of gymnasium's AcrobotEnv.

R. Sutton, Generalization in Reinforcement Learning (NIPS 1996), whose d1, d2, phi1, phi2 these are; gymnasium takes
the book's second acceleration, with the term in dtheta1^2. Two links of 1 m, 1 kg and 1 kg m^2, centres half-way.
"""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Array, Dynamics, Outcome, module

CENTRE, INERTIA, GRAVITY = 0.5, 1.0, 9.8
STEP_SECONDS = 0.2
MAX_SPEEDS = 4 * np.pi, 9 * np.pi
HIGH = np.array([1.0, 1.0, 1.0, 1.0, *MAX_SPEEDS], np.float32)


def start(draws: Array) -> Array:
    """Two angles and their speeds, uniform from -0.1 to 0.1, hanging down is 0; rounded to float32 as in gymnasium."""
    xp = module(draws)
    return xp.asarray(xp.asarray(draws * 0.2 - 0.1, dtype=xp.float32), dtype=draws.dtype)


def step(state: Array, actions: Array) -> Outcome:
    """One Runge-Kutta step with torque -1, 0 or 1 between the links; -1 a step, 0 for the one that lifts the tip."""
    xp = module(state)
    torque = actions - 1.0
    half = STEP_SECONDS / 2
    k1 = derivative(state, torque)
    k2 = derivative(state + half * k1, torque)
    k3 = derivative(state + half * k2, torque)
    k4 = derivative(state + STEP_SECONDS * k3, torque)
    after = state + STEP_SECONDS / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    after[:2] = wrapped(after[:2])
    for part, limit in zip((2, 3), MAX_SPEEDS, strict=True):
        after[part] = xp.clip(after[part], -limit, limit)
    terminated = -xp.cos(after[0]) - xp.cos(after[1] + after[0]) > 1.0
    return after, 1.0 * terminated - 1.0, terminated


def derivative(state: Array, torque: Array) -> Array:
    """d/dt of (theta1, theta2, dtheta1, dtheta2), [4, N]. Factors of 1 (masses, the first link) are left out."""
    xp = module(state)
    theta1, theta2, speed1, speed2 = state
    cosine, sine = xp.cos(theta2), xp.sin(theta2)
    swing1, swing2 = CENTRE * state[2:] ** 2 * sine
    d1 = CENTRE**2 + (1 + CENTRE**2 + cosine) + 2 * INERTIA
    d2 = CENTRE * cosine + (CENTRE**2 + INERTIA)
    phi2 = CENTRE * GRAVITY * xp.cos(theta1 + theta2 - np.pi / 2)
    phi1 = (CENTRE + 1) * GRAVITY * xp.cos(theta1 - np.pi / 2) - (swing2 + speed2 * speed1 * sine) + phi2
    moved = xp.empty_like(state)
    moved[:2] = state[2:]
    moved[3] = (torque + d2 / d1 * phi1 - swing1 - phi2) / (CENTRE**2 + INERTIA - d2**2 / d1)
    moved[2] = -(d2 * moved[3] + phi1) / d1
    return moved


def wrapped(angles: Array) -> Array:
    """The same angles between -pi and pi; those that are already there stay as they are."""
    return angles - module(angles).round(angles / (2 * np.pi)) * (2 * np.pi)


def observe(state: Array) -> Array:
    xp = module(state)
    (cosine1, cosine2), (sine1, sine2) = xp.cos(state[:2]), xp.sin(state[:2])
    return xp.asarray(xp.stack((cosine1, sine1, cosine2, sine2, state[2], state[3]), -1), dtype=xp.float32)


ACROBOT = Dynamics("Acrobot", Box(-HIGH, HIGH, dtype=np.float32), Discrete(3), 4, start, step, observe)
