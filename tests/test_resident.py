"""Rollouts made on the device: the environments' own steps, ends and resets, nothing read early."""

import statistics

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.algorithms.ppo import PPO, PPOSettings
from engine.algorithms.ppo_on_device import UpdateOnDevice
from engine.environments.spaces import to_env
from engine.environments.vectors import vector
from engine.gridworlds.dynamics import observation_codes
from engine.gridworlds.moving import Moving
from engine.gridworlds.vector import GridWorldVectorEnv
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec
from engine.row import episode_figures
from engine.tasks.gym import GymSettings, GymTask
from engine.tasks.resident import ResidentCollector
from engine.tasks.worlds import control, gridworld

CPU = torch.device("cpu")
# Step limits under which random actions now reach the end and now do not; nobody gets up the hill by chance.
CONTROL = {
    "Acrobot-v1": 30,
    "CartPole-v1": 20,
    "MountainCar-v0": 25,
    "MountainCarContinuous-v0": 25,
    "Pendulum-v1": 15,
}
MAPS = ("small-4x4", "windy-stochastic", "cliff")
N, STEPS = 6, 90


class Repeated:
    """Numbers that were drawn before, in place of a generator; `begins` says which copies ask."""

    def __init__(self):
        self.row = self.begins = None

    def random(self, shape):
        row = self.row if self.begins is None else self.row[:, self.begins]
        return row.reshape(shape)


def control_pair(env_id):
    envs = vector(env_id, N, CONTROL[env_id])
    task = GymTask(GymSettings(env_id=env_id, n_envs=N), 0, CPU)
    return envs, ResidentCollector(control(envs.dynamics, envs.limit, CPU), task.spec, N, CPU), task.spec


def made(collector, spec, seed=0):
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(seed))
    return collector.collect(policy, N * STEPS, torch.Generator().manual_seed(seed))


def assert_same_steps(rollout, t, step, mask):
    observations, rewards, terminated, truncated = step
    np.testing.assert_allclose(rollout.observations[t + 1], observations, rtol=0, atol=1e-6)
    np.testing.assert_allclose(rollout.rewards[t], rewards, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(rollout.terminated[t], terminated)
    np.testing.assert_array_equal(rollout.truncated[t] & ~rollout.terminated[t], truncated & ~terminated)
    np.testing.assert_array_equal(rollout.mask[t], mask)


@pytest.mark.parametrize("env_id", CONTROL)
def test_a_rollout_is_what_the_batched_env_does_with_the_same_actions_and_chances(env_id):
    """Which test_batched holds beside gymnasium's own, ends, resets and limits included."""
    envs, collector, spec = control_pair(env_id)
    generator = torch.Generator().manual_seed(5)
    first = torch.rand(envs.dynamics.drawn, N, generator=torch.Generator().manual_seed(5), dtype=torch.float64).numpy()
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0))
    rollout = collector.collect(policy, N * STEPS, generator)

    chances, act = Repeated(), to_env(envs.single_action_space)
    envs.reset(seed=0)
    envs._np_random, chances.row = chances, first
    observations, _ = envs.reset()
    np.testing.assert_allclose(rollout.observations[0], observations, rtol=0, atol=1e-7)
    for t in range(STEPS):
        chances.row, chances.begins = collector.draws[t].numpy(), envs.ended.copy()
        step = envs.step(act(rollout.actions[t].numpy()))[:4]
        assert_same_steps(rollout, t, step, ~chances.begins)
    assert rollout.truncated.any() and (~rollout.mask).sum() >= N


@pytest.mark.parametrize("name", MAPS)
def test_a_rollout_is_what_the_gridworld_env_does_with_the_same_actions_and_chances(name):
    envs = GridWorldVectorEnv(N, name)
    seen, kinds = observation_codes(envs.grid, "map")
    world = gridworld(Moving.of(envs.mdp).on(CPU), torch.from_numpy(seen), kinds, limit=envs.grid.time_limit)
    spec = EnvSpec((kinds,), Categorical(envs.mdp.n_actions))
    collector, generator = ResidentCollector(world, spec, N, CPU), torch.Generator().manual_seed(5)
    first = torch.rand(1, N, generator=torch.Generator().manual_seed(5), dtype=torch.float64).numpy()
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0))
    steps = 3 * envs.grid.time_limit if name == "small-4x4" else 150
    rollout = collector.collect(policy, N * steps, generator)

    chances, ended = Repeated(), np.zeros(N, bool)
    envs.reset(seed=0)
    envs._np_random, chances.row = chances, first
    codes, _ = envs.reset()
    np.testing.assert_array_equal(rollout.observations[0].argmax(-1), codes)
    for t in range(steps):
        chances.row = collector.draws[t].numpy()
        codes, *rest = envs.step(rollout.actions[t].numpy())[:4]
        assert_same_steps(rollout, t, (np.eye(kinds, dtype=np.float32)[codes], *rest), ~ended)
        ended = rest[1] | rest[2]
    assert (~rollout.mask).sum() > 0


