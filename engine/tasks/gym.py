"""Gymnasium environments as a task: masked rollouts, evaluation in envs of its own, and a replay to look at."""

from functools import cache
from typing import Any, Literal, Self

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Discrete
from gymnasium.vector import VectorEnv
from pydantic import field_validator, model_validator

from engine import devices
from engine.environments import allowed, replays, snapshots
from engine.environments.batched import dynamics_of
from engine.environments.batched.vector_env import BatchedVectorEnv
from engine.environments.normalisation import ObservationScale, RewardScale
from engine.environments.playing import Player, play
from engine.environments.spaces import action_distribution, to_env
from engine.environments.vectors import SerialVectorEnv, vector
from engine.policies import Policy
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.settings import Settings, setting
from engine.tasks.collecting import Collector
from engine.tasks.evaluation import Evaluation
from engine.tasks.resident import ResidentCollector
from engine.tasks.worlds import control

EVALUATION_WIDTH = 32
STATES_EVERY = 3.0
MOST_STEPPED_BY_TURNS = 4096


class GymSettings(Settings):
    kind: Literal["gym"] = "gym"
    env_id: str = setting(
        "CartPole-v1",
        label="Environment",
        help=f"A Gymnasium id such as {', '.join(allowed.SHIPPED[:3])}; more can be allowed by {allowed.VARIABLE}.",
        min_length=1,
        max_length=100,
    )
    n_envs: int = setting(
        64,
        label="Copies",
        help=f"Copies of the environment stepped side by side; above {MOST_STEPPED_BY_TURNS} for classic control only.",
        ge=1,
        le=65_536,
    )
    max_episode_steps: int | None = setting(
        None,
        label="Steps per episode",
        help="An episode is cut off after this many steps; empty: the environment's own limit (1000 if it has none).",
        ge=1,
        le=100_000,
        expert=True,
    )
    normalise_observations: bool = setting(
        False,
        label="Normalise observations",
        help="Subtract the running mean of what was observed, divide by its standard deviation, clip to [-10, 10].",
    )
    normalise_rewards: bool = setting(
        False,
        label="Normalise rewards",
        help="Divide rewards by the running standard deviation of the discounted return; reported returns stay as is.",
    )
    normalisation_discount: float = setting(
        0.99,
        label="Discount for normalising",
        help="Discount of the return by whose spread rewards are divided; best the algorithm's own.",
        ge=0.0,
        le=1.0,
        expert=True,
    )

    @field_validator("env_id")
    @classmethod
    def _is_allowed(cls, value: str) -> str:
        return allowed.check(value)

    @model_validator(mode="after")
    def _can_be_stepped(self) -> Self:
        if self.n_envs > MOST_STEPPED_BY_TURNS and dynamics_of(gymnasium.spec(self.env_id)) is None:
            raise ValueError(
                f"n_envs is {self.n_envs}; {self.env_id} is stepped copy by copy, so it must be at most "
                f"{MOST_STEPPED_BY_TURNS}"
            )
        return self


