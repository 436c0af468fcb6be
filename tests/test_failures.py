"""What a run that died tells its user: whose error it was is told by the code it rose in, not by where that lies."""

import importlib.util

import gymnasium
import pytest

from engine import failures


def test_a_project_in_a_folder_called_environments_blames_no_environment(tmp_path):
    file = tmp_path / "environments" / "gymnasium" / "training.py"
    file.parent.mkdir(parents=True)
    file.write_text("def fail():\n    raise ValueError('no such thing')\n")
    spec = importlib.util.spec_from_file_location("training_of_ours", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(ValueError, match="no such thing") as caught:
        module.fail()
    assert "The environment raised" not in failures.sentence(caught.value)
    assert "nobody foresaw, ValueError: no such thing" in failures.sentence(caught.value)


def test_an_error_in_an_environments_own_code_is_told_as_the_environments():
    env = gymnasium.make("CartPole-v1", disable_env_checker=True).unwrapped
    env.reset(seed=1)
    with pytest.raises(AssertionError) as caught:
        env.step("left")
    assert failures.sentence(caught.value).startswith("The environment raised AssertionError")
