"""The generator's prior: trained on randomised SMILES, kept as half-precision weights beside a card that says how.

Segler et al. 2018 (ACS Cent. Sci. 4:120) for the model, Arus-Pous et al. 2019 (J. Cheminform. 11:71) for the
randomised strings. A prior is two files, NAME.safetensors and NAME.json.
"""

import hashlib
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rdkit import Chem
from safetensors.torch import load, save
from torch import Tensor

from engine.chemistry import corpus
from engine.chemistry.tokens import BOUNDARY, UnknownToken, Vocabulary
from engine.policies.tokens import TokenModel, under_way

SHIPPED = Path(__file__).with_name("weights") / "prior"
POOL = 32  # batches that are sorted by length together, so that a batch has strings of about one length


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
class Prior:
    """A trained generator: its vocabulary, float32 weights under TokenModel's names, and its card."""

    vocabulary: Vocabulary
    weights: dict[str, Tensor]
    card: dict

    def model(self) -> TokenModel:
        """A TokenModel with these weights. Raises RuntimeError where names or shapes do not agree."""
        size = self.card["size"]
        model = TokenModel(len(self.vocabulary), size["embedding"], size["hidden"], size["layers"], len(self.vocabulary))
        model.load_state_dict(self.weights)
        return model


class DamagedPrior(ValueError):
    """A prior's weights are missing, changed or not of the size that its card says."""


@dataclass(frozen=True)
class Progress:
    """Where a training stands: batches done of all, mean loss per token (nats), wall seconds of this attempt."""

    epoch: int
    batches: int
    all_batches: int
    loss: float
    seconds: float


def read(path: Path = SHIPPED) -> Prior:
    """Read and verify a prior. Raises DamagedPrior."""
    try:
        card = json.loads(path.with_suffix(".json").read_text())
        body = path.with_suffix(".safetensors").read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        if digest != card["sha256"]:
            raise DamagedPrior(f"{path.name}.safetensors has SHA-256 {digest[:12]}...; its card says {card['sha256'][:12]}...")
        prior = Prior(Vocabulary(card["symbols"]), {name: w.float() for name, w in load(body).items()}, card)
        prior.model()
    except (OSError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise DamagedPrior(f"The prior {path.name} cannot be used: {error}") from error
    return prior


def write(path: Path, model: TokenModel, vocabulary: Vocabulary, card: dict) -> None:
    """Write weights (float16) and card, each complete or not at all."""
    body = save({name: weight.detach().half().contiguous() for name, weight in model.state_dict().items()})
    gru = model.gru
    size = {"embedding": model.embedding.embedding_dim, "hidden": gru.hidden_size, "layers": gru.num_layers}
    card = {
        **card,
        "size": size,
        "symbols": list(vocabulary.symbols),
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path.with_suffix(".safetensors"), body)
    _replace(path.with_suffix(".json"), (json.dumps(card, indent=1) + "\n").encode())


def _replace(path: Path, body: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def train(
    path: Path,
    recipe: Recipe,
    molecules: list[str] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Prior:
    """Train a prior on `molecules` (canonical SMILES; the shipped corpus when None) and write it to `path`.

    After every epoch everything is written to path.training, from which a later call with the same recipe goes on.
    """
    canonical = corpus.load() if molecules is None else molecules
    vocabulary = Vocabulary.of(canonical)
    torch.manual_seed(recipe.seed)
    model = TokenModel(len(vocabulary), recipe.embedding, recipe.hidden, recipe.layers, len(vocabulary))
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate, fused=True)
    random_state = random.Random(recipe.seed)
    parsed = [Chem.MolFromSmiles(smiles) for smiles in canonical]
    per_epoch = -(-len(parsed) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, recipe.epochs * per_epoch + 1, pct_start=0.02, cycle_momentum=False
    )
    saved, first = path.with_suffix(".training"), 0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        if state["recipe"] == asdict(recipe) and state["molecules"] == len(parsed):
            first = state["epoch"]
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            schedule.load_state_dict(state["schedule"])
            random_state.setstate(state["random"])
    started, done = time.monotonic(), first * per_epoch
    for epoch in range(first, recipe.epochs):
        strings = _encodable(corpus.randomised(parsed, random_state), canonical, vocabulary)
        for tokens in batches(strings, recipe.batch_size, random_state):
            loss = _step(model, optimizer, tokens, recipe.clip_norm)
            schedule.step()
            done += 1
            progress(Progress(epoch, done, recipe.epochs * per_epoch, loss, time.monotonic() - started))
        write(path, model, vocabulary, {"recipe": asdict(recipe), "epochs_done": epoch + 1, "molecules": len(parsed)})
        temporary = saved.with_name(saved.name + ".tmp")
        state = {"recipe": asdict(recipe), "molecules": len(parsed), "epoch": epoch + 1, "model": model.state_dict()}
        state |= {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "random": random_state.getstate()}
        torch.save(state, temporary)
        os.replace(temporary, saved)
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


def _step(model: TokenModel, optimizer: torch.optim.Optimizer, tokens: Tensor, clip_norm: float) -> float:
    """One step down the mean negative log-likelihood per token; boundaries after the first count nowhere."""
    reads, writes = tokens[:-1], tokens[1:]
    mask = under_way(reads)
    log_probs = torch.log_softmax(model(reads), -1)
    loss = -(log_probs.gather(-1, writes[..., None])[..., 0] * mask).sum() / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return loss.item()
