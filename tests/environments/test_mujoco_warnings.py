"""MuJoCo's warnings: none of a model that is merely old, one of a simulation that runs away, and no file."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

MAKE = """
import numpy as np
from engine.environments.vectors import single, vector
vector("HalfCheetah-v5", 3).reset(seed=1)
"""
RUN_AWAY = """
import mujoco
inner = single("InvertedPendulum-v5").unwrapped
inner.data.qpos[:] = np.nan
mujoco.mj_step(inner.model, inner.data)
"""


def told(code, folder):
    places = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=places, capture_output=True, text=True, timeout=60
    )


def test_old_models_are_not_worth_a_word_and_no_file_is_left(tmp_path):
    ended = told(MAKE, tmp_path)
    assert ended.returncode == 0 and ended.stdout == "" and ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_that_runs_away_is_told_in_the_log(tmp_path):
    ended = told(MAKE + RUN_AWAY, tmp_path)
    assert ended.returncode == 0 and "MuJoCo warns: Nan, Inf or huge value in QPOS" in ended.stderr
    assert list(tmp_path.iterdir()) == []
