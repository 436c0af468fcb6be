"""Whole updates: what stands in rows that never happened, and how many there are, moves no parameter and no metric."""

from typing import Any

import numpy as np
import pytest
import torch
from episodes import DISTRIBUTIONS, INPUTS, policy
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.policies.distributions import Distribution
from engine.policies.spec import TokenSpec
from engine.policies.tokens import TokenModel, TokenPolicy, sample
from engine.rollout import Rollout

QUICK = settings(derandomize=True, max_examples=5, deadline=None)
JUNK = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), st.floats(-(2.0**100), 2.0**100, width=32))
CASES = [
    ("pg", {"baseline": "none"}),
    ("pg", {"baseline": "mean", "return_kind": "total"}),
    ("pg", {"baseline": "value", "critic_steps": 2}),
    ("pg", {"baseline": "gae", "critic_steps": 2, "entropy_coefficient": 0.1}),
    ("trpo", {"critic_minibatch_size": 16, "critic_steps": 2, "conjugate_gradient_steps": 5}),
    ("ppo", {"minibatch_size": 16, "epochs": 2, "entropy_coefficient": 0.1}),
    ("ppo", {"minibatch_size": 16, "epochs": 2, "value_clip": 0.2}),
]
LENGTHS, ENVS = (3, 5, 1, 4, 6), 3


def update(kind: str, chosen: dict[str, Any], actor: Any, record: Rollout) -> tuple[Tensor, dict[str, float]]:
    config = ALGORITHMS[kind].settings.from_object(chosen)
    row = algorithms.build(kind, actor, None).update(config, record, 0.0, torch.Generator().manual_seed(5))
    numbers = {name: float(value) for name, value in row.items()}
    return parameters_to_vector(actor.parameters()).detach(), numbers


def episodes(actor: Any, gaps: list[int], junk: float, choice: int) -> Rollout:
    """Five episodes one after another in each env, every second one cut off; invalid rows before, between and after.

    gaps: how many rows before each episode and after the last (at least one after a cut-off, which holds what the
    cut-off led to). junk: what stands in them; choice: the action there.
    """
    generator = torch.Generator().manual_seed(1)
    shape = actor.distribution.sample(torch.zeros(ENVS, actor.distribution.parameters), generator).shape
    whole = torch.is_floating_point(actor.distribution.mode(torch.zeros(1, actor.distribution.parameters)))
    rows: dict[str, list[Tensor]] = {name: [] for name in ("observations", "actions", "rewards", "flags", "mask")}

    def add(observation: Tensor, action: Tensor, reward: Tensor, flags: tuple[bool, bool], valid: bool) -> None:
        found = (observation, action, reward, torch.tensor(flags).repeat(ENVS, 1), torch.full((ENVS,), valid))
        for name, value in zip(rows, found, strict=True):
            rows[name].append(value)

    bad = torch.full(shape, junk) if whole else torch.full(shape, choice)
    final = torch.full((ENVS, INPUTS), junk)
    for episode, length in enumerate(LENGTHS):
        cut_off = episode % 2 == 1
        for _ in range(max(gaps[episode], int(episode > 0 and episode % 2 == 0))):
            add(final, bad, torch.full((ENVS,), junk), (junk > 0, junk < 0), False)
            final = torch.full((ENVS, INPUTS), junk)
        for step in range(length):
            observation = torch.randn(ENVS, INPUTS, generator=generator)
            with torch.no_grad():
                action = actor.distribution.sample(actor.params(observation), generator)
            last = step == length - 1
            reward = torch.randn(ENVS, generator=generator)
            add(observation, action, reward, (last and not cut_off, last and cut_off), True)
        final = torch.randn(ENVS, INPUTS, generator=generator) if cut_off else torch.full((ENVS, INPUTS), junk)
    for _ in range(gaps[-1]):
        add(final, bad, torch.full((ENVS,), junk), (junk > 0, junk < 0), False)
        final = torch.full((ENVS, INPUTS), junk)
    stacked = {name: torch.stack(values) for name, values in rows.items()}
    observations = torch.cat([stacked["observations"], final[None]])
    terminated, truncated = stacked["flags"].unbind(-1)
    return Rollout(observations, stacked["actions"], stacked["rewards"], terminated, truncated, stacked["mask"])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
