"""Teaching a prior: next-token likelihood on strings that are written anew in every epoch, then a polish.

Segler et al. 2018 (ACS Cent. Sci. 4:120) for the model, Arus-Pous et al. 2019 (J. Cheminform. 11:71) for strings that
start at a random atom. The polish goes on teaching and adds a policy gradient towards strings that are molecules.
"""

import hashlib
import math
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rdkit import Chem
from torch import Tensor

from engine.chemistry import corpus
from engine.chemistry.polishing import Judge, policy_loss, texts
from engine.chemistry.prior import MAX_LENGTH, Prior
from engine.chemistry.tokens import BOUNDARY, UnknownToken, Vocabulary
from engine.policies.tokens import TokenModel, sample, under_way

POOL = 32  # batches that are sorted by length together, so that a batch has strings of about one length
WARM_UP = 0.02  # share of a phase in which the learning rate rises
TEACHING = 0.7  # share of the minutes that goes to teaching, where there is a polish
SAVE_EVERY = 5.0  # seconds, or SAVE_COST times as long as saving takes
SAVE_COST = 20


@dataclass(frozen=True)
class Recipe:
    """How a prior is made; written into its card. With `minutes`, `epochs` and `polish_steps` say only whether."""

    language: str = "smiles"
    embedding: int = 96
    hidden: int = 512
    layers: int = 1
    randomised: bool = True
    epochs: int = 32
    batch_size: int = 64
    learning_rate: float = 2e-3
    polish_steps: int = 400
    polish_samples: int = 128
    polish_learning_rate: float = 5e-4
    polish_weight: float = 16.0
    minutes: float | None = None
    clip_norm: float = 1.0
    seed: int = 1


class OtherTraining(ValueError):
    """What was saved belongs to another recipe or corpus."""


@dataclass(frozen=True)
class Progress:
    """Where a training stands: which phase, its share done (0 to 1), mean loss per token (nats), share of samples that
    are molecules (NaN while teaching), seconds of all attempts."""

    phase: str
    share: float
    loss: float
    valid: float
    seconds: float


