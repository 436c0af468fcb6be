"""The environments a run may name. Only these reach gymnasium.make, which would import any `module:Env` it is given."""

import difflib
import importlib
import importlib.util
import os
from functools import cache

import gymnasium

from engine.environments import spaces
from engine.settings import shown

VARIABLE = "UPHILL_ENVIRONMENTS"

CLASSIC_CONTROL = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1")
BOX2D = ("LunarLander-v3", "LunarLanderContinuous-v3", "BipedalWalker-v3", "BipedalWalkerHardcore-v3")
TOY_TEXT = (
    "Blackjack-v1",
    "FrozenLake-v1",
    "FrozenLake8x8-v1",
    "CliffWalking-v1",
    "CliffWalkingSlippery-v1",
    "Taxi-v4",
)
MUJOCO = (
    "InvertedPendulum-v5",
    "InvertedDoublePendulum-v5",
    "Reacher-v5",
    "Pusher-v5",
    "Swimmer-v5",
    "Hopper-v5",
    "HalfCheetah-v5",
    "Walker2d-v5",
    "Ant-v5",
    "Humanoid-v5",
    "HumanoidStandup-v5",
)
SHIPPED = CLASSIC_CONTROL + BOX2D + TOY_TEXT + MUJOCO
PACKAGES = {id_: module for ids, module in ((BOX2D, "Box2D"), (MUJOCO, "mujoco")) for id_ in ids}


class NotAllowed(ValueError):
    """An environment that cannot be used here; the message says why, and what could be meant."""


def allowed() -> tuple[str, ...]:
    """The ids that may be used: the shipped ones, then those that whoever runs Uphill added."""
    return tuple(dict.fromkeys((*SHIPPED, *added(os.environ.get(VARIABLE, "")))))


@cache
def added(listed: str) -> tuple[str, ...]:
    """Ids from the environment variable UPHILL_ENVIRONMENTS, separated by commas: `highway_env:highway-v0, Ring-v2`.

    Whoever sets the variable may name the module that registers an id; a run only ever names the id.
    Raises NotAllowed for a module that cannot be imported.
    """
    ids = []
    for entry in filter(None, (entry.strip() for entry in listed.split(","))):
        module, _, id_ = entry.rpartition(":")
        if module:
            try:
                importlib.import_module(module)
            except Exception as error:
                raise NotAllowed(f"{VARIABLE} names the module {module}, which cannot be imported: {error}") from error
        ids.append(id_)
    return tuple(ids)


def check(env_id: str) -> str:
    """Return `env_id` if a run may use it. Raises NotAllowed with a sentence otherwise; imports nothing unasked."""
    known = allowed()
    if env_id not in known:
        if ":" in env_id:
            raise NotAllowed(
                f"env_id is {shown(env_id)}; an id may not name a module. "
                f"Whoever runs Uphill can add it by the environment variable {VARIABLE}"
            )
        raise NotAllowed(
            f"env_id is {shown(env_id)}, which is not on the list of allowed environments{_meant(env_id, known)}"
        )
    package = PACKAGES.get(env_id)
    if package is not None and importlib.util.find_spec(package) is None:
        raise NotAllowed(f"env_id is {shown(env_id)}; it needs the package {package}, which is not installed")
    if env_id not in SHIPPED:
        _check_spaces(env_id)
    return env_id


@cache
def _check_spaces(env_id: str) -> None:
    """Make an added environment once, to see that it can be made and that policies can deal with its spaces."""
    try:
        env = gymnasium.make(env_id, disable_env_checker=True)
    except Exception as error:
        raise NotAllowed(f"env_id is {env_id}, which cannot be made: {type(error).__name__}: {error}") from error
    try:
        spaces.observation_length(env.observation_space, env_id)
        spaces.action_distribution(env.action_space, env_id)
    except spaces.UnsupportedSpace as error:
        raise NotAllowed(str(error)) from error
    finally:
        env.close()


def _meant(env_id: str, known: tuple[str, ...]) -> str:
    """ "; did you mean CartPole-v1?": the same name in another case or version first, then the nearest spelling."""
    names = {id_.lower(): id_ for id_ in known} | {id_.rpartition("-v")[0].lower(): id_ for id_ in known}
    wanted = env_id.strip().lower()[:60]
    near = names.get(wanted) or names.get(wanted.rpartition("-v")[0])
    if near is None:
        match = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
        near = names[match[0]] if match else None
    return f"; did you mean {near}?" if near else f". Allowed are {', '.join(known)}"
