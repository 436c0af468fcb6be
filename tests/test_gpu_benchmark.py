"""The benchmark of the device path: what it prints where there is no GPU, and how it adds up a GPU's work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))


def test_it_runs_on_the_cpu_and_prints_what_it_promises():
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--small"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [size["envs"] for size in found["sizes"]] == [32, 64]
    for size in found["sizes"]:
        for side in ("device", "cpu"):
            assert size[side]["rollout_steps_per_s"] > size[side]["steps_per_s"] > 0
            assert size[side]["iterations"] >= 2
        assert size["ratio"] == pytest.approx(size["device"]["steps_per_s"] / size["cpu"]["steps_per_s"])
    (solving,) = found["solved"]
    for side in ("device", "cpu"):
        assert solving[side]["state"] == "finished" and solving[side]["env_steps"] >= 5 * 32 * 32 - 32 * 32
    assert found["goal"]["steps_per_s"] == 5_000_000
    if not torch.cuda.is_available():
        assert found["gpu"] is None and found["goal"]["reached"] is None
        assert all(size["device"]["busy_share"] is None and not size["device"]["captured"] for size in found["sizes"])


def test_time_in_which_kernels_overlap_is_counted_once():
    """0-4 and 2-6 overlap, 1-2 lies within, 10-11 stands alone: 6 + 1."""
    from gpu import covered

    assert covered([(10.0, 11.0), (2.0, 6.0), (0.0, 4.0), (1.0, 2.0)]) == 7.0
    assert covered([]) == 0.0
