"""Losses, clip fraction, KL estimators and distributions beside torchrl, torch.distributions and SciPy."""

import numpy as np
import pytest
import torch
from scipy import stats
from tensordict import TensorDict
from tensordict.nn import ProbabilisticTensorDictModule, ProbabilisticTensorDictSequential, TensorDictModule
from torch import Tensor, nn
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Independent, Normal, kl_divergence
from torchrl.objectives import ClipPPOLoss, ReinforceLoss

from engine import losses
from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical

ROWS, CHOICES = 60, 4


class Table(nn.Module):
    """One free row of numbers for each step, so that a loss's gradient can be read off it."""

    def __init__(self, numbers: Tensor):
        super().__init__()
        self.numbers = nn.Parameter(numbers.clone())

    def forward(self, row: Tensor) -> Tensor:
        return self.numbers[row]


@pytest.fixture(params=range(4))
def case(request: pytest.FixtureRequest) -> dict[str, Tensor]:
    """An old and a new policy some way apart (most ratios leave the clip range), values likewise; a third is masked."""
    generator = torch.Generator().manual_seed(request.param)
    shape = {"old": (ROWS, CHOICES), "new": (ROWS, CHOICES)} | dict.fromkeys(
        ("advantages", "v_old", "v", "returns"), (ROWS,)
    )
    drawn = {name: torch.randn(size, generator=generator, dtype=torch.float64) for name, size in shape.items()}
    drawn["new"] = drawn["old"] + 0.3 * drawn["new"]
    drawn["actions"] = torch.randint(CHOICES, (ROWS,), generator=generator)
    drawn["mask"] = torch.rand(ROWS, generator=generator) < 0.7
    return drawn


def log_probs(logits: Tensor, actions: Tensor) -> Tensor:
    return TorchCategorical(logits=logits).log_prob(actions)


def networks(case: dict[str, Tensor]) -> tuple[ProbabilisticTensorDictSequential, TensorDictModule]:
    """An actor and a critic of torchrl's that know the new policy's logits and values by heart."""
    choice = ProbabilisticTensorDictModule(
        in_keys=["logits"], out_keys=["action"], distribution_class=TorchCategorical, return_log_prob=True
    )
    actor = TensorDictModule(Table(case["new"]), in_keys=["row"], out_keys=["logits"])
    critic = TensorDictModule(Table(case["v"][:, None]), in_keys=["row"], out_keys=["state_value"])
    return ProbabilisticTensorDictSequential(actor, choice), critic


def steps(case: dict[str, Tensor]) -> TensorDict:
    """The valid rows alone: torchrl's losses take no mask."""
    kept = case["mask"]
    names = {"advantage": "advantages", "state_value": "v_old", "value_target": "returns"}
    columns = {theirs: case[name][kept][:, None] for theirs, name in names.items()}
    rows = {"row": torch.arange(ROWS)[kept], "action": case["actions"][kept]}
    rows["action_log_prob"] = log_probs(case["old"], case["actions"])[kept]
    return TensorDict(columns | rows, batch_size=[int(kept.sum())])


@pytest.mark.parametrize("value_clip", [None, 0.25])
def test_ppos_terms_and_their_gradients_equal_torchrls(case: dict[str, Tensor], value_clip: float | None) -> None:
    actor, critic = networks(case)
    settings = {"clip_epsilon": 0.25, "entropy_coeff": 0.01, "critic_coeff": 0.5, "loss_critic_type": "l2"}
    loss = ClipPPOLoss(actor, critic, **settings, clip_value=value_clip, functional=False).double()
    theirs = loss(steps(case))
    (theirs["loss_objective"] + theirs["loss_critic"]).backward()

    logits, values = case["new"].clone().requires_grad_(), case["v"].clone().requires_grad_()
    new, old = log_probs(logits, case["actions"]), log_probs(case["old"], case["actions"])
    policy_loss, fraction = losses.clipped_surrogate(new, old, case["advantages"], case["mask"], 0.25)
    if value_clip is None:
        value_loss = losses.value_loss(values, case["returns"], case["mask"])
    else:
        value_loss = losses.clipped_value_loss(values, case["v_old"], case["returns"], case["mask"], value_clip)
    (policy_loss + value_loss).backward()

    assert 0.2 < float(fraction) < 0.9
    assert policy_loss.item() == pytest.approx(theirs["loss_objective"].item(), abs=1e-12)
    assert float(fraction) == pytest.approx(float(theirs["clip_fraction"]), abs=1e-12)
    assert value_loss.item() == pytest.approx(theirs["loss_critic"].item(), abs=1e-12)
    k1 = losses.kl_k1((new - old).detach(), case["mask"])
    assert float(k1) == pytest.approx(float(theirs["kl_approx"]), abs=1e-12)
    torch.testing.assert_close(logits.grad, actor[0].module.numbers.grad, atol=1e-12, rtol=0)
    torch.testing.assert_close(values.grad, critic.module.numbers.grad[:, 0], atol=1e-12, rtol=0)
    assert float(logits.grad.abs().max()) > 0 < float(values.grad.abs().max())