class GymTask:
    """Observations are flat float32 [length], discrete ones one-hot. Evaluation returns are as the env gives them."""

    stuck = False

    def __init__(self, settings: GymSettings, seed: int, device: torch.device):
        allowed.check(settings.env_id)
        self.settings, self.device = settings, device
        self._envs = vector(settings.env_id, settings.n_envs, settings.max_episode_steps)
        length = int(np.prod(self._envs.single_observation_space.shape or ()))
        actions = self._envs.single_action_space
        self.spec = EnvSpec((length,), action_distribution(actions, settings.env_id))
        discount = settings.normalisation_discount
        self._collector = Collector(
            self._envs,
            self.spec,
            seed,
            device,
            to_env=to_env(actions),
            observation_scale=ObservationScale((length,)) if settings.normalise_observations else None,
            reward_scale=RewardScale(settings.n_envs, discount) if settings.normalise_rewards else None,
        )
        self._resident = self._living_on_the_device(seed)
        self._evaluation_envs: VectorEnv | None = None
        self.solved_at = threshold(settings)
        self.picture_seconds: float | None = STATES_EVERY if settings.env_id in replays.PHYSICS else None

    def collect(self, policy: Policy, batch_size: int, generator: torch.Generator, whole_episodes: bool) -> Rollout:
        """batch_size // n_envs steps of each env, or whole episodes until batch_size steps were taken."""
        if self._resident is not None and not whole_episodes:
            return self._resident.collect(policy, batch_size, generator)
        return self._collector.collect(policy, batch_size, generator, whole_episodes)

    def _living_on_the_device(self, seed: int) -> ResidentCollector | None:
        """What makes rollouts on the device itself, for envs whose dynamics are ours; None for any others."""
        envs, scaled = self._envs, self.settings.normalise_observations or self.settings.normalise_rewards
        if scaled or not isinstance(envs, BatchedVectorEnv) or not devices.resident(self.device):
            return None
        envs.reset(seed=seed)
        world = control(envs.dynamics, envs.limit, self.device)
        return ResidentCollector(world, self.spec, envs.num_envs, self.device)

    def evaluate(self, policy: Policy, episodes: int, seed: int, deterministic: bool) -> Evaluation:
        """`episodes` episodes begun from `seed` in envs of their own, with normalisation as it stands."""
        return Evaluation(*play(self._wide(episodes), self._player(policy, seed, deterministic), episodes, seed))

    def _wide(self, episodes: int) -> VectorEnv:
        """Envs for evaluations, kept for the next: as many as episodes, or 32 where each is stepped by itself."""
        width = min(episodes, EVALUATION_WIDTH) if isinstance(self._envs, SerialVectorEnv) else episodes
        if self._evaluation_envs is None or self._evaluation_envs.num_envs != width:
            if self._evaluation_envs is not None:
                self._evaluation_envs.close()
            self._evaluation_envs = vector(self.settings.env_id, width, self.settings.max_episode_steps)
        return self._evaluation_envs

    def _player(self, policy: Policy, seed: int, deterministic: bool) -> Player:
        return Player(policy, self.device, self._collector.observation_scale, seed, deterministic)

    def picture(self, policy: Policy, seed: int) -> dict[str, Any]:
        """One deterministic episode from `seed`: states, video or text, as suits the env (see replays)."""
        player = self._player(policy, seed, deterministic=True)
        return replays.picture(self.settings.env_id, self.settings.max_episode_steps, player, seed)

    def state_dict(self) -> dict[str, Any]:
        self._bring_back()
        return {"collector": self._collector.state_dict(), "envs": snapshots.save(self._envs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Bring the envs to where they were. Raises ValueError for other envs, EnvironmentFailed for inexact ones."""
        self._collector.load_state_dict(state["collector"])
        snapshots.load(self._envs, state["envs"])
        if self._resident is not None and self._collector.under_way:
            assert isinstance(self._envs, BatchedVectorEnv)
            under_way = {"state": self._envs.state, "steps": self._envs.steps}
            self._resident.carry_on(self._collector.carry() | under_way)

    def _bring_back(self) -> None:
        """Where envs live on the device, let those here stand where those do."""
        carried = {} if self._resident is None else self._resident.carry()
        if carried:
            assert isinstance(self._envs, BatchedVectorEnv)
            self._envs.state, self._envs.steps = carried["state"], carried["steps"]
            self._envs.ended = carried["ended"]
            self._collector.carry_on(carried)

    def close(self) -> None:
        self._envs.close()
        if self._evaluation_envs is not None:
            self._evaluation_envs.close()


def threshold(settings: GymSettings) -> float | None:
    """The mean return from which gymnasium calls the env solved; None where it names none or the limit is shorter."""
    spec = gymnasium.spec(settings.env_id)
    limit, own = settings.max_episode_steps, spec.max_episode_steps
    if spec.reward_threshold is None or (limit is not None and own is not None and limit < own):
        return None
    return float(spec.reward_threshold)


def countable(settings: GymSettings) -> bool:
    """Whether an observation is one among a number of them, and stays so, and so is an action: as in FrozenLake-v1."""
    return not settings.normalise_observations and _discrete(settings.env_id)


@cache
def _discrete(env_id: str) -> bool:
    env = gymnasium.make(allowed.check(env_id), disable_env_checker=True)
    try:
        return all(isinstance(space, Discrete) for space in (env.observation_space, env.action_space))
    finally:
        env.close()


def build(settings: GymSettings, seed: int, device: torch.device) -> GymTask:
    return GymTask(settings, seed, device)
