"""Learning from the best: molecules found before stand beside those just drawn, and scores are sharpened to rewards."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.chemistry.memory import KEPT, Found
from engine.policies.closing import Closing
from engine.policies.tokens import BOUNDARY, Sequences, TokenModel
from engine.settings import Settings, setting

LEAST_WEIGHT = 1e-6  # of a molecule that scores 0, so that it can be drawn where nothing better is known


class Learning(Settings):
    """Which molecules a batch is learned from, and how a score becomes a reward."""

    replay: int = setting(
        0,
        label="Replay of the best",
        help="How many of the best molecules found so far each batch learns from once more; 0: none. They are scored "
        "no second time.",
        ge=0,
        le=1000,
    )
    replay_top: int = setting(
        KEPT, label="Replay from the best", help="They are drawn from this many.", ge=1, le=KEPT, expert=True
    )
    replay_times: int = setting(
        0,
        label="Replays of a molecule",
        help="A molecule is replayed so many times and no more, so that a run moves on from what it has found; 0: no "
        "limit.",
        ge=0,
        le=100_000,
        expert=True,
    )
    randomise_replay: bool = setting(
        False,
        label="Write replayed molecules anew",
        help="Each time as another string of the same molecule, from a random atom. For priors that were taught such "
        "strings, as the shipped one was.",
        expert=True,
    )
    best_share: float = setting(
        1.0,
        label="Share of a batch learned from",
        help="Only the best of a batch's molecules are learned from: this share of them. 1: all.",
        ge=0.01,
        le=1.0,
        expert=True,
    )
    score_power: float = setting(
        1.0,
        label="Sharpness of the score",
        help="The reward is the score to this power: above 1 the best count for more.",
        ge=0.1,
        le=10.0,
        expert=True,
    )
    relative_rewards: bool = setting(
        False,
        label="Rewards relative to their mean",
        help="Rewards are divided by the mean of those learned from, so that steps are no smaller where all scores "
        "still are.",
        expert=True,
    )
    prior_weight: float = setting(
        0.0,
        label="Bonus for likely strings",
        help="Before it is sharpened, this times the string's log-probability under the prior is added to the score.",
        ge=0.0,
        le=1.0,
        expert=True,
    )


def drawn_from(best: Sequence[Found], n: int, generator: torch.Generator) -> list[Found]:
    """n different ones of these molecules (all, where there are fewer), each with a chance in proportion to its score.

    As REINVENT draws from its memory (Olivecrona et al. 2017, J. Cheminform. 9:48).
    """
    n = min(n, len(best))
    if n == 0:
        return []
    weights = torch.tensor([max(LEAST_WEIGHT, found.score) for found in best], device=generator.device)
    return [best[i] for i in torch.multinomial(weights, n, generator=generator).tolist()]


def beside(drawn: Sequences, replayed: Sequence[Sequence[int]]) -> Sequences:
    """The drawn columns [T, N] and, right of them, one for each of these token strings, which end with the boundary."""
    if not replayed:
        return drawn
    length = max(len(drawn.read), *map(len, replayed))
    written = torch.full((length, len(replayed)), BOUNDARY)
    mask = torch.zeros(length, len(replayed), dtype=torch.bool)
    for column, tokens in enumerate(replayed):
        written[: len(tokens), column] = torch.tensor(tokens)
        mask[: len(tokens), column] = True
    read = torch.cat([torch.full_like(written[:1], BOUNDARY), written[:-1]])
    unknown = torch.full(written.shape, math.nan)  # the policy did not draw them
    pairs = zip((drawn.read, drawn.written, drawn.log_prob, drawn.mask), (read, written, unknown, mask), strict=True)
    return Sequences(*(torch.cat([longer(left, length), right.to(left.device)], 1) for left, right in pairs))


def longer(rows: Tensor, length: int) -> Tensor:
    """[T, N, ...] with rows of zeros up to `length`."""
    return torch.cat([rows, rows.new_zeros(length - len(rows), *rows.shape[1:])])


def sharpened(scores: Tensor, log_prior: Tensor, prior_weight: float, power: float) -> Tensor:
    """max(0, score + prior_weight * log p_prior)^power for each molecule; `log_prior` is of its whole string."""
    return (scores + prior_weight * log_prior).clamp(min=0.0) ** power


def relative(rewards: Tensor, learned: Tensor) -> Tensor:
    """Rewards divided by the mean of those learned from; as they are where that is 0."""
    mean = rewards[learned].mean() if learned.any() else rewards.new_zeros(())
    return rewards / mean if mean > 0 else rewards


@torch.no_grad()
def logits_of(model: TokenModel, strings: Sequences, closing: Closing | None = None) -> Tensor:
    """[T, N, vocabulary], of what is left to choose from where `closing` bars tokens."""
    logits = model(strings.read)
    return logits if closing is None else closing.whole(logits, strings.read)


def log_probability(logits: Tensor, strings: Sequences) -> Tensor:
    """[N] log-probability of each whole string."""
    log_probs = torch.log_softmax(logits, -1).gather(-1, strings.written[..., None])[..., 0]
    return torch.where(strings.mask, log_probs, 0.0).sum(0)


def best_of(rewards: Tensor, counted: Tensor, share: float) -> Tensor:
    """[N] bool: the best `share` of the columns that are counted, rounded up; of equal ones those that come first."""
    chosen = torch.zeros_like(counted)
    order = torch.where(counted, rewards, -math.inf).argsort(descending=True, stable=True)
    chosen[order[: math.ceil(share * int(counted.sum()))]] = True
    return chosen
