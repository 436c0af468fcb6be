"""One state, reward 1, gamma .9, stopped every ten steps: V goes to 10 where that is a cut-off, not where it ends."""

from functools import partial
from typing import Any

import pytest
import torch
from gymnasium import spaces
from tiny_envs import MODES, OneState

from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.policies import PolicySettings, build
from engine.policies.distributions import Categorical, Gaussian
from engine.policies.spec import EnvSpec
from engine.tasks.collecting import Collector

GAMMA, ENVS = 0.9, 2
# going on for ever is worth 1 / (1 - .9) = 10; with k steps left, k = 1..10, to the end it is (1 - .9^k) / (1 - .9),
# on average 10 - (.9 + .9^2 + ... + .9^10) = 10 - 9 (1 - .9^10)
FOR_EVER, TO_THE_END = 10.0, 10 - 9 * (1 - GAMMA**10)
CRITIC = {"critic_learning_rate": 0.2, "critic_steps": 5}
CASES = {
    "ppo": ("ppo", {"learning_rate": 0.2, "minibatch_size": 80, "epochs": 5, "max_gradient_norm": 100.0}),
    "trpo": ("trpo", CRITIC | {"critic_minibatch_size": 80}),
    "pg, value": ("pg", CRITIC | {"baseline": "value"}),
    "pg, gae": ("pg", CRITIC | {"baseline": "gae"}),
}


def value(kind: str, chosen: dict[str, Any], mode: str, cut_off: bool, distribution: Any) -> float:
    """V of the one state after 40 updates, each from two episodes of two envs; its table has one entry.

    In NEXT_STEP mode an episode and the reset after it take 11 rows, in SAME_STEP mode 10.
    """
    space = spaces.Discrete(2) if isinstance(distribution, Categorical) else spaces.Box(-1, 1, (1,))
    spec, generator = EnvSpec((1,), distribution), torch.Generator().manual_seed(0)
    actor = build(spec, PolicySettings(hidden_sizes=()), generator)
    made = Collector(MODES[mode](partial(OneState, cut_off, space), ENVS), spec, 0, torch.device("cpu"))
    algorithm = algorithms.build(kind, actor, None)
    size = ENVS * (20 if mode == "same_step" else 22)
    config = ALGORITHMS[kind].settings.from_object({"batch_size": size, "discount": GAMMA, "gae_lambda": 0.95} | chosen)
    for _ in range(40):
        algorithm.update(config, made.collect(actor, size, generator, algorithm.whole_episodes), 0.0, generator)
    return float(actor.values(torch.ones(1, 1)))


@pytest.mark.parametrize("mode", ["serial", "same_step"])
@pytest.mark.parametrize("case", CASES)
def test_a_cut_off_is_worth_what_would_have_followed(case: str, mode: str) -> None:
    assert value(*CASES[case], mode, True, Categorical(2)) == pytest.approx(FOR_EVER, abs=0.1)


def test_also_with_continuous_actions() -> None:
    assert value(*CASES["ppo"], "next_step", True, Gaussian(1)) == pytest.approx(FOR_EVER, abs=0.1)


@pytest.mark.parametrize("mode", ["serial", "same_step"])
@pytest.mark.parametrize("case", CASES)
def test_an_end_is_worth_nothing_more(case: str, mode: str) -> None:
    """lambda = 1: the targets are the returns themselves, whose mean one number fits best."""
    kind, chosen = CASES[case]
    found = value(kind, chosen | {"gae_lambda": 1.0}, mode, False, Categorical(2))
    assert found == pytest.approx(TO_THE_END, abs=0.1)
