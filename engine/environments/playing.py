"""Playing whole episodes with a fixed policy: for evaluations and for pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import Env
from gymnasium.vector import VectorEnv

from engine.environments.failure import EnvironmentFailed
from engine.environments.normalisation import ObservationScale
from engine.environments.spaces import flat, to_env
from engine.policies import Policy


class Player:
    """Chooses actions for flat observations with statistics and parameters as they are; draws from its own generator.

    deterministic: the mode of the action distribution, else a sample of it.
    """

    def __init__(
        self, policy: Policy, device: torch.device, scale: ObservationScale | None, seed: int, deterministic: bool
    ):
        self.policy, self.device, self.scale = policy, device, scale
        self.generator = None if deterministic else torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def act(self, observations: np.ndarray) -> np.ndarray:
        """Actions [N] or [N, A] for observations [N, length] float32."""
        if self.scale is not None:
            seen = np.empty_like(observations)
            self.scale.apply(observations, out=seen)
            observations = seen
        params = self.policy.params(torch.from_numpy(observations).to(self.device)).cpu()
        distribution = self.policy.distribution
        if self.generator is None:
            return distribution.mode(params).numpy()
        return distribution.sample(params, self.generator).numpy()


def play(envs: VectorEnv, player: Player, episodes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns float64 [episodes] and lengths int64 [episodes] of episodes begun from `seed`.

    How many episodes each env plays is settled before they begin, so that short ones are not counted more often.
    """
    n = envs.num_envs
    quota = episodes // n + (np.arange(n) < episodes % n)
    returns, lengths = np.zeros(episodes), np.zeros(episodes, np.int64)
    running, steps, played = np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    idle, ended = quota == 0, np.zeros(n, bool)
    choose = to_env(envs.single_action_space)
    observations, _ = envs.reset(seed=seed)
    while not idle.all():
        if hasattr(envs, "idle"):
            envs.idle[:] = idle
        observations, rewards, terminated, truncated, _ = envs.step(choose(player.act(observations)))
        valid = ~(idle | ended)
        running += rewards * valid
        steps += valid
        ended = valid & (terminated | truncated)
        for i in np.flatnonzero(ended):
            returns[i + played[i] * n], lengths[i + played[i] * n] = running[i], steps[i]
        played += ended
        running[ended], steps[ended] = 0.0, 0
        idle |= played >= quota
    if hasattr(envs, "idle"):
        envs.idle[:] = False
    if not np.isfinite(returns).all():
        env = int(np.flatnonzero(~np.isfinite(returns))[0]) % n
        raise EnvironmentFailed(f"Environment {env} returned a reward that is not finite during an evaluation")
    return returns, lengths


@dataclass(frozen=True)
class Moment:
    """One step of one episode: what was done (None at the start), what came of it."""

    observation: Any
    action: np.ndarray | None
    reward: float


def moments(env: Env, player: Player, seed: int) -> Iterator[Moment]:
    """One episode of a single env, moment by moment; the env is as it was at each when it is yielded."""
    flatten, choose = flat(env.observation_space), to_env(env.action_space)
    observation, _ = env.reset(seed=seed)
    yield Moment(observation, None, 0.0)
    ended = False
    while not ended:
        seen = np.asarray(flatten(observation), np.float32)[None]
        action = choose(player.act(seen))[0]
        observation, reward, terminated, truncated, _ = env.step(action)
        ended = terminated or truncated
        yield Moment(observation, action, float(reward))
