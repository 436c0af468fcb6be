"""PRESETS: settings that are known to solve a task, under the name <task>-<algorithm>."""

import copy
import difflib
from dataclasses import dataclass
from typing import Any

from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.settings import InvalidSettings, shown
from engine.tasks import TASKS


@dataclass(frozen=True)
class Preset:
    """A run somebody can start at once. takes: how long on one core of an ordinary machine, measured."""

    title: str
    sentence: str
    takes: str
    config: dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What presets of one task share: what it is in plain words, the task's settings, the network's."""

    title: str
    sentence: str
    task: dict[str, Any]
    policy: dict[str, Any]


def _gym(env_id: str, **settings: Any) -> dict[str, Any]:
    return {"kind": "gym", "env_id": env_id, **settings}


TABLE: dict[str, Any] = {"hidden_sizes": []}
NETWORK: dict[str, Any] = {"hidden_sizes": [64, 64]}
SUBJECTS = {
    "gridworld": Subject(
        "Find the way home",
        "From every cell of a small grid, the agent learns the way to the nearest corner.",
        {"kind": "gridworld", "map": "small-4x4"},
        TABLE,
    ),
    "cliff": Subject(
        "Walk past the cliff",
        "The shortest way runs along an edge; whoever falls off starts again and pays 100.",
        {"kind": "gridworld", "map": "cliff"},
        TABLE,
    ),
    "cartpole": Subject(
        "Keep the pole up", "A cart moves left and right to balance a pole.", _gym("CartPole-v1"), NETWORK
    ),
    "acrobot": Subject(
        "Swing up the double arm", "Two linked arms learn to swing up to a line.", _gym("Acrobot-v1"), NETWORK
    ),
    "mountaincar": Subject(
        "Get the car up the hill",
        "An engine too weak for the hill: the car has to rock back and forth to gather speed.",
        _gym("MountainCar-v0", normalise_observations=True, normalise_rewards=True),
        NETWORK,
    ),
    "pendulum": Subject(
        "Swing the pendulum up", "A weak motor swings a pendulum up and holds it there.", _gym("Pendulum-v1"), NETWORK
    ),
    "inverted-pendulum": Subject(
        "Balance a pole in 3D physics",
        "A cart in the MuJoCo simulator balances a pole with forces of any size.",
        _gym("InvertedPendulum-v5"),
        NETWORK,
    ),
    "lunarlander": Subject(
        "Land on the moon",
        "A lander with three engines learns to touch down between the flags.",
        _gym("LunarLander-v3"),
        NETWORK,
    ),
    "molecules-qed": Subject(
        "Draw drug-like molecules",
        "A generator that was taught real molecules learns to write ones that look like medicines.",
        {"kind": "molecules", "objective": "qed"},
        {},
    ),
}


def _run(budget: int, takes: str, task: dict[str, Any] | None = None, **algorithm: Any) -> tuple[Any, ...]:
    return budget, takes, task or {}, algorithm


_RUNS = {
    "gridworld-pg": _run(200_000, "2 s", kind="pg", batch_size=2048, learning_rate=0.1, discount=1.0, baseline="value"),
    "gridworld-trpo": _run(200_000, "2 s", kind="trpo", batch_size=2048, discount=1.0),
    "gridworld-ppo": _run(
        200_000, "2 s", kind="ppo", batch_size=2048, minibatch_size=512, learning_rate=0.05, discount=1.0
    ),
    "cliff-pg": _run(2_000_000, "10 s", kind="pg", batch_size=4096, learning_rate=0.1, discount=1.0, baseline="value"),
    "cliff-trpo": _run(1_000_000, "10 s", kind="trpo", batch_size=2048, discount=1.0),
    "cliff-ppo": _run(
        1_000_000, "10 s", kind="ppo", batch_size=2048, minibatch_size=512, learning_rate=0.05, discount=1.0
    ),
    "cartpole-pg": _run(
        600_000,
        "10 s",
        {"n_envs": 16},
        kind="pg",
        batch_size=4096,
        learning_rate=0.01,
        discount=0.99,
        baseline="value",
        critic_learning_rate=0.01,
    ),
    "cartpole-trpo": _run(
        400_000,
        "10 s",
        {"n_envs": 16},
        kind="trpo",
        batch_size=2048,
        discount=0.99,
        gae_lambda=0.95,
        critic_learning_rate=3e-3,
    ),
    "cartpole-ppo": _run(
        500_000,
        "4 s",
        {"n_envs": 128},
        kind="ppo",
        batch_size=4096,
        minibatch_size=512,
        epochs=4,
        learning_rate=3e-3,
        schedule="linear",
        discount=0.98,
        gae_lambda=0.9,
    ),
    "acrobot-ppo": _run(
        500_000,
        "20 s",
        {"n_envs": 16, "normalise_observations": True},
        kind="ppo",
        batch_size=4096,
        minibatch_size=256,
        epochs=4,
        learning_rate=1e-3,
        schedule="linear",
        discount=0.99,
        gae_lambda=0.94,
    ),
    "acrobot-trpo": _run(
        500_000, "20 s", {"n_envs": 16, "normalise_observations": True}, kind="trpo", batch_size=4096, discount=0.99
    ),
    "acrobot-pg": _run(
        1_000_000,
        "30 s",
        {"n_envs": 16, "normalise_observations": True},
        kind="pg",
        batch_size=4096,
        learning_rate=0.01,
        discount=0.99,
        baseline="gae",
        critic_learning_rate=3e-3,
    ),
    "mountaincar-ppo": _run(
        1_000_000,
        "40 s",
        {"n_envs": 16},
        kind="ppo",
        batch_size=4096,
        minibatch_size=256,
        epochs=4,
        learning_rate=1e-3,
        discount=0.99,
        gae_lambda=0.98,
    ),
    "mountaincar-trpo": _run(
        1_000_000, "40 s", {"n_envs": 16}, kind="trpo", batch_size=4096, discount=0.99, gae_lambda=0.98
    ),
    "pendulum-ppo": _run(
        500_000,
        "40 s",
        {"n_envs": 16, "normalise_rewards": True, "normalisation_discount": 0.9},
        kind="ppo",
        batch_size=4096,
        minibatch_size=256,
        epochs=10,
        learning_rate=1e-3,
        discount=0.9,
        gae_lambda=0.95,
    ),
    "pendulum-trpo": _run(
        500_000,
        "40 s",
        {"n_envs": 16, "normalise_rewards": True, "normalisation_discount": 0.9},
        kind="trpo",
        batch_size=4096,
        discount=0.9,
        gae_lambda=0.95,
        critic_steps=15,
    ),
    "pendulum-pg": _run(
        2_000_000,
        "60 s",
        {"n_envs": 16, "normalise_rewards": True, "normalisation_discount": 0.9},
        kind="pg",
        batch_size=4000,
        learning_rate=0.01,
        discount=0.9,
        baseline="gae",
    ),
    "inverted-pendulum-ppo": _run(
        300_000,
        "20 s",
        {"n_envs": 16, "normalise_observations": True},
        kind="ppo",
        batch_size=2048,
        minibatch_size=256,
        epochs=10,
        learning_rate=1e-3,
        schedule="linear",
        discount=0.99,
        gae_lambda=0.95,
    ),
    "inverted-pendulum-trpo": _run(
        300_000,
        "20 s",
        {"n_envs": 16, "normalise_observations": True},
        kind="trpo",
        batch_size=2048,
        discount=0.99,
        gae_lambda=0.95,
    ),
    "inverted-pendulum-pg": _run(
        600_000,
        "30 s",
        {"n_envs": 16, "normalise_observations": True},
        kind="pg",
        batch_size=4096,
        learning_rate=0.01,
        discount=0.99,
        baseline="gae",
    ),
    "lunarlander-ppo": _run(
        2_000_000,
        "3 min",
        {"n_envs": 32},
        kind="ppo",
        batch_size=16_384,
        minibatch_size=512,
        epochs=4,
        learning_rate=1e-3,
        schedule="linear",
        discount=0.999,
        gae_lambda=0.98,
        entropy_coefficient=0.01,
    ),
    "lunarlander-trpo": _run(
        2_000_000,
        "3 min",
        {"n_envs": 32},
        kind="trpo",
        batch_size=8192,
        discount=0.99,
        gae_lambda=0.95,
    ),
    "lunarlander-pg": _run(
        2_000_000,
        "3 min",
        {"n_envs": 32},
        kind="pg",
        batch_size=8192,
        learning_rate=0.005,
        discount=0.99,
        baseline="gae",
    ),
    "molecules-qed-pg": _run(
        20_000, "4 min", kind="pg", batch_size=128, learning_rate=1e-3, discount=1.0, baseline="mean"
    ),
    "molecules-qed-trpo": _run(20_000, "5 min", kind="trpo", batch_size=256, discount=1.0, gae_lambda=1.0),
    "molecules-qed-ppo": _run(
        20_000,
        "4 min",
        kind="ppo",
        batch_size=128,
        minibatch_size=64,
        epochs=2,
        learning_rate=5e-4,
        discount=1.0,
        gae_lambda=1.0,
    ),
}


def _preset(name: str, budget: int, takes: str, task: dict[str, Any], algorithm: dict[str, Any]) -> Preset:
    subject = SUBJECTS[name.rpartition("-")[0]]
    title = f"{subject.title} ({ALGORITHMS[algorithm['kind']].label})"
    config = {"budget": budget, "task": subject.task | task, "algorithm": algorithm, "policy": subject.policy}
    return Preset(title, subject.sentence, takes, config)


PRESETS = {name: _preset(name, *run) for name, run in _RUNS.items()}


def preset_config(name: str) -> dict[str, Any]:
    """The settings of a preset, as an object to change at will. Raises InvalidSettings naming the nearest preset."""
    if name not in PRESETS:
        near = difflib.get_close_matches(str(name)[:60], PRESETS, n=1, cutoff=0.5)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(PRESETS)}"
        raise InvalidSettings([f"preset is {shown(name)}; {advice}"])
    return copy.deepcopy(PRESETS[name].config)


def run_name(config: RunConfig) -> str:
    """What a run is called that nobody named: its task's title where a preset has it, and its algorithm."""
    tree = config.model_dump(mode="json")
    task, label = tree["task"], ALGORITHMS[tree["algorithm"]["kind"]].label
    for subject in SUBJECTS.values():
        which = {key: value for key, value in subject.task.items() if key in ("kind", "env_id", "map", "objective")}
        if which.items() <= task.items():
            return f"{subject.title} ({label})"
    return f"{task.get('env_id') or TASKS[task['kind']].label} ({label})"
