"""Rollouts made on the device: the environments' own steps, ends and resets, nothing read early, exact checkpoints."""

import io
import statistics

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from training_runs import assert_same_state

from engine.algorithms.ppo import PPO, PPOSettings
from engine.algorithms.ppo_on_device import UpdateOnDevice
from engine.config import RunConfig
from engine.environments.spaces import to_env
from engine.environments.vectors import vector
from engine.gridworlds.dynamics import observation_codes
from engine.gridworlds.moving import Moving
from engine.gridworlds.vector import GridWorldVectorEnv
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical
from engine.policies.spec import EnvSpec
from engine.rollout import Rollout
from engine.row import episode_figures, times
from engine.tasks.gym import GymSettings, GymTask
from engine.tasks.resident import ResidentCollector
from engine.tasks.worlds import control, gridworld
from engine.training import Training

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


@pytest.fixture
def resident(monkeypatch):
    monkeypatch.setenv("UPHILL_RESIDENT", "cpu")


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


def config(**task):
    algorithm = {"kind": "ppo", "batch_size": 256, "minibatch_size": 64, "epochs": 2, "learning_rate": 0.003}
    return RunConfig.from_object(
        {"budget": 10_000, "task": task, "algorithm": algorithm, "policy": {"hidden_sizes": [16]}}
    )


TASKS = (
    {"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8},
    {"kind": "gym", "env_id": "MountainCarContinuous-v0", "n_envs": 8, "max_episode_steps": 20},
    {"kind": "gridworld", "map": "small-4x4", "n_envs": 8},
)
TIMED = ("time_", "wall_s", "steps_per_second")


def untimed(row):
    return {name: value for name, value in row.items() if not name.startswith(TIMED)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.get("env_id", "map"))
def test_a_run_resumed_from_its_checkpoint_is_the_run_that_was_not_stopped(resident, task):
    whole = Training(config(**task))
    for _ in range(3):
        whole.iterate()
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    rows = [untimed(whole.iterate()) for _ in range(3)]
    resumed = Training(config(**task))
    resumed.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    for row in rows:
        assert untimed(resumed.iterate()) == pytest.approx(row, abs=0, rel=0, nan_ok=True)
    assert_same_state(resumed.state_dict(), whole.state_dict())


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.get("env_id", "map"))
def test_a_checkpoint_goes_on_where_the_environments_live_elsewhere(monkeypatch, task):
    """Made with environments on the device, taken up by numpy's, and back: the same episodes are under way."""
    monkeypatch.setenv("UPHILL_RESIDENT", "cpu")
    there = Training(config(**task))
    assert there.task._resident is not None
    there.iterate()
    state = there.state_dict()
    monkeypatch.setenv("UPHILL_RESIDENT", "none")
    here = Training(config(**task))
    assert here.task._resident is None
    assert sorted(untimed(here.iterate())) == sorted(untimed(there.iterate()))
    here.load_state_dict(state)
    assert_same_state(here.state_dict(), state)
    here.iterate()
    state = here.state_dict()
    there.load_state_dict(state)
    assert_same_state(there.state_dict(), state)
    there.iterate()


@pytest.mark.parametrize(
    ("task", "algorithm"),
    [
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8, "normalise_observations": True}, {"kind": "ppo"}),
        ({"kind": "gym", "env_id": "FrozenLake-v1", "n_envs": 8}, {"kind": "ppo"}),
        ({"kind": "gridworld", "n_envs": 8, "oracle": True}, {"kind": "ppo"}),
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8}, {"kind": "trpo"}),
        ({"kind": "gym", "env_id": "CartPole-v1", "n_envs": 8}, {"kind": "pg"}),
        ({"kind": "gridworld", "n_envs": 8}, {"kind": "q-learning"}),
    ],
    ids=lambda part: "-".join(map(str, part.values())),
)
def test_whatever_cannot_live_on_the_device_trains_as_before_there(resident, task, algorithm):
    training = Training(
        RunConfig.from_object({"budget": 1000, "task": task, "algorithm": algorithm | {"batch_size": 256}})
    )
    assert (training.task._resident is None) == (
        "normalise_observations" in task or "oracle" in task or "Lake" in str(task)
    )
    rows = [training.iterate() for _ in range(2)]
    assert rows[1]["env_steps"] > rows[0]["env_steps"] > 0
    training.state_dict()


def test_the_seconds_of_an_iteration_are_shared_out_once():
    """A rollout that took 3 s of the device, of which 1 s had passed when its last step was called; 10 s in all."""
    made_there = Rollout(*[torch.zeros(2, 1)] * 6, seconds=lambda: 3.0)
    assert times(made_there, 100.0, 101.0, 110.0) == {"time_environment": 3.0, "time_update": 7.0}
    made_here = Rollout(*[torch.zeros(2, 1)] * 6, timings={"environment": 1.5, "inference": 0.5})
    expected = {"time_environment": 1.5, "time_inference": 0.5, "time_update": 7.5}
    assert times(made_here, 100.0, 102.5, 110.0) == expected


def test_a_gridworld_is_learned_on_the_device(resident):
    """The 4x4 map of Sutton and Barto (2018, example 4.1): from every cell at most three steps to the nearer corner."""
    task = {"kind": "gridworld", "map": "small-4x4", "n_envs": 16}
    training = Training(config(**task))
    for _ in range(60):
        training.iterate()
    found = training.evaluate(100, deterministic=True)
    assert np.mean(found.returns) >= training.task.solved_at