def test_the_policy_gradient_equals_torchrls(case: dict[str, Tensor]) -> None:
    actor, critic = networks(case)
    theirs = ReinforceLoss(actor, critic, functional=False)(steps(case))["loss_actor"]
    theirs.backward()
    logits = case["new"].clone().requires_grad_()
    loss = losses.policy_gradient(log_probs(logits, case["actions"]), case["advantages"], case["mask"])
    loss.backward()
    assert loss.item() == pytest.approx(theirs.item(), abs=1e-12)
    torch.testing.assert_close(logits.grad, actor[0].module.numbers.grad, atol=1e-12, rtol=0)


def theirs(distribution: Distribution, params: Tensor) -> list[torch.distributions.Distribution]:
    """torch's own distributions, one for each part of the action."""
    match distribution:
        case Categorical():
            return [TorchCategorical(logits=params)]
        case MultiCategorical(sizes):
            return [TorchCategorical(logits=part) for part in params.split(sizes, -1)]
        case Gaussian(dim):
            return [Independent(Normal(params[..., :dim], params[..., dim:].exp()), 1)]


def parts(distribution: Distribution, actions: Tensor) -> list[Tensor]:
    return list(actions.unbind(-1)) if isinstance(distribution, MultiCategorical) else [actions]


@pytest.mark.parametrize("scale", [0.1, 1.0, 12.0])
@pytest.mark.parametrize(
    "distribution", [Categorical(2), Categorical(9), MultiCategorical((2, 3, 5)), Gaussian(1), Gaussian(6)], ids=str
)
def test_distributions_equal_torchs(distribution: Distribution, scale: float) -> None:
    """Log-probability, entropy and KL, values and gradients, from even to all but decided (e^-36 and below)."""
    scale = min(scale, 3.0) if isinstance(distribution, Gaussian) else scale
    generator = torch.Generator().manual_seed(1)
    shape = (2, 7, 5, distribution.parameters)
    old, new = (scale * torch.randn(shape, generator=generator, dtype=torch.float64)).unbind(0)
    actions = distribution.sample(old, generator)
    new.requires_grad_()
    before, after = theirs(distribution, old), theirs(distribution, new)
    expected = {
        "log_prob": sum(q.log_prob(a) for q, a in zip(after, parts(distribution, actions), strict=True)),
        "entropy": sum(q.entropy() for q in after),
        "kl": sum(kl_divergence(p, q) for p, q in zip(before, after, strict=True)),
    }
    found = {
        "log_prob": distribution.log_prob(new, actions),
        "entropy": distribution.entropy(new),
        "kl": distribution.kl(old, new),
    }
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-10, rtol=1e-10)
        slopes = [torch.autograd.grad(x.sum(), new, retain_graph=True)[0] for x in (found[name], value)]
        torch.testing.assert_close(*slopes, atol=1e-10, rtol=1e-10)


def test_log_probabilities_and_entropies_are_scipys() -> None:
    mean, log_std, action = np.array([0.3, -2.0]), np.array([-1.5, 0.7]), np.array([0.1, 1.0])
    params, normal = torch.from_numpy(np.concatenate([mean, log_std])), stats.norm(mean, np.exp(log_std))
    gaussian = Gaussian(2)
    assert float(gaussian.log_prob(params, torch.from_numpy(action))) == pytest.approx(normal.logpdf(action).sum())
    assert float(gaussian.entropy(params)) == pytest.approx(normal.entropy().sum())
    p, q = np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.1, 0.8])
    logits = [torch.from_numpy(np.log(x)) for x in (p, q)]
    assert float(Categorical(3).entropy(logits[0])) == pytest.approx(stats.entropy(p))
    assert float(Categorical(3).kl(*logits)) == pytest.approx(stats.entropy(p, q))


@pytest.mark.parametrize("seed", range(3))
def test_kl_estimators_average_to_what_they_estimate(seed: int) -> None:
    """Over all actions, weighted by the old policy: k1 and k3 give the KL, k2 half the mean squared log-ratio."""
    old, new = torch.randn(2, CHOICES, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    p, log_ratio = torch.softmax(old, 0), torch.log_softmax(new, 0) - torch.log_softmax(old, 0)
    one = torch.tensor([True])
    averages = {
        k.__name__: sum(float(p[a]) * float(k(log_ratio[a : a + 1], one)) for a in range(CHOICES))
        for k in (losses.kl_k1, losses.kl_k2, losses.kl_k3)
    }
    exact = float(kl_divergence(TorchCategorical(logits=old), TorchCategorical(logits=new)))
    assert averages["kl_k1"] == pytest.approx(exact, abs=1e-12)
    assert averages["kl_k3"] == pytest.approx(exact, abs=1e-12)
    assert averages["kl_k2"] == pytest.approx(float((p * log_ratio**2).sum()) / 2, abs=1e-12)
    assert abs(averages["kl_k2"] - exact) > 1e-3
