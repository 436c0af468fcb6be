"""The allow-list: what gets through, what is refused, and in which words."""

import os
import subprocess
import sys

import gymnasium
import pytest

from engine.environments import allowed
from engine.environments.allowed import NotAllowed, check
from engine.environments.spaces import action_distribution, observation_length


@pytest.mark.parametrize("env_id", allowed.SHIPPED)
def test_every_shipped_environment_can_be_made_and_dealt_with(env_id):
    assert check(env_id) == env_id
    env = gymnasium.make(env_id)
    assert observation_length(env.observation_space, env_id) > 0
    assert action_distribution(env.action_space, env_id).parameters > 0
    env.close()


@pytest.mark.parametrize(
    ("env_id", "meant"),
    [
        ("cartpole-v1", "CartPole-v1"),
        ("CARTPOLE-V1", "CartPole-v1"),
        ("CartPole", "CartPole-v1"),
        ("CartPole-v7", "CartPole-v1"),
        ("Cartpol-v1", "CartPole-v1"),
        (" LunarLander-v2 ", "LunarLander-v3"),
        ("HalfCheeta-v5", "HalfCheetah-v5"),
    ],
)
def test_the_nearest_environment_is_named(env_id, meant):
    with pytest.raises(NotAllowed, match=f"did you mean {meant}"):
        check(env_id)


@pytest.mark.parametrize(
    "env_id", ["", "x" * 10_000, "\x1b[31mred\n", "../../etc/passwd", "CarRacing-v3", "ALE/Pong-v5"]
)
def test_anything_else_is_refused_in_one_short_printable_line(env_id):
    with pytest.raises(NotAllowed) as refused:
        check(env_id)
    sentence = str(refused.value)
    assert "not on the list of allowed environments" in sentence
    assert sentence.isprintable() and len(sentence) < 1000


def test_an_id_that_names_a_module_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("open('sprung', 'w').close()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotAllowed, match="an id may not name a module"):
        check("trap:CartPole-v1")
    assert not (tmp_path / "sprung").exists()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(allowed.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotAllowed, match="it needs the package Box2D, which is not installed"):
        check("LunarLander-v3")


REGISTERING = """
import gymnasium, numpy as np
from gymnasium import spaces
from gymnasium.envs.classic_control.pendulum import PendulumEnv

class Heard(PendulumEnv):
    def __init__(self):
        super().__init__()
        self.observation_space = spaces.Text(5)

class Seen(PendulumEnv):
    def __init__(self):
        super().__init__()
        self.observation_space = spaces.Box(0, 255, (96, 96, 3), np.uint8)

class Pulled(PendulumEnv):
    def __init__(self):
        super().__init__()
        self.action_space = spaces.Graph(spaces.Discrete(2), None)

for name, env in (("Swing-v0", PendulumEnv), ("Heard-v0", Heard), ("Seen-v0", Seen), ("Pulled-v0", Pulled)):
    gymnasium.register(name, env)
gymnasium.register("Broken-v0", "nowhere_to_be_found:Env")
"""
ASKING = """
import os
from engine.environments.allowed import NotAllowed, VARIABLE, check

def said(listed, env_id):
    os.environ[VARIABLE] = listed
    try:
        return check(env_id)
    except NotAllowed as refused:
        return str(refused)

listed = "swings:Swing-v0, Heard-v0, Seen-v0,Pulled-v0, Broken-v0"
for env_id in ("Swing-v0", "Heard-v0", "Seen-v0", "Pulled-v0", "Broken-v0", "Unlisted-v0"):
    print(said(listed, env_id))
print(said("no_such_module:Swing-v0", "Swing-v0"))
"""


def test_environments_can_be_added_and_their_spaces_are_looked_at(tmp_path):
    """In a process of its own, where the module that registers them can be found."""
    (tmp_path / "swings.py").write_text(REGISTERING)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:."}
    done = subprocess.run([sys.executable, "-c", ASKING], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "Swing-v0"
    assert said[1].startswith("Heard-v0 has observations of kind Text; supported are Box, Discrete")
    assert said[2] == "Seen-v0 has observations of 96 x 96 x 3 numbers (27648); between 1 and 4096 are supported"
    assert said[3].startswith("Pulled-v0 has actions Graph") and "supported are Discrete" in said[3]
    assert said[4].startswith("env_id is Broken-v0, which cannot be made: ModuleNotFoundError")
    assert "not on the list" in said[5]
    assert said[6].startswith("UPHILL_ENVIRONMENTS names the module no_such_module, which cannot be imported")