def test_episodes_are_counted_over_the_seams_of_rollouts():
    """By a walk over the rows, column by column: a return is the sum of the rewards since the last end."""
    _, collector, spec = control_pair("CartPole-v1")
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0))
    generator, running = torch.Generator().manual_seed(2), np.zeros(N)
    for _ in range(4):
        rollout = collector.collect(policy, N * 11, generator)
        returns = []
        for t in range(11):
            running += rollout.rewards[t].numpy()
            for i in np.flatnonzero(rollout.done[t]):
                returns.append(float(running[i]))
                running[i] = 0.0
        figures = episode_figures(rollout)
        assert figures["episodes"] == len(returns)
        if returns:
            assert figures["return_mean"] == pytest.approx(statistics.fmean(returns))
            assert figures["return_median"] == statistics.median(returns)
            assert (figures["return_min"], figures["return_max"]) == (min(returns), max(returns))
            assert figures["episode_length"] == pytest.approx(statistics.fmean(returns)), "CartPole pays 1 a step"
    assert rollout.empty is False


class NothingIsRead(TorchDispatchMode):
    """Fails where a tensor of the CPU meets one of the device, as a copy from one to the other would."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        met = [leaf for leaf in tree_leaves((arguments, keywords, result)) if isinstance(leaf, torch.Tensor)]
        assert {tensor.device.type for tensor in met} <= {"meta"}, f"{function} brings tensors to the device"
        return result


class NothingIsBrought(TorchFunctionMode):
    """Fails where a tensor is made from python's or numpy's numbers, which waits for the device on CUDA."""

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        if function in (torch.tensor, torch.as_tensor, torch.from_numpy, torch.asarray):
            assert isinstance(arguments[0], torch.Tensor), f"{function.__name__} of {type(arguments[0]).__name__}"
        return function(*arguments, **(keywords or {}))


def test_the_guards_see_what_they_are_for():
    device = torch.zeros(3, device="meta")
    with NothingIsRead(), pytest.raises(AssertionError, match="brings tensors"):
        device.add(torch.zeros(()))
    with NothingIsBrought(), pytest.raises(AssertionError, match="tensor of list"):
        torch.tensor([1.0], device="meta")
    for reading in (lambda: float(device.sum()), lambda: device[device > 0], lambda: bool(device.any())):
        with pytest.raises((RuntimeError, NotImplementedError)):
            reading()


META = torch.device("meta")


def on_meta():
    found = []
    for env_id, limit in CONTROL.items():
        envs, _, spec = control_pair(env_id)
        envs.reset(seed=0)
        found.append(pytest.param(control(envs.dynamics, limit, META), spec, envs.state, id=env_id))
    envs = GridWorldVectorEnv(N, "windy-stochastic")
    seen, kinds = observation_codes(envs.grid, "map")
    world = gridworld(Moving.of(envs.mdp).on(META), torch.from_numpy(seen).to(META), kinds, 50)
    spec = EnvSpec((kinds,), Categorical(envs.mdp.n_actions))
    return [*found, pytest.param(world, spec, envs.states[None], id="windy-stochastic")]


EVERYTHING = {"target_kl": 0.01, "value_clip": 0.2, "entropy_coefficient": 0.01}


@pytest.mark.parametrize(("world", "spec", "state"), on_meta())
@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["usual", "all"])
def test_nothing_is_read_from_the_device_within_an_iteration(world, spec, state, changes):
    """On the meta device tensors have no numbers: whatever looks at one, or has a shape that hangs on one, raises.

    What is replayed on CUDA, and the launches between, run here as they are.
    """
    policy = build(spec, PolicySettings(hidden_sizes=(8,)), torch.Generator().manual_seed(0)).to(META)
    ppo, collector = PPO(policy, None), ResidentCollector(world, spec, N, META)
    kinds = {"steps": torch.int64, "ended": torch.bool, "returns": torch.float64, "lengths": torch.int64}
    collector.carry_on({"state": state} | {kind: torch.zeros(N, dtype=dtype) for kind, dtype in kinds.items()})
    collector._prepare(policy, 8)
    collector.noise = torch.zeros_like(collector.params)[..., : getattr(spec.distribution, "dim", None)]
    settings = PPOSettings(batch_size=8 * N, minibatch_size=10, **changes)
    rollout = collector.rollout()
    update = UpdateOnDevice(policy, ppo.optimiser, ppo.loss, settings, rollout)
    for work in (update.prepare, update.descend, update.finish):
        work()  # what is made once, at the first call, may come from anywhere
    with NothingIsRead(), NothingIsBrought():
        rollout = collector.rollout()
        update.adam.begin(1e-3)
        for work in (update.prepare, update.descend, update.finish):
            work()
    assert rollout.empty is False and len(update.found) == len(update.names) > 20
