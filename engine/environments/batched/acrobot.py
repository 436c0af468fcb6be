"""Acrobot-v1 as arrays: the equations (Sutton and Barto's book) and constants of gymnasium's AcrobotEnv.

R. Sutton, Generalization in Reinforcement Learning (NIPS 1996), whose d1, d2, phi1, phi2 these are; gymnasium takes
the book's second acceleration, with the term in dtheta1^2. Two links of 1 m, 1 kg and 1 kg m^2, centres half-way.
"""

import numpy as np
from gymnasium.spaces import Box, Discrete

from engine.environments.batched.dynamics import Dynamics, Outcome

CENTRE, INERTIA, GRAVITY = 0.5, 1.0, 9.8
STEP_SECONDS = 0.2
MAX_SPEED = np.array([[4 * np.pi], [9 * np.pi]])
HIGH = np.array([1.0, 1.0, 1.0, 1.0, 4 * np.pi, 9 * np.pi], np.float32)


def start(random: np.random.Generator, n: int) -> np.ndarray:
    """Two angles and their speeds, uniform from -0.1 to 0.1, hanging down is 0; rounded to float32 as in gymnasium."""
    return random.uniform(-0.1, 0.1, (4, n)).astype(np.float32).astype(np.float64)


def step(state: np.ndarray, actions: np.ndarray) -> Outcome:
    """One Runge-Kutta step with torque -1, 0 or 1 between the links; -1 a step, 0 for the one that lifts the tip."""
    torque = actions - 1.0
    half = STEP_SECONDS / 2
    k1 = derivative(state, torque)
    k2 = derivative(state + half * k1, torque)
    k3 = derivative(state + half * k2, torque)
    k4 = derivative(state + STEP_SECONDS * k3, torque)
    after = state + STEP_SECONDS / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    after[:2] = wrapped(after[:2])
    after[2:] = np.clip(after[2:], -MAX_SPEED, MAX_SPEED)
    terminated = -np.cos(after[0]) - np.cos(after[1] + after[0]) > 1.0
    return after, terminated - 1.0, terminated


def derivative(state: np.ndarray, torque: np.ndarray) -> np.ndarray:
    """d/dt of (theta1, theta2, dtheta1, dtheta2), [4, N]. Factors of 1 (masses, the first link) are left out."""
    theta1, theta2, speed1, speed2 = state
    cosine, sine = np.cos(theta2), np.sin(theta2)
    swing1, swing2 = CENTRE * state[2:] ** 2 * sine
    d1 = CENTRE**2 + (1 + CENTRE**2 + cosine) + 2 * INERTIA
    d2 = CENTRE * cosine + (CENTRE**2 + INERTIA)
    phi2 = CENTRE * GRAVITY * np.cos(theta1 + theta2 - np.pi / 2)
    phi1 = (CENTRE + 1) * GRAVITY * np.cos(theta1 - np.pi / 2) - (swing2 + speed2 * speed1 * sine) + phi2
    moved = np.empty_like(state)
    moved[:2] = state[2:]
    moved[3] = (torque + d2 / d1 * phi1 - swing1 - phi2) / (CENTRE**2 + INERTIA - d2**2 / d1)
    moved[2] = -(d2 * moved[3] + phi1) / d1
    return moved


def wrapped(angles: np.ndarray) -> np.ndarray:
    """The same angles between -pi and pi; those that are already there stay as they are."""
    return angles - np.rint(angles / (2 * np.pi)) * (2 * np.pi)


def observe(state: np.ndarray) -> np.ndarray:
    seen = np.empty((state.shape[1], 6), np.float32)
    seen[:, 0:4:2], seen[:, 1:4:2], seen[:, 4:] = np.cos(state[:2]).T, np.sin(state[:2]).T, state[2:].T
    return seen


ACROBOT = Dynamics("Acrobot", Box(-HIGH, HIGH, dtype=np.float32), Discrete(3), start, step, observe)
