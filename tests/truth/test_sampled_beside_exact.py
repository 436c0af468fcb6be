"""Sampled gradients, KL and TRPO's step on gridworlds beside their closed forms, judged by their own covariance.

What is averaged are residuals whose expectation is exactly 0 if the engine is right: the sum of a batch's gradients
minus its number of episodes times the exact gradient (Wald's identity: whether another episode begins depends on the
past alone), and the like. A right estimator passes with probability 0.999 and the seeds are fixed; a wrong target is
recognised beyond doubt.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from exact import Walk, chance_of, probabilities, seen, table, task, walk, z_scores

from engine import algorithms
from engine.advantages import gae
from engine.algorithms import ALGORITHMS
from engine.algorithms.measuring import movement
from engine.batch import judge
from engine.planning.gradient import exact_gradient

LIKELY, IMPOSSIBLE = 1e-3, 1e-6
MAPS = {
    "corners": "starts = anywhere\ntime_limit = 15\n\nG...\n....\n....\n...G\n",
    "aliased": "aliased",
    "slippery": "slip = 0.2\nstep_reward = -0.1\ntime_limit = 12\n\nS..\n.P.\n..G\n",
}
BATCHES = {"corners": 140, "aliased": 40, "slippery": 70}  # over three times what varies


def exactly(made: Any, actor: Any, gamma: float, critic: bool = False) -> Walk:
    """The exact walk; with a critic, a walk that is cut off is worth what that says of where it stopped."""
    beyond = seen(made) @ actor.critic[0].weight.detach().double().numpy()[0] if critic else 0.0
    return walk(made.mdp, seen(made) @ probabilities(actor), made.grid.time_limit, gamma, beyond)


def sampled(made: Any, actor: Any, batches: int, gamma: float, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """[K, O, A] sums of the gradient over each batch, [K] episodes, as PG.update computes them; nothing moves."""
    config = ALGORITHMS["pg"].settings.from_object(
        {"discount": gamma, "standardise_advantages": False, "max_gradient_norm": 1e6, "gae_lambda": 1.0} | settings
    )
    generator, start = torch.Generator().manual_seed(11), {k: v.clone() for k, v in actor.state_dict().items()}
    sums, episodes = [], []
    for _ in range(batches):
        actor.load_state_dict(start)
        rollout = made.collect(actor, 300, generator, whole_episodes=True)
        algorithms.build("pg", actor, None).update(config, rollout, 0.0, generator)
        sums.append(-rollout.steps * actor.actor[0].weight.grad.T.double().numpy())
        episodes.append(len(rollout.episode_returns))
    actor.load_state_dict(start)
    return np.stack(sums), np.array(episodes)


def residuals(found: tuple[np.ndarray, np.ndarray], target: np.ndarray) -> np.ndarray:
    sums, episodes = found
    return (sums - episodes[:, None, None] * target).reshape(len(sums), -1)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize(
    "settings",
    [
        {"baseline": "none"},
        {"baseline": "value", "critic_steps": 1},
        {"baseline": "gae", "critic_steps": 1},
        {"baseline": "none", "return_kind": "total"},
    ],
    ids=lambda chosen: "-".join(map(str, chosen.values())),
)
def test_the_policy_gradient_aims_at_the_target_it_names(name: str, settings: dict) -> None:
    """Reward-to-go weighs visits without gamma^t, the whole discounted return with gamma^t: gamma = .7 tells them
    apart. A critic, however wrong, changes neither as a baseline or in GAE at lambda = 1, but is believed at cut-offs.
    """
    made = task(MAPS[name], n_envs=32)
    actor, gamma = table(made), 0.7
    exact = exactly(made, actor, gamma, critic=settings["baseline"] != "none")
    time = np.arange(len(exact.visits))
    with_gamma, without = (seen(made).T @ exact.gradient(weights) for weights in (gamma**time, np.ones(len(time))))
    if settings["baseline"] == "none":
        closed = exact_gradient(made.mdp, exact.policy, made.grid.time_limit, gamma).logits
        np.testing.assert_allclose(with_gamma, seen(made).T @ closed, atol=1e-12)

    found = sampled(made, actor, BATCHES[name], gamma, **settings)
    target, other = (with_gamma, without) if "return_kind" in settings else (without, with_gamma)
    assert chance_of(residuals(found, target)) > LIKELY
    assert np.abs(z_scores(residuals(found, target))).max() < 4.5  # one of 60 numbers, once in 2,000 tries
    assert chance_of(residuals(found, other)) < IMPOSSIBLE


@pytest.mark.parametrize("name", ["aliased", "slippery"])
@pytest.mark.parametrize("return_kind", ["reward-to-go", "total"])
def test_without_a_discount_both_targets_are_one(name: str, return_kind: str) -> None:
    made = task(MAPS[name], n_envs=32)
    actor = table(made)
    exact = exactly(made, actor, 1.0)
    closed = seen(made).T @ exact_gradient(made.mdp, exact.policy, made.grid.time_limit).logits
    np.testing.assert_allclose(closed, seen(made).T @ exact.gradient(np.ones(len(exact.visits))), atol=1e-11)
    found = residuals(sampled(made, actor, BATCHES[name], 1.0, return_kind=return_kind, baseline="none"), closed)
    assert chance_of(found) > LIKELY
    assert np.abs(z_scores(found)).max() < 4.5


@pytest.mark.parametrize("name", ["aliased", "slippery"])
def test_every_kl_estimator_estimates_what_it_says(name: str) -> None:
    """Exact: sum_s d(s) KL(s) / sum_s d(s), d the visits under the time limit. k2 has its own expectation."""
    made = task(MAPS[name], n_envs=32)
    actor = table(made)
    visits = seen(made).T @ exactly(made, actor, 1.0).visits.sum(0)
    old, start = probabilities(actor), actor.actor[0].weight.detach().clone()
    moved = start + 0.6 * torch.randn(start.shape, generator=torch.Generator().manual_seed(4))
    generator, rows, counts = torch.Generator().manual_seed(5), [], []
    names = ("kl", "kl_k1", "kl_k3", "kl_k2", "entropy")
    for _ in range(60):
        actor.actor[0].weight.data.copy_(start)
        rollout = made.collect(actor, 500, generator, whole_episodes=True)
        batch = judge(actor, rollout).batch(actor, rollout.rewards, rollout.rewards)
        actor.actor[0].weight.data.copy_(moved)
        row = movement(actor, batch)
        rows.append([float(row[name]) for name in names])
        counts.append(batch.size)
    new = probabilities(actor)
    log_ratio = np.log(new / old)
    per_cell = [-(old * log_ratio).sum(-1)] * 3 + [(old * log_ratio**2).sum(-1) / 2, -(new * np.log(new)).sum(-1)]
    exact = np.array([visits @ cell for cell in per_cell]) / visits.sum()
    found = (np.array(rows) - exact) * np.array(counts)[:, None]
    assert chance_of(found) > LIKELY
    assert np.abs(z_scores(found)).max() < 4
    # k2 is biased: it does not average to the KL
    assert abs(z_scores((np.array(rows)[:, 3] - exact[0])[:, None] * np.array(counts)[:, None])[0]) > 4.5


MAX_KL = 1e-4


def trpo_steps(made: Any, actor: Any, batches: int, size: int, gamma: float) -> Iterator[tuple[np.ndarray, Any, dict]]:
    """TRPO's full step [O, A] from the same start again and again, the rollout it was made from, and its metrics."""
    config = ALGORITHMS["trpo"].settings.from_object(
        {"discount": gamma, "gae_lambda": 1.0, "damping": 0.0, "conjugate_gradient_steps": 30, "max_kl": MAX_KL}
        | {"critic_steps": 1, "critic_minibatch_size": size * 2}
    )
    start, generator = {k: v.clone() for k, v in actor.state_dict().items()}, torch.Generator().manual_seed(9)
    for _ in range(batches):
        actor.load_state_dict(start)
        rollout = made.collect(actor, size, generator, whole_episodes=True)
        row = algorithms.build("trpo", actor, None).update(config, rollout, 0.0, generator)
        assert row["step_accepted"] == 1.0 and float(row["kl"]) <= MAX_KL
        step = (actor.actor[0].weight.detach() - start["actor.0.weight"]).T.double().numpy()
        actor.load_state_dict(start)
        # a constant on all of a cell's logits changes no policy
        yield (step - step.mean(-1, keepdims=True)) / float(row["step_fraction"]), rollout, row


