"""The batched dynamics on torch tensors beside the same on numpy arrays, which test_batched sets beside gymnasium."""

import numpy as np
import pytest
import torch
from test_batched import REACHED, drawn

from engine.environments.batched import BATCHED
from engine.environments.vectors import vector
from engine.gridworlds.dynamics import tabular
from engine.gridworlds.moving import Moving
from engine.gridworlds.presets import MAPS, read_map

IDS = list(REACHED)
# One step in float32: rounding to 6e-8 of numbers as large as Acrobot's accelerations; MountainCar's are below 1.
SINGLE = {"Acrobot-v1": 2e-3, "CartPole-v1": 1e-5, "Pendulum-v1": 1e-4}


def somewhere(env_id, n, rng):
    envs = vector(env_id, n)
    envs.reset(seed=0)
    low, high = REACHED[env_id]
    state = rng.uniform(low, high, (n, len(low))).T.astype(envs.state.dtype)
    return envs.dynamics, state, drawn(envs, rng)


@pytest.mark.parametrize("env_id", IDS)
def test_a_step_of_tensors_is_the_step_of_arrays(env_id):
    dynamics, state, actions = somewhere(env_id, 4000, np.random.default_rng(0))
    before, tensor = state.copy(), torch.from_numpy(state.copy())
    after, rewards, terminated = dynamics.step(state, actions)
    found = dynamics.step(tensor, torch.from_numpy(actions))
    assert [part.dtype for part in found[::2]] == [tensor.dtype, torch.bool]
    np.testing.assert_allclose(found[0].numpy(), after, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[1].numpy(), rewards, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found[2].numpy(), terminated)
    np.testing.assert_array_equal(tensor.numpy(), before)
    seen = dynamics.observe(found[0])
    assert seen.dtype == torch.float32 and seen.shape == (4000, *dynamics.observation_space.shape)
    np.testing.assert_allclose(seen.numpy(), dynamics.observe(after), rtol=0, atol=1e-6)


@pytest.mark.parametrize("env_id", SINGLE)
def test_single_precision_is_off_by_its_rounding_alone(env_id):
    dynamics, state, actions = somewhere(env_id, 4000, np.random.default_rng(1))
    after, rewards, terminated = dynamics.step(state, actions)
    found = dynamics.step(torch.from_numpy(state).float(), torch.from_numpy(actions))
    assert found[0].dtype == torch.float32
    error = np.abs(found[0].double().numpy() - after)
    if env_id == "Acrobot-v1":  # an angle at the seam may come out on its other side
        error[:2] = np.minimum(error[:2], 2 * np.pi - error[:2])
    assert 0 < error.max() < SINGLE[env_id]
    if env_id != "Pendulum-v1":  # the seam again, in theta^2
        np.testing.assert_allclose(found[1].numpy(), rewards, rtol=0, atol=1e-5)
    assert (found[2].numpy() != terminated).mean() <= 1e-3


@pytest.mark.parametrize("env_id", IDS)
def test_episodes_of_tensors_begin_where_those_of_arrays_do(env_id):
    dynamics = vector(env_id, 1).dynamics
    draws = np.random.default_rng(2).random((dynamics.drawn, 500))
    starts, tensors = dynamics.start(draws), dynamics.start(torch.from_numpy(draws))
    np.testing.assert_array_equal(tensors.numpy(), starts)
    assert tensors.numpy().dtype == starts.dtype


def test_no_dynamics_are_left_out():
    assert {vector(env_id, 1).dynamics.name for env_id in IDS} == {one.name for one in BATCHED.values()}


@pytest.mark.parametrize("name", MAPS)
def test_maps_as_tensors_lead_where_they_do_as_arrays(name):
    mdp = tabular(read_map(name))
    arrays, rng = Moving.of(mdp), np.random.default_rng(3)
    tensors = arrays.on(torch.device("cpu"))
    draws = rng.random(3000)
    np.testing.assert_array_equal(tensors.start(torch.from_numpy(draws)).numpy(), arrays.start(draws))
    states, actions = rng.integers(0, mdp.n_states, 3000), rng.integers(0, mdp.n_actions, 3000)
    found = tensors.step(*map(torch.from_numpy, (states, actions, draws)))
    for one, other in zip(found, arrays.step(states, actions, draws), strict=True):
        np.testing.assert_array_equal(one.numpy(), other)
