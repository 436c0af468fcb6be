"""Collector: steps a vector env with a policy and returns what happened as a masked Rollout."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from engine.environments.failure import EnvironmentFailed
from engine.environments.normalisation import ObservationScale, RewardScale
from engine.policies import Policy
from engine.policies.distributions import Distribution
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.tasks.rows import Rows
from engine.tasks.same_step import Finals, spread, with_finals

Write = Callable[[Any, np.ndarray], None]
ToEnv = Callable[[np.ndarray], Any]
CARRIED = ("current", "ended", "returns", "lengths")
AT_ONCE = 32  # steps of which the random numbers are drawn together: one by one they cost as much as the policy


def copy_observations(observations: Any, out: np.ndarray) -> None:
    out[...] = observations


def same_actions(actions: np.ndarray) -> np.ndarray:
    return actions


class Collector:
    """Owns a vector env (autoreset NEXT_STEP or SAME_STEP) and the episodes under way in it.

    write(observations, out): encodes the env's batch of observations into float32 out [N, *obs].
    to_env(actions): what the env's step takes for actions [N] or [N, A]; the rollout keeps them as sampled.
    observation_scale, reward_scale: running normalisation; None leaves the numbers as they are.
    A vector env with an attribute `idle` [N] bool is told which of its envs need not be stepped.
    """

    def __init__(
        self,
        envs: VectorEnv,
        spec: EnvSpec,
        seed: int,
        device: torch.device,
        *,
        write: Write = copy_observations,
        to_env: ToEnv = same_actions,
        observation_scale: ObservationScale | None = None,
        reward_scale: RewardScale | None = None,
    ):
        mode = envs.metadata.get("autoreset_mode")
        if mode not in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            raise ValueError(f"The vector env resets in mode {mode}; NEXT_STEP and SAME_STEP are supported")
        self.same_step = mode == AutoresetMode.SAME_STEP
        self.envs, self.spec, self.seed, self.device = envs, spec, seed, device
        self.write, self.to_env = write, to_env
        self.observation_scale, self.reward_scale = observation_scale, reward_scale
        n = envs.num_envs
        self.seeded = False
        self.under_way = False
        self.current = np.zeros((n, *spec.observation_shape), np.float32)
        self.ended = np.zeros(n, bool)
        self.returns = np.zeros(n)
        self.lengths = np.zeros(n, np.int64)
        self.finals: list[Finals] = []

    def collect(self, policy: Policy, batch_size: int, generator: torch.Generator, whole_episodes: bool) -> Rollout:
        """batch_size // N steps of each env, or whole episodes until batch_size valid steps were taken."""
        if whole_episodes:
            return self.collect_episodes(policy, batch_size, generator)
        return self.collect_steps(policy, max(1, batch_size // self.envs.num_envs), generator)

    @torch.no_grad()
    def collect_steps(self, policy: Policy, steps: int, generator: torch.Generator) -> Rollout:
        """`steps` steps of every env, going on where the last rollout ended. Row after an episode's end: masked."""
        if not self.under_way:
            self._begin()
        if self.ended.all():
            steps = max(steps, 2)  # the first row resets every env: nothing can be learned from it alone
        rows = Rows.of(steps, self.envs.num_envs, self.spec, self.observation_scale is not None)
        views, timings = rows.views, {"environment": 0.0, "inference": 0.0}
        self._first_row(views)
        views["mask"][0] = ~self.ended
        chance = chances(policy.distribution, min(steps, AT_ONCE), self.envs.num_envs, generator)
        for t in range(steps):
            self._step(t, policy, next(chance), rows.tensors, views, timings)
        if not self.same_step:
            done = views["terminated"] | views["truncated"]
            np.logical_not(done[:-1], out=views["mask"][1:])
            views["rewards"][~views["mask"]] = 0.0
            self.ended = done[-1].copy()
        self.current = views["raw"][steps].copy()
        return self._rollout(rows, steps, timings)

    @torch.no_grad()
    def collect_episodes(self, policy: Policy, batch_size: int, generator: torch.Generator) -> Rollout:
        """Fresh episodes in every env; after `batch_size` valid steps none begins and those under way are finished."""
        self._begin()
        n = self.envs.num_envs
        rows = Rows.of(max(1, batch_size // n) + 1, n, self.spec, self.observation_scale is not None)
        views, timings = rows.views, {"environment": 0.0, "inference": 0.0}
        self._first_row(views)
        idle, resets = np.zeros(n, bool), np.zeros(n, bool)
        chance = chances(policy.distribution, AT_ONCE, n, generator)
        t = taken = 0
        while not idle.all():
            if t == rows.capacity:
                rows = rows.doubled()
                views = rows.views
            self._step(t, policy, next(chance), rows.tensors, views, timings)
            valid = ~(idle | resets)
            views["mask"][t] = valid
            for name in ("rewards", "terminated", "truncated"):
                views[name][t] *= valid
            taken += int(np.count_nonzero(valid))
            ends = views["terminated"][t] | views["truncated"][t]
            if taken >= batch_size:
                idle |= ends | resets
                self._rest(idle)
            resets = ends & ~idle & (not self.same_step)
            t += 1
        self._rest(np.zeros(n, bool))
        self.under_way = False
        return self._rollout(rows, t, timings)

    def _begin(self) -> None:
        """Start an episode in every env; the very first time from the seed, later going on with the envs' own."""
        observations, _ = self.envs.reset(seed=None if self.seeded else self.seed)
        self.seeded = self.under_way = True
        self.write(observations, self.current)
        self.ended[:] = False
        self.returns[:] = 0
        self.lengths[:] = 0
        if self.reward_scale is not None:
            self.reward_scale.forget_episodes()

    def _rest(self, idle: np.ndarray) -> None:
        if hasattr(self.envs, "idle"):
            self.envs.idle[:] = idle

    def _first_row(self, views: dict[str, np.ndarray]) -> None:
        self.finals = []
        views["raw"][0] = self.current
        self._observe(views, 0)

    def _observe(self, views: dict[str, np.ndarray], t: int) -> None:
        if self.observation_scale is not None:
            self.observation_scale.apply(views["raw"][t], out=views["observations"][t])

    def _step(
        self,
        t: int,
        policy: Policy,
        chance: Tensor,
        rows: dict[str, Tensor],
        views: dict[str, np.ndarray],
        timings: dict[str, float],
    ) -> None:
        """Row t: read observations[t], act as the policy and `chance` have it, step, write observations[t + 1]."""
        start = perf_counter()
        params = policy.params(rows["observations"][t].to(self.device)).to(chance.device)
        views["actions"][t] = policy.distribution.chosen(params, chance).cpu().numpy()
        acted = perf_counter()
        outcome = self.envs.step(self.to_env(views["actions"][t]))
        self.write(outcome[0], views["raw"][t + 1])
        views["rewards"][t], views["terminated"][t], views["truncated"][t] = outcome[1:4]
        self._observe(views, t + 1)
        if self.same_step:
            self._keep_finals(t, outcome)
        timings["inference"] += acted - start
        timings["environment"] += perf_counter() - acted

    def _keep_finals(self, t: int, outcome: tuple[Any, ...]) -> None:
        """What the episodes that ended in this step led to; their envs have begun the next already."""
        envs = np.flatnonzero(outcome[2] | outcome[3])
        if len(envs):
            found = np.zeros_like(self.current)
            self.write(with_finals(outcome[0], outcome[4]["final_obs"], outcome[2] | outcome[3]), found)
            check_finite({"raw": found[None]}, t + 1)
            if self.observation_scale is not None:
                self.observation_scale.apply(found, out=found)
            self.finals.append(Finals(t, torch.from_numpy(envs), torch.from_numpy(found[envs])))

    def _rollout(self, rows: Rows, steps: int, timings: dict[str, float]) -> Rollout:
        """Check, count the episodes that ended, update the running statistics, scale the rewards."""
        tensors = {name: tensor[: steps + (name in ("observations", "raw"))] for name, tensor in rows.tensors.items()}
        views = {name: tensor.numpy() for name, tensor in tensors.items()}
        check_finite(views)
        done, mask, rewards = views["terminated"] | views["truncated"], views["mask"], views["rewards"]
        episode_returns, episode_lengths = self._count(rewards, done, mask)
        if self.observation_scale is not None:
            self.observation_scale.update(views["raw"][:-1][mask])
        if self.reward_scale is not None:
            rewards = self.reward_scale.scaled(rewards, done, mask)
        rollout = Rollout(
            observations=tensors["observations"],
            actions=tensors["actions"],
            rewards=torch.from_numpy(rewards.astype(np.float32)),
            terminated=tensors["terminated"],
            truncated=tensors["truncated"],
            mask=tensors["mask"],
            episode_returns=episode_returns,
            episode_lengths=episode_lengths,
            timings=timings,
        )
        return (spread(rollout, self.finals) if self.same_step else rollout).to(self.device)

    def _count(self, rewards: np.ndarray, done: np.ndarray, mask: np.ndarray) -> tuple[list[float], list[int]]:
        """Returns and lengths of the episodes that ended; those under way are carried to the next rollout."""
        returns = self.returns + rewards.cumsum(0)
        lengths = self.lengths + mask.cumsum(0)
        counted_return, counted_length = np.zeros(done.shape[1]), np.zeros(done.shape[1], np.int64)
        episode_returns: list[float] = []
        episode_lengths: list[int] = []
        for t in np.flatnonzero(done.any(1)):
            ends = done[t]
            episode_returns += (returns[t] - counted_return)[ends].tolist()
            episode_lengths += (lengths[t] - counted_length)[ends].tolist()
            counted_return[ends], counted_length[ends] = returns[t][ends], lengths[t][ends]
        self.returns, self.lengths = returns[-1] - counted_return, lengths[-1] - counted_length
        return episode_returns, episode_lengths

    def carry(self) -> dict[str, np.ndarray]:
        """The episodes under way: what is seen of them, which have ended, what they brought and how long they are."""
        return {name: getattr(self, name) for name in CARRIED}

    def carry_on(self, carried: dict[str, np.ndarray]) -> None:
        """Go on with episodes that were begun elsewhere."""
        self.seeded = self.under_way = True
        for name in CARRIED:
            setattr(self, name, carried[name])

    def state_dict(self) -> dict[str, Any]:
        """What the collector itself knows; the envs' own state is saved apart."""
        return {
            "seeded": self.seeded,
            "under_way": self.under_way,
            **{name: torch.from_numpy(array.copy()) for name, array in self.carry().items()},
            "observation_scale": None if self.observation_scale is None else self.observation_scale.state_dict(),
            "reward_scale": None if self.reward_scale is None else self.reward_scale.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seeded, self.under_way = state["seeded"], state["under_way"]
        for name in CARRIED:
            mine, saved = getattr(self, name), state[name].numpy()
            if saved.shape != mine.shape or saved.dtype != mine.dtype:
                raise ValueError(
                    f"The saved {name} are {saved.dtype} {saved.shape}; expected {mine.dtype} {mine.shape}"
                )
            setattr(self, name, saved.copy())
        if self.observation_scale is not None:
            self.observation_scale.load_state_dict(state["observation_scale"])
        if self.reward_scale is not None:
            self.reward_scale.load_state_dict(state["reward_scale"])


def chances(distribution: Distribution, steps: int, n: int, generator: torch.Generator) -> Iterator[Tensor]:
    """What chance adds to a policy's output for n envs (Distribution.noise), one step after the other without end."""
    like = torch.empty(steps, n, distribution.parameters, device=generator.device)
    while True:
        yield from distribution.noise(like, generator).unbind()


def check_finite(views: dict[str, np.ndarray], first: int = 0) -> None:
    """Raise EnvironmentFailed naming the first env and step whose action, reward or observation is not finite.

    `first` is the rollout's row that the views begin with.
    Actions come first: a diverged policy, not the env, is to blame for what follows one that is NaN.
    """
    subjects = (("actions", "The policy chose the action"), ("rewards", "The environment returned the reward"))
    for name, sentence in (*subjects, ("raw", "The environment returned the observation")):
        array = views.get(name, np.zeros(0))
        if np.isfinite(array).all():
            continue
        bad = ~np.isfinite(array)
        step, env, *_ = (int(index) for index in np.argwhere(bad)[0])
        count = first + (step if name == "raw" else step + 1)  # row 0 of the observations is from before the first step
        raise EnvironmentFailed(f"{sentence} {array[bad][0]} in environment {env} at step {count} of this rollout")