def advantages(actor: Any, rollout: Any, gamma: float) -> np.ndarray:
    """Of the valid rows, in float64: what followed, discounted, minus what the critic expected."""
    values = actor.values(rollout.observations).detach().double()
    return gae(rollout.rewards, values, rollout.terminated, rollout.done, rollout.mask, gamma, 1.0)[
        rollout.mask
    ].numpy()


def cells(rollout: Any, number: int) -> tuple[np.ndarray, np.ndarray]:
    """[M] the cell of every valid row, and [O] how often each was visited."""
    cell = rollout.observations[:-1][rollout.mask].argmax(-1).numpy()
    return cell, np.bincount(cell, minlength=number).astype(float)


def length(step: np.ndarray, policy: np.ndarray, share: np.ndarray) -> float:
    """x'Fx = sum_s d(s) Var_pi(x(s, .)) of a step [O, A]: twice the KL it leads to, for small steps."""
    return float(share @ ((policy * step**2).sum(-1) - (policy * step).sum(-1) ** 2))


def test_trpos_step_is_the_natural_gradient_of_its_own_sample() -> None:
    """sqrt(2 delta / x'Fx) x with F x = g. On a table that needs no solver: F has the blocks d(s) (diag(pi) - pi pi'),
    so x is the mean advantage of each action, seen as rarely as the policy takes it. (Kakade 2001)"""
    made = task(MAPS["slippery"], n_envs=32)
    actor, gamma = table(made), 0.9
    policy = probabilities(actor)
    for step, rollout, _ in trpo_steps(made, actor, 3, 3000, gamma):
        advantage = advantages(actor, rollout, gamma)
        advantage = (advantage - advantage.mean()) / advantage.std(ddof=1)
        cell, visits = cells(rollout, len(policy))
        gains = np.zeros(policy.shape)
        np.add.at(gains, (cell, rollout.actions[rollout.mask].numpy()), advantage)
        natural = gains / policy / np.maximum(visits, 1)[:, None]
        natural -= natural.mean(-1, keepdims=True)
        share = visits / visits.sum()
        expected = np.sqrt(2 * MAX_KL / length(natural, policy, share)) * natural
        # measured in the step's own length: the products are good to 2e-5, the solver multiplies by F's condition
        assert np.sqrt(length(step - expected, policy, share) / (2 * MAX_KL)) < 5e-4


