"""Action distributions as functions of one flat parameter tensor [..., K]: a Fisher product is plain algebra."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Categorical:
    """One choice among n; parameters are logits [..., n], actions int64 [...]."""

    n: int

    @property
    def parameters(self) -> int:
        return self.n

    def sample(self, params: Tensor, generator: torch.Generator) -> Tensor:
        return self.chosen(params, self.noise(params, generator))

    def noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """What chance adds to parameters of that shape [..., n]: log(Exp(1))."""
        return torch.empty_like(like).exponential_(generator=generator).log_()

    def chosen(self, params: Tensor, noise: Tensor) -> Tensor:
        """Gumbel-max: argmax(logits - log(Exp(1))) is distributed as softmax(logits)."""
        return (params - noise).argmax(-1)

    def mode(self, params: Tensor) -> Tensor:
        return params.argmax(-1)

    def log_prob(self, params: Tensor, actions: Tensor) -> Tensor:
        return torch.log_softmax(params, -1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)

    def entropy(self, params: Tensor) -> Tensor:
        log_probs = torch.log_softmax(params, -1)
        return -(log_probs.exp() * log_probs).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        """KL(old || new) [...], summed over all n choices: exact, not sampled."""
        old_log_probs, new_log_probs = torch.log_softmax(old, -1), torch.log_softmax(new, -1)
        return (old_log_probs.exp() * (old_log_probs - new_log_probs)).sum(-1)

    def fisher_product(self, params: Tensor, tangent: Tensor) -> Tensor:
        """(diag(p) - p p') tangent: the Hessian of the KL in the logits, at equal distributions."""
        probs = torch.softmax(params, -1)
        return probs * (tangent - (probs * tangent).sum(-1, keepdim=True))


@dataclass(frozen=True)
class MultiCategorical:
    """Several independent choices; parameters are their logits side by side, actions int64 [..., len(sizes)]."""

    sizes: tuple[int, ...]

    @property
    def parameters(self) -> int:
        return sum(self.sizes)

    def parts(self, params: Tensor) -> list[tuple[Categorical, Tensor]]:
        """Each choice with its own logits."""
        return [(Categorical(n), part) for n, part in zip(self.sizes, params.split(self.sizes, -1), strict=True)]

    def sample(self, params: Tensor, generator: torch.Generator) -> Tensor:
        return self.chosen(params, self.noise(params, generator))

    def noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """What chance adds to parameters of that shape, choice by choice."""
        return torch.cat([choice.noise(part, generator) for choice, part in self.parts(like)], -1)

    def chosen(self, params: Tensor, noise: Tensor) -> Tensor:
        parts = zip(self.parts(params), noise.split(self.sizes, -1), strict=True)
        return torch.stack([choice.chosen(part, chance) for (choice, part), chance in parts], -1)

    def mode(self, params: Tensor) -> Tensor:
        return torch.stack([choice.mode(part) for choice, part in self.parts(params)], -1)

    def log_prob(self, params: Tensor, actions: Tensor) -> Tensor:
        parts = zip(self.parts(params), actions.unbind(-1), strict=True)
        return torch.stack([choice.log_prob(part, action) for (choice, part), action in parts]).sum(0)

    def entropy(self, params: Tensor) -> Tensor:
        return torch.stack([choice.entropy(part) for choice, part in self.parts(params)]).sum(0)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        parts = zip(self.parts(old), self.parts(new), strict=True)
        return torch.stack([choice.kl(before, after) for (choice, before), (_, after) in parts]).sum(0)

    def fisher_product(self, params: Tensor, tangent: Tensor) -> Tensor:
        parts = zip(self.parts(params), self.parts(tangent), strict=True)
        return torch.cat([choice.fisher_product(part, along) for (choice, part), (_, along) in parts], -1)


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian; parameters are mean and log standard deviation side by side, actions float [..., dim]."""

    dim: int

    @property
    def parameters(self) -> int:
        return 2 * self.dim

    def sample(self, params: Tensor, generator: torch.Generator) -> Tensor:
        return self.chosen(params, self.noise(params, generator))

    def noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Standard normal numbers [..., dim] for parameters of that shape [..., 2 dim]."""
        return torch.empty_like(like.chunk(2, -1)[0]).normal_(generator=generator)

    def chosen(self, params: Tensor, noise: Tensor) -> Tensor:
        mean, log_std = params.chunk(2, -1)
        return mean + log_std.exp() * noise

    def mode(self, params: Tensor) -> Tensor:
        return params.chunk(2, -1)[0]

    def log_prob(self, params: Tensor, actions: Tensor) -> Tensor:
        mean, log_std = params.chunk(2, -1)
        return -(0.5 * ((actions - mean) / log_std.exp()) ** 2 + log_std + 0.5 * LOG_TWO_PI).sum(-1)

    def entropy(self, params: Tensor) -> Tensor:
        return (params.chunk(2, -1)[1] + 0.5 + 0.5 * LOG_TWO_PI).sum(-1)

    def kl(self, old: Tensor, new: Tensor) -> Tensor:
        """KL(old || new) [...], in closed form."""
        (mean, log_std), (new_mean, new_log_std) = old.chunk(2, -1), new.chunk(2, -1)
        spread = (2 * (log_std - new_log_std)).exp() + ((mean - new_mean) / new_log_std.exp()) ** 2
        return (new_log_std - log_std + 0.5 * (spread - 1)).sum(-1)

    def fisher_product(self, params: Tensor, tangent: Tensor) -> Tensor:
        """diag(1 / sigma^2, 2) tangent: the Hessian of the KL in (mean, log sigma), at equal distributions."""
        log_std = params.chunk(2, -1)[1]
        along_mean, along_log_std = tangent.chunk(2, -1)
        return torch.cat([along_mean * (-2 * log_std).exp(), 2 * along_log_std], -1)


Distribution = Categorical | MultiCategorical | Gaussian