class Teaching:
    """A training under way: the model, and all that is saved to go on with it."""

    def __init__(self, recipe: Recipe, canonical: list[str], start: Prior | None = None):
        self.recipe, self.canonical = recipe, canonical
        self.vocabulary = start.vocabulary if start else Vocabulary.of(canonical, recipe.language)
        torch.manual_seed(recipe.seed)
        size = len(self.vocabulary)
        self.model = TokenModel(size, recipe.embedding, recipe.hidden, recipe.layers, size)
        if start:
            self.model.load_state_dict(start.weights)
        self.identity = _identity(recipe, canonical, start)
        self._parsed = [Chem.MolFromSmiles(smiles) for smiles in canonical]
        self._per_epoch = -(-len(canonical) // recipe.batch_size)
        self._generator = torch.Generator().manual_seed(recipe.seed)
        self._judge = Judge()
        self._taught = self._polished = 0
        self._batches = self._from(0)
        self.seconds = self._taught_seconds = 0.0
        self._optimizer = self._new_optimizer()

    def run(self, saved: Path, progress: Callable[[Progress], None]) -> None:
        """Teach and polish from where it stands to the end, saving everything to `saved` every few seconds."""
        before, next_save = self.seconds, SAVE_EVERY
        started = time.monotonic()
        for phase, share, step in (
            ("teach", self._teaching_share, self._teach),
            ("polish", self._polishing_share, self._polish),
        ):
            while share() < 1:
                loss, valid = step(self._rate(phase, share()))
                elapsed = time.monotonic() - started
                self.seconds = before + elapsed
                if phase == "teach":
                    self._taught_seconds = self.seconds
                    if share() >= 1:
                        self._optimizer = self._new_optimizer()
                progress(Progress(phase, min(1.0, share()), loss, valid, self.seconds))
                if elapsed >= next_save:
                    self.save(saved)
                    cost = time.monotonic() - started - elapsed
                    next_save = elapsed + max(SAVE_EVERY, SAVE_COST * cost)
        self.save(saved)

    def save(self, path: Path) -> None:
        """Everything, complete or not at all."""
        state = {
            "identity": self.identity,
            "taught": self._taught,
            "polished": self._polished,
            "seconds": self.seconds,
            "taught_seconds": self._taught_seconds,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "judge": self._judge.state_dict(),
        }
        temporary = path.with_name(path.name + ".tmp")
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def restore(self, path: Path) -> None:
        """Go on from what was saved. Raises OtherTraining, and ValueError where the file is damaged."""
        try:
            state = torch.load(path, weights_only=True)
            identity = state["identity"]
        except Exception as error:  # torch.load raises whatever its parts do
            raise ValueError(f"{path} cannot be read: {type(error).__name__}") from error
        if identity != self.identity:
            raise OtherTraining(f"{path} holds a training with another recipe or corpus")
        self._taught, self._polished = state["taught"], state["polished"]
        self.seconds, self._taught_seconds = state["seconds"], state["taught_seconds"]
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._generator.set_state(state["generator"])
        self._judge.load_state_dict(state["judge"])
        self._batches = self._from(self._taught + self._polished)

    def _teaching_share(self) -> float:
        if not self.recipe.epochs:
            return 1.0
        if self.recipe.minutes is None:
            return self._taught / (self.recipe.epochs * self._per_epoch)
        return self._taught_seconds / self._budget("teach")

    def _polishing_share(self) -> float:
        if not self.recipe.polish_steps:
            return 1.0
        if self.recipe.minutes is None:
            return self._polished / self.recipe.polish_steps
        return (self.seconds - self._taught_seconds) / self._budget("polish")

    def _budget(self, phase: str) -> float:
        """Seconds that a phase may take."""
        assert self.recipe.minutes is not None
        both = self.recipe.epochs and self.recipe.polish_steps
        share = {"teach": TEACHING, "polish": 1 - TEACHING}[phase] if both else 1.0
        return 60 * self.recipe.minutes * share

    def _rate(self, phase: str, share: float) -> float:
        """The learning rate: up in a straight line, then down half a cosine to 0."""
        peak = self.recipe.learning_rate if phase == "teach" else self.recipe.polish_learning_rate
        return peak * min(1.0, (share + 1e-3) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * share))

    def _teach(self, rate: float) -> tuple[float, float]:
        loss = negative_log_likelihood(self.model, next(self._batches))
        self._taught += 1
        self._descend(loss, rate)
        return loss.item(), math.nan

    def _polish(self, rate: float) -> tuple[float, float]:
        drawn = sample(self.model, self.recipe.polish_samples, MAX_LENGTH, self._generator)
        advantages, valid = self._judge.advantages(texts(drawn, self.vocabulary), drawn.mask.sum(0).tolist())
        loss = negative_log_likelihood(self.model, next(self._batches))
        self._polished += 1
        self._descend(loss + self.recipe.polish_weight * policy_loss(self.model, drawn, advantages), rate)
        return loss.item(), valid

    def _descend(self, loss: Tensor, rate: float) -> None:
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()

    def _new_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.model.parameters(), fused=True)

    def _from(self, done: int) -> Iterator[Tensor]:
        """Batches of the corpus without end, from number `done`: each follows from the seed and its number alone."""
        recipe, per_pool = self.recipe, POOL * self.recipe.batch_size
        epoch, within = divmod(done, self._per_epoch)
        while True:
            order = list(range(len(self.canonical)))
            random.Random(f"{recipe.seed}/{epoch}").shuffle(order)
            for first in range(within // POOL * per_pool, len(order), per_pool):
                state = random.Random(f"{recipe.seed}/{epoch}/{first}")
                chosen = order[first : first + per_pool]
                canonical = [self.canonical[i] for i in chosen]
                written = (
                    corpus.randomised([self._parsed[i] for i in chosen], state) if recipe.randomised else canonical
                )
                made = batches(encodable(written, canonical, self.vocabulary), recipe.batch_size, state)
                yield from made[within % POOL :]
                within = 0
            epoch, within = epoch + 1, 0


def negative_log_likelihood(model: TokenModel, tokens: Tensor) -> Tensor:
    """Mean negative log-likelihood per token (nats) of [T+1, N]; boundaries after the first count nowhere."""
    reads, writes = tokens[:-1], tokens[1:]
    mask = under_way(reads)
    log_probs = torch.log_softmax(model(reads), -1)
    return -(log_probs.gather(-1, writes[..., None])[..., 0] * mask).sum() / mask.sum()


def _identity(recipe: Recipe, canonical: list[str], start: Prior | None) -> str:
    """A hash of all that a training follows from."""
    parts = [repr(sorted(asdict(recipe).items())), start.card["sha256"] if start else "", *canonical]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def encodable(strings: list[str], otherwise: list[str], vocabulary: Vocabulary) -> list[list[int]]:
    """Token numbers of each string; of the canonical one where a random walk needs a ring label that none has."""
    encoded = []
    for string, canonical in zip(strings, otherwise, strict=True):
        try:
            encoded.append(vocabulary.encode(string))
        except UnknownToken:
            encoded.append(vocabulary.encode(canonical))
    return encoded


def batches(strings: list[list[int]], batch_size: int, random_state: random.Random) -> list[Tensor]:
    """Shuffled [T+1, N] int64 batches of about one length: the boundary, the tokens, and boundaries after the end."""
    order = list(range(len(strings)))
    random_state.shuffle(order)
    order.sort(key=lambda i: len(strings[i]))
    groups = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    random_state.shuffle(groups)
    made = []
    for group in groups:
        tokens = torch.full((1 + max(len(strings[i]) for i in group), len(group)), BOUNDARY)
        for column, i in enumerate(group):
            tokens[1 : 1 + len(strings[i]), column] = torch.tensor(strings[i])
        made.append(tokens)
    return made