def test_trpos_step_aims_at_the_exact_natural_gradient() -> None:
    """F (x_sampled - x_exact) averages to 0, x_exact the advantage table and F of the sample's own visits.

    The engine's step is beta x / sd: beta = 2 delta / g'step as it reports, sd what the advantages were divided by.
    """
    made = task(MAPS["slippery"], n_envs=32)
    actor, gamma = table(made), 0.9
    exact = exactly(made, actor, gamma, critic=True)
    policy, visited = exact.policy, exact.visits.sum(0) > 0
    advantage_table = np.einsum("ts,tsa->sa", exact.visits, exact.advantages)
    advantage_table[visited] /= exact.visits.sum(0)[visited, None]
    sampled_residuals, plain_residuals = [], []
    for step, rollout, row in trpo_steps(made, actor, 75, 1000, gamma):
        beta = 2 * MAX_KL * float(row["step_fraction"]) / float(row["surrogate_predicted"])
        natural = step / beta * advantages(actor, rollout, gamma).std(ddof=1)
        _, visits = cells(rollout, len(policy))
        for found, target in (
            (sampled_residuals, advantage_table),
            (plain_residuals, policy * advantage_table),
        ):
            off = natural - target
            found.append(visits[:, None] * policy * (off - (policy * off).sum(-1, keepdims=True)))
    found, plain = (np.stack(each).reshape(75, -1) for each in (sampled_residuals, plain_residuals))
    assert chance_of(found) > LIKELY
    assert np.abs(z_scores(found)).max() < 4.5
    assert chance_of(plain) < IMPOSSIBLE  # the ordinary gradient points elsewhere