@pytest.mark.parametrize(("kind", "chosen"), CASES, ids=lambda case: str(case))
@QUICK
@given(
    gaps=st.lists(st.integers(0, 3), min_size=6, max_size=6), junk=JUNK, choice=st.sampled_from([0, 1, -1, 7, 2**40])
)
def test_rows_that_never_happened_move_nothing(
    kind: str, chosen: dict, distribution: Distribution, gaps: list[int], junk: float, choice: int
) -> None:
    """What stands in them: bit for bit. How many there are: up to the rounding of the same sums in another order."""
    records = {
        "none": lambda actor: episodes(actor, [0] * 6, 0.0, 0),
        "empty": lambda actor: episodes(actor, gaps, 0.0, 0),
        "spoiled": lambda actor: episodes(actor, gaps, junk, choice),
    }
    start = parameters_to_vector(policy(distribution, sizes=(4,)).parameters()).detach()
    found, metrics = {}, {}
    for name, record in records.items():
        actor = policy(distribution, sizes=(4,))
        found[name], metrics[name] = update(kind, chosen, actor, record(actor))
    assert torch.equal(found["spoiled"], found["empty"])
    np.testing.assert_equal(metrics["spoiled"], metrics["empty"])
    same(start, found["none"], found["empty"], metrics["none"], metrics["empty"])


def same(start: Tensor, expected: Tensor, found: Tensor, metrics: dict[str, float], others: dict[str, float]) -> None:
    """Equal but for rounding: Adam's eps of 1e-5 makes 1e-2 of a step out of 1e-7 of a gradient."""
    moved = float((expected - start).abs().max())
    assert moved > 0 and torch.isfinite(expected).all()
    torch.testing.assert_close(found, expected, atol=1e-2 * moved, rtol=0)
    assert others == pytest.approx(metrics, rel=1e-3, abs=1e-4, nan_ok=True)


def writer() -> TokenPolicy:
    torch.manual_seed(3)
    weights = TokenModel(6, 4, 8, 1, 6).state_dict()
    return TokenPolicy(TokenSpec(6, 4, 8, 1, weights), torch.Generator().manual_seed(4))


def written(actor: TokenPolicy, rows: int, broken: int, junk: float, token: int) -> Rollout:
    """Eight sequences, each rewarded at its end; `rows` more at the end and `broken` more sequences, all invalid."""
    drawn = sample(actor.actor, 8, 9, torch.Generator().manual_seed(5))
    steps, n = drawn.mask.shape
    last = torch.arange(steps)[:, None] == drawn.mask.sum(0) - 1
    rewards = torch.where(last, torch.randn(n, generator=torch.Generator().manual_seed(6)), 0.0)

    def wider(x: Tensor, fill: Any) -> Tensor:
        made = torch.full((steps + rows, n + broken), fill, dtype=x.dtype)
        made[:steps, :n] = x
        return made

    mask = wider(drawn.mask, False)
    read, actions = (wider(x, token) for x in (drawn.read, drawn.written))
    if token != 0:  # the sampler leaves 0 after a sequence's end; anything may stand there
        read, actions = (torch.where(mask, x, token) for x in (read, actions))
    rewards = torch.where(mask, wider(rewards, junk), junk)
    none = torch.zeros_like(mask)
    return Rollout(read, actions, rewards, wider(last, junk > 0), none, mask)


@pytest.mark.parametrize(("kind", "chosen"), CASES, ids=lambda case: str(case))
@QUICK
@given(rows=st.integers(0, 3), broken=st.integers(0, 2), junk=JUNK, token=st.sampled_from([0, 1, 5, -1, 99, 2**40]))
def test_tokens_and_sequences_that_never_happened_move_nothing(
    kind: str, chosen: dict, rows: int, broken: int, junk: float, token: int
) -> None:
    chosen = {name: value for name, value in chosen.items() if not name.endswith("minibatch_size")}
    chosen |= {"critic_minibatch_size" if kind == "trpo" else "minibatch_size": 1000} if kind != "pg" else {}
    plain, spoiled = writer(), writer()
    start = parameters_to_vector(plain.parameters()).detach().clone()
    expected, metrics = update(kind, chosen, plain, written(plain, 0, 0, 0.0, 0))
    found, others = update(kind, chosen, spoiled, written(spoiled, rows, broken, junk, token))
    same(start, expected, found, metrics, others)
