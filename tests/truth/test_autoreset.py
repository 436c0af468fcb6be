"""Episodes of three steps: no row that never happened reaches a loss, a statistic or the step count, in any mode."""

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from tiny_envs import MODES, Count, paid_resets, same_step
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.environments import allowed
from engine.environments.normalisation import ObservationScale, RewardScale
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.tasks import gym
from engine.tasks.collecting import Collector
from engine.training import Training

SPEC = EnvSpec((1,), Categorical(2))
CPU = torch.device("cpu")
KINDS = ("pg", "trpo", "ppo")


def policy() -> Any:
    return build(SPEC, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(1))


def collector(envs: Any, normalise: bool = False) -> Collector:
    scales = {"observation_scale": ObservationScale((1,)), "reward_scale": RewardScale(envs.num_envs, 0.9)}
    return Collector(envs, SPEC, 7, CPU, **(scales if normalise else {}))


def columns(x: Tensor) -> list[list[int]]:
    return x.int().T.tolist()


def record(made: Collector, batch_size: int, whole: bool = False) -> Rollout:
    return made.collect(policy(), batch_size, torch.Generator().manual_seed(2), whole)


def test_same_step_is_laid_out_as_next_step_is() -> None:
    """Eight steps are 1 2 3 1 2 3 1 2; an invalid row after each 3 holds what it led to."""
    made = collector(same_step(Count, 1))
    first, second = record(made, 8), record(made, 8)
    assert columns(first.rewards) == [[1, 2, 3, 0, 1, 2, 3, 0, 1, 2]]
    assert columns(first.mask) == [[1, 1, 1, 0, 1, 1, 1, 0, 1, 1]]
    assert columns(first.terminated) == [[0, 0, 1, 0, 0, 0, 1, 0, 0, 0]]
    assert columns(first.observations[..., 0]) == [[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]]
    # goes on where the first stopped: 3 1 2 3 1 2 3 1
    assert columns(second.rewards) == [[3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1]]
    assert columns(second.mask) == [[1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1]]
    assert columns(second.observations[..., 0]) == [[2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1]]
    assert (first.steps, second.steps) == (8, 8)
    assert first.episode_returns + second.episode_returns == [6.0] * 5
    assert first.episode_lengths + second.episode_lengths == [3] * 5


def test_same_step_envs_that_end_at_different_times_are_filled_up_below() -> None:
    lengths = iter((2, 3))
    makes = [partial(Count, length, cut_off=True) for length in lengths]
    envs = SyncVectorEnv(makes, autoreset_mode=AutoresetMode.SAME_STEP)
    found = record(collector(envs), 8)
    # four steps each: 1 2 | 1 2, the last of which ends too, and 1 2 3 | 1
    assert columns(found.mask) == [[1, 1, 0, 1, 1], [1, 1, 1, 0, 1]]
    assert columns(found.rewards) == [[1, 2, 0, 1, 2], [1, 2, 3, 0, 1]]
    assert columns(found.truncated) == [[0, 1, 0, 0, 1], [0, 0, 1, 0, 0]]
    assert columns(found.observations[..., 0]) == [[0, 1, 2, 0, 1, 2], [0, 1, 2, 3, 0, 1]]


@pytest.mark.parametrize("cut_off", [False, True])
def test_whole_episodes_are_the_same_record_in_every_mode(cut_off: bool) -> None:
    found = [record(collector(mode(partial(Count, 3, cut_off), 2)), 9, whole=True) for mode in MODES.values()]
    for other in found[1:]:
        for name in ("observations", "rewards", "terminated", "truncated", "mask"):
            torch.testing.assert_close(getattr(found[0], name), getattr(other, name), atol=0, rtol=0)
        assert other.episode_returns == found[0].episode_returns == [6.0] * 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_every_figure_of_a_run_counts_steps_that_happened(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three iterations through the training loop: env steps, returns, lengths and running statistics by hand."""
    if "Count-v0" not in gymnasium.registry:
        gymnasium.register("Count-v0", Count)
    monkeypatch.setenv(allowed.VARIABLE, "Count-v0")
    monkeypatch.setattr(gym, "vector", lambda env_id, n, limit: MODES[mode](Count, n))
    task = {"kind": "gym", "env_id": "Count-v0", "n_envs": 2, "normalise_observations": True}
    algorithm = {"kind": kind, "batch_size": 16} | ({} if kind == "pg" else {"discount": 0.9})
    small = {"ppo": {"minibatch_size": 8}, "trpo": {"critic_minibatch_size": 8}}.get(kind, {})
    config = RunConfig.from_object({"budget": 1000, "task": task, "algorithm": algorithm | small})
    training = Training(config)
    rows = [training.iterate() for _ in range(3)]
    # pg finishes whole episodes: 3 in each of 2 envs (18 steps, at least 16). NEXT_STEP: 8 rows per env are
    # 123_123_, then 123_123_, and so on: 6 steps. SAME_STEP: 8 rows are 8 steps, 12312312, 31231231, 23123123.
    steps = {"pg": [18, 18, 18]}.get(kind, [16, 16, 16] if mode == "same_step" else [12, 12, 12])
    assert [row["env_steps"] for row in rows] == np.cumsum(steps).tolist()
    for row in rows:
        assert (row["return_mean"], row["return_min"], row["return_max"]) == (6.0, 6.0, 6.0)
        assert row["episode_length"] == 3.0
    statistics = training.task._collector.observation_scale.statistics
    seen = np.array([0, 1, 2] * 100)[: sum(steps) // 2]  # what each env observed where it acted, never the final 3
    assert statistics.count == sum(steps)
    assert statistics.mean == pytest.approx(seen.mean(), abs=1e-12)
    assert statistics.variance == pytest.approx(seen.var(), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_what_a_finished_episode_led_to_moves_no_parameter(kind: str, mode: str) -> None:
    """Bit for bit: the final observation of an episode that ended is 3 or minus a million, normalised and bare."""
    for normalise in (False, True):
        found = [learned(kind, MODES[mode](partial(Count, 3, final=final), 2), normalise) for final in (3.0, -1e6)]
        assert torch.equal(*found)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_resetting_step_claims_to_pay_moves_no_parameter(kind: str) -> None:
    for normalise in (False, True):
        found = [learned(kind, mode(Count, 2), normalise) for mode in (MODES["next_step"], paid_resets)]
        assert torch.equal(*found)


def learned(kind: str, envs: Any, normalise: bool) -> Tensor:
    """The parameters after three updates; rewards of a million would show in returns, advantages and scales."""
    actor, made, generator = policy(), collector(envs, normalise), torch.Generator().manual_seed(2)
    before = parameters_to_vector(actor.parameters()).detach().clone()
    algorithm = algorithms.build(kind, actor, None)
    config = ALGORITHMS[kind].settings.from_object({"batch_size": 16} | ({"baseline": "gae"} if kind == "pg" else {}))
    for _ in range(3):
        found = made.collect(actor, 16, generator, algorithm.whole_episodes)
        assert found.episode_returns == [6.0] * len(found.episode_returns) and found.episode_returns
        algorithm.update(config, found, 0.0, generator)
    after = parameters_to_vector(actor.parameters()).detach()
    assert torch.isfinite(after).all() and not torch.equal(before, after)
    return after
