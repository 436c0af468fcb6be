"""Environments that run as arrays, all copies at once: the dynamics of Gymnasium's classic control."""

from gymnasium.envs.registration import EnvSpec

from engine.environments.batched.acrobot import ACROBOT
from engine.environments.batched.cart_pole import CART_POLE
from engine.environments.batched.dynamics import Dynamics
from engine.environments.batched.mountain_car import MOUNTAIN_CAR
from engine.environments.batched.mountain_car_continuous import MOUNTAIN_CAR_CONTINUOUS
from engine.environments.batched.pendulum import PENDULUM

BATCHED: dict[str, Dynamics] = {  # by the entry point that gymnasium registers
    "gymnasium.envs.classic_control.acrobot:AcrobotEnv": ACROBOT,
    "gymnasium.envs.classic_control.cartpole:CartPoleEnv": CART_POLE,
    "gymnasium.envs.classic_control.continuous_mountain_car:Continuous_MountainCarEnv": MOUNTAIN_CAR_CONTINUOUS,
    "gymnasium.envs.classic_control.mountain_car:MountainCarEnv": MOUNTAIN_CAR,
    "gymnasium.envs.classic_control.pendulum:PendulumEnv": PENDULUM,
}


def dynamics_of(spec: EnvSpec) -> Dynamics | None:
    """The dynamics of a registered env where they are those written here; None for any other env.

    An id registered with arguments of its own (another gravity) or with wrappers is another env.
    """
    if spec.kwargs or spec.additional_wrappers or not isinstance(spec.entry_point, str):
        return None
    return BATCHED.get(spec.entry_point)
