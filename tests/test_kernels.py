"""The compiled loops where their plain versions are not run beside them: tanh, what is not finite, threads."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from engine import kernels, layers
from engine.optimisation import Optimiser


def test_tanh_is_numpys_in_float64() -> None:
    x = np.concatenate([np.linspace(-12, 12, 100_001), [0.0, 1e-30, -1e-8, 500.0, -np.inf, np.inf]]).astype(np.float32)
    ours = np.array([layers.tanh(value) for value in x])
    assert np.abs(ours - np.tanh(x.astype(np.float64))).max() < 4e-7
    assert np.abs(ours).max() <= 1.0


@pytest.mark.parametrize("activation", [layers.LINEAR, layers.TANH, layers.RELU])
def test_a_layer_hands_on_what_is_not_a_number(activation: int) -> None:
    rows, out = np.zeros((3, 2), np.float32), np.empty((3, 4), np.float32)
    rows[1, 0] = np.nan
    layers.layer(rows, np.ones((4, 2), np.float32), np.zeros(4, np.float32), activation, out)
    assert np.isnan(out[1]).all() and (out[[0, 2]] == 0).all()


@pytest.mark.parametrize("field", ["log_probs", "advantages"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_the_surrogate_hides_nothing_that_is_not_finite(field: str, wrong: float) -> None:
    rng = np.random.default_rng(0)
    numbers = {name: rng.standard_normal(8).astype(np.float32) for name in ("log_probs", "old", "advantages")}
    numbers[field][2] = wrong
    weights = np.empty(8, np.float32)
    loss, _, kl = kernels.clipped_surrogate(*numbers.values(), 0.2, weights)
    assert not np.isfinite((loss, kl, *weights)).all()


def test_a_step_along_a_gradient_that_is_not_finite_is_not_made() -> None:
    parameter = torch.nn.Parameter(torch.ones(5))
    optimiser = Optimiser([parameter])
    optimiser.gradient[3] = torch.nan
    assert not np.isfinite(optimiser.descend(0.1, 0.5))
    assert torch.equal(parameter.detach(), torch.ones(5)) and optimiser.steps == 0


@pytest.mark.parametrize("threads", [None, "2"])
def test_a_product_of_matrices_takes_as_many_threads_as_a_run(threads: str | None) -> None:
    """Also where nobody has set OMP_NUM_THREADS: BLAS would take every core for 64 numbers a row."""
    told = "import json, threadpoolctl; print(json.dumps([b['num_threads'] for b in threadpoolctl.threadpool_info()"
    code = f"from engine import devices; devices.prepare_threads(); {told} if b['user_api'] == 'blas']))"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {} if threads is None else {"UPHILL_THREADS": threads}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {int(threads or 1)}
