"""The engine against the exact answer on a small grid: sampled gradients as z-scores, and TRPO's KL."""

import numpy as np
import pytest
import torch

from engine import algorithms, losses
from engine.advantages import reward_to_go
from engine.algorithms import ALGORITHMS
from engine.batch import judge
from engine.gridworlds.dynamics import tabular
from engine.gridworlds.presets import read_map
from engine.planning.gradient import exact_gradient
from engine.planning.mdp import TabularMDP
from engine.policies import PolicySettings, build
from engine.tasks import gridworld

MAP = "small-4x4"
BATCHES, STEPS_PER_BATCH = 60, 3000
# |z| of one coordinate passes 4.5 once in 150,000 draws: 4 actions x 14 cells do not, where the estimate is right
LIMIT = 4.5


@pytest.fixture(scope="module")
def task() -> gridworld.GridWorldTask:
    return gridworld.build(gridworld.GridWorldSettings(map=MAP, n_envs=64), 7, torch.device("cpu"))


@pytest.fixture(scope="module")
def mdp() -> TabularMDP:
    return tabular(read_map(MAP))


def softmax_table(task: gridworld.GridWorldTask) -> torch.nn.Module:
    """A tabular policy that is neither even nor decided."""
    policy = build(task.spec, PolicySettings(hidden_sizes=()), torch.Generator())
    with torch.no_grad():
        policy.actor[0].weight.copy_(torch.randn(4, 16, generator=torch.Generator().manual_seed(3)))
    return policy


def probabilities(policy: torch.nn.Module) -> np.ndarray:
    return torch.softmax(policy.actor[0].weight.detach().double().T, -1).numpy()


def sampled_gradients(task: gridworld.GridWorldTask, policy: torch.nn.Module, discount: float) -> np.ndarray:
    """[BATCHES, S, A]: REINFORCE with reward-to-go, per episode: the loss's mean times steps per episode."""
    generator = torch.Generator().manual_seed(11)
    found = []
    for _ in range(BATCHES):
        rollout = task.collect(policy, STEPS_PER_BATCH, generator, whole_episodes=True)
        returns = reward_to_go(rollout.rewards, rollout.done, rollout.mask, discount)
        batch = judge(policy, rollout).batch(policy, returns, returns)
        log_probs = policy.distribution.log_prob(policy.params(batch.observations), batch.actions)
        loss = losses.policy_gradient(log_probs, batch.advantages, batch.mask)
        (gradient,) = torch.autograd.grad(loss, policy.actor[0].weight)
        per_episode = batch.size / len(rollout.episode_returns)
        found.append(-gradient.T.double().numpy() * per_episode)
    return np.stack(found)


def z_scores(samples: np.ndarray, exact: np.ndarray) -> np.ndarray:
    error = samples.std(0, ddof=1) / np.sqrt(len(samples))
    reached = error > 0
    return (samples.mean(0) - exact)[reached] / error[reached]


def test_the_sampled_gradient_is_the_exact_one(task: gridworld.GridWorldTask, mdp: TabularMDP) -> None:
    policy = softmax_table(task)
    exact = exact_gradient(mdp, probabilities(policy), read_map(MAP).time_limit)
    z = z_scores(sampled_gradients(task, policy, 1.0), exact.logits)
    assert len(z) == 4 * 14 and np.abs(z).max() < LIMIT
    assert 0.6 < z.std() < 1.5


def test_leaving_gamma_to_the_t_out_aims_at_another_vector(task: gridworld.GridWorldTask, mdp: TabularMDP) -> None:
    """Reward-to-go with gamma but without gamma^t: the undiscounted occupancy weighs the discounted advantages."""
    policy, gamma, horizon = softmax_table(task), 0.9, read_map(MAP).time_limit
    samples = sampled_gradients(task, policy, gamma)
    usual = undiscounted_occupancy_target(mdp, probabilities(policy), horizon, gamma)
    assert np.abs(z_scores(samples, usual)).max() < LIMIT
    discounted = exact_gradient(mdp, probabilities(policy), horizon, gamma).logits
    assert np.abs(z_scores(samples, discounted)).max() > 10


def undiscounted_occupancy_target(mdp: TabularMDP, policy: np.ndarray, horizon: int, gamma: float) -> np.ndarray:
    """sum_t d_t(s) pi(a|s) (Q_t(s, a) - V_t(s)), d undiscounted and Q discounted, by plain loops over P."""
    states, actions, _ = mdp.next_states.shape
    q = np.zeros((horizon + 1, states, actions))
    for t in reversed(range(horizon)):
        v = (policy * q[t + 1]).sum(-1) * ~mdp.terminal
        q[t] = (mdp.probabilities * (mdp.rewards + gamma * v[mdp.next_states])).sum(-1)
    total, d = np.zeros((states, actions)), mdp.start * ~mdp.terminal
    for t in range(horizon):
        v = (policy * q[t]).sum(-1, keepdims=True)
        total += d[:, None] * policy * (q[t] - v)
        after = np.zeros(states)
        for s in np.flatnonzero(d):
            for a in range(actions):
                np.add.at(after, mdp.next_states[s, a], d[s] * policy[s, a] * mdp.probabilities[s, a])
        d = after * ~mdp.terminal
    return total


def test_trpos_kl_is_the_exact_kl_and_fills_the_limit(task: gridworld.GridWorldTask) -> None:
    """On a table, KL is a sum over visited cells; a small step of fraction f has f^2 of the limit."""
    policy = softmax_table(task)
    before = probabilities(policy)
    rollout = task.collect(policy, 20_000, torch.Generator().manual_seed(1), whole_episodes=True)
    batch = judge(policy, rollout).batch(policy, rollout.rewards, rollout.rewards)
    visits = batch.observations.double().mean(0).numpy()
    config = ALGORITHMS["trpo"].settings.from_object({"max_kl": 1e-4, "damping": 1e-6, "conjugate_gradient_steps": 100})
    row = algorithms.build("trpo", policy, None).update(config, rollout, 0.0, torch.Generator().manual_seed(2))
    after = probabilities(policy)
    exact_kl = float((visits * (before * np.log(before / after)).sum(-1)).sum())
    assert float(row["kl"]) == pytest.approx(exact_kl, rel=2e-2)
    assert float(row["kl"]) <= 1e-4
    assert exact_kl == pytest.approx(1e-4 * row["step_fraction"] ** 2, rel=0.05)
