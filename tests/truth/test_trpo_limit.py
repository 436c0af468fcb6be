"""TRPO never leaves its limit, takes a refused step back bit for bit, and survives where there is nothing to gain."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from episodes import DISTRIBUTIONS, policy, rollout
from torch import Tensor

from benchmarks.trpo_limit import TASKS, watch
from engine import algorithms
from engine.algorithms import ALGORITHMS
from engine.algorithms.trpo import TRPO
from engine.policies.distributions import Gaussian
from engine.policies.spec import TokenSpec
from engine.policies.tokens import TokenModel, TokenPolicy, sample
from engine.rollout import Rollout


@pytest.mark.parametrize("name", TASKS)
def test_no_accepted_step_passes_the_limit(name: str) -> None:
    """Fifty iterations of each task; benchmarks/trpo_limit.py makes ten thousand."""
    found = watch(name, iterations=50)
    assert found["accepted"] > 25
    assert found["above_limit"] == found["not_finite"] == found["not_restored"] == 0
    assert found["largest_kl"] <= found["limit"]
    # the same distributions compared in float64: a float32 logarithm of a probability is off by 1e-6 at most
    assert found["largest_kl_in_float64"] <= found["limit"] + 1e-6


def update(actor: Any, record: Rollout, **settings: Any) -> dict[str, Any]:
    config = ALGORITHMS["trpo"].settings.from_object({"critic_minibatch_size": 1000, "critic_steps": 1} | settings)
    return algorithms.build("trpo", actor, None).update(config, record, 0.0, torch.Generator().manual_seed(0))


def bits(actor: Any) -> list[bytes]:
    return [parameter.detach().numpy().tobytes() for parameter in actor.actor_parameters()]


def writer() -> tuple[TokenPolicy, Rollout]:
    """A recurrent policy and eight sequences it wrote, each paid at its end."""
    torch.manual_seed(3)
    spec = TokenSpec(6, 4, 8, 1, TokenModel(6, 4, 8, 1, 6).state_dict())
    actor = TokenPolicy(spec, torch.Generator().manual_seed(4))
    drawn = sample(actor.actor, 8, 9, torch.Generator().manual_seed(5))
    last = torch.arange(len(drawn.mask))[:, None] == drawn.mask.sum(0) - 1
    rewards = torch.where(last, torch.randn(8, generator=torch.Generator().manual_seed(6)), 0.0)
    return actor, Rollout(drawn.read, drawn.written, rewards, last, torch.zeros_like(last), drawn.mask)


def actors() -> dict[str, tuple[Any, Rollout]]:
    made = {str(distribution): policy(distribution) for distribution in DISTRIBUTIONS}
    return {name: (actor, rollout(actor)) for name, actor in made.items()} | {"recurrent": writer()}


@pytest.mark.parametrize("name", actors())
@pytest.mark.parametrize("elsewhere", [-1.0, 0.0, float("nan"), float("-inf")])
def test_a_step_that_no_surrogate_favours_is_taken_back(
    name: str, elsewhere: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An adversary: away from where the search begins, the surrogate never gains, or is no number."""
    actor, record = actors()[name]
    with torch.no_grad():
        actor.actor_parameters()[0].view(-1)[0] = -0.0  # which an addition of 0 would turn into +0.0
    truly, begun = TRPO._surrogate, []

    def surrogate(self: TRPO, settings: Any, batch: Any) -> Tensor:
        if begun:
            return begun[0] + elsewhere
        begun.append(truly(self, settings, batch).detach())
        return truly(self, settings, batch)

    monkeypatch.setattr(TRPO, "_surrogate", surrogate)
    before = bits(actor)
    row = update(actor, record, line_search_steps=7)
    assert (row["line_search_steps"], row["step_accepted"], row["step_fraction"]) == (7.0, 0.0, 0.0)
    assert bits(actor) == before
    assert float(row["kl"]) == 0.0


@pytest.mark.parametrize("name", actors())
def test_a_limit_that_no_step_keeps_leaves_everything_as_it_was(name: str) -> None:
    """The surrogate gains, but the only step tried may move further than a millionth of a millionth of a nat."""
    actor, record = actors()[name]
    before = bits(actor)
    row = update(actor, record, max_kl=1e-12, line_search_steps=1, damping=0.0)
    if row["step_accepted"] == 0.0:
        assert bits(actor) == before
    assert float(row["kl"]) <= 1e-12


@pytest.mark.parametrize("name", actors())
def test_the_limit_is_kept_on_all_of_a_batch_also_with_the_fisher_matrix_of_a_part(name: str) -> None:
    """An eighth of it says little of how far the rest moves: what it got wrong, the line search takes back."""
    actor, record = actors()[name]
    before, began = bits(actor), [parameter.detach().clone() for parameter in actor.actor_parameters()]
    row = update(actor, record, fisher_share=0.125, damping=1e-2, line_search_shrink=0.5)
    assert row["step_accepted"] == 1.0 and bits(actor) != before
    assert 0 < float(row["kl"]) <= 0.01
    with torch.no_grad():
        for parameter, old in zip(actor.actor_parameters(), began, strict=True):
            parameter.copy_(old)
    assert float(update(actor, record, damping=1e-2, line_search_shrink=0.5)["kl"]) != float(row["kl"])


def numbers(row: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if name != "explained_variance"}


@pytest.mark.parametrize("damping", [0.1, 0.0])
@pytest.mark.parametrize("name", actors())
def test_where_nothing_can_be_gained_nothing_moves(name: str, damping: float) -> None:
    """Every action is as good as any other: no reward, and a critic that expects none."""
    actor, record = actors()[name]
    with torch.no_grad():
        for parameter in actor.critic_parameters():
            parameter.zero_()
    before = bits(actor)
    row = update(actor, replace(record, rewards=torch.zeros_like(record.rewards)), damping=damping)
    assert bits(actor) == before
    assert torch.isfinite(torch.tensor(list(numbers(row).values()))).all()


@pytest.mark.parametrize("damping", [0.1, 0.0])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=str)
def test_a_policy_that_is_all_but_decided_stays_finite(distribution: Any, damping: float) -> None:
    """Logits a thousand apart, or a standard deviation of e^-12: the optimum as training arrives there."""
    actor = policy(distribution)
    with torch.no_grad():
        if isinstance(distribution, Gaussian):
            actor.log_std.fill_(-12.0)
        else:
            actor.actor[-1].weight.zero_()
            actor.actor[-1].bias.copy_(1000.0 * torch.arange(actor.distribution.parameters))
    for seed in range(3):
        row = update(actor, rollout(actor, seed=seed), damping=damping)
        assert torch.isfinite(torch.tensor(list(numbers(row).values()))).all()
        assert float(row["kl"]) <= 0.01
    assert all(torch.isfinite(parameter).all() for parameter in actor.parameters())
