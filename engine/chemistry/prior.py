"""The generator's prior as files: half-precision weights NAME.safetensors beside a card NAME.json that says how they
were made and how good they are; reading, writing, sampling and checking it."""

import hashlib
import json
import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from engine.chemistry.components import component, question
from engine.chemistry.scoring import Scorer
from engine.chemistry.tokens import BOUNDARY, Vocabulary
from engine.policies.tokens import TokenModel, sample

SHIPPED = Path(__file__).with_name("weights") / "prior"
TAUGHT = "taught"  # name of the fingerprints among the weights
MAX_LENGTH = 100  # tokens of a sampled string
SAMPLED_AT_ONCE = 256


@dataclass(frozen=True)
class Prior:
    """A trained generator: its vocabulary, float32 weights under TokenModel's names, its card, and the fingerprints
    of the molecules it was taught."""

    vocabulary: Vocabulary
    weights: dict[str, Tensor]
    card: dict
    taught: frozenset[int]

    def knows(self, canonical: str) -> bool:
        """Whether this molecule (canonical SMILES without stereo) was in the corpus."""
        return fingerprint(canonical) in self.taught

    def model(self) -> TokenModel:
        """A TokenModel with these weights. Raises RuntimeError where names or shapes do not agree."""
        size = self.card["size"]
        model = TokenModel(
            len(self.vocabulary), size["embedding"], size["hidden"], size["layers"], len(self.vocabulary)
        )
        model.load_state_dict(self.weights)
        return model


class DamagedPrior(ValueError):
    """A prior's weights are missing, changed or not of the size that its card says."""


def fingerprint(canonical: str) -> int:
    """64 bits of a canonical SMILES; two of 20,000 molecules share one with a chance of 1e-11."""
    return int.from_bytes(hashlib.blake2b(canonical.encode(), digest_size=8).digest(), "big", signed=True)


def read(path: Path = SHIPPED) -> Prior:
    """Read and verify a prior. Raises DamagedPrior."""
    try:
        card = json.loads(path.with_suffix(".json").read_text())
        body = path.with_suffix(".safetensors").read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        if digest != card["sha256"]:
            raise DamagedPrior(
                f"{path.name}.safetensors has SHA-256 {digest[:12]}...; its card says {card['sha256'][:12]}..."
            )
        tensors = load(body)
        taught = frozenset(tensors.pop(TAUGHT).tolist())
        prior = Prior(Vocabulary(card["symbols"]), {name: w.float() for name, w in tensors.items()}, card, taught)
        prior.model()
    except (OSError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise DamagedPrior(f"The prior {path.name} cannot be used: {error}") from error
    return prior


def write(path: Path, model: TokenModel, vocabulary: Vocabulary, canonical: list[str], card: dict) -> None:
    """Write weights (float16), fingerprints of the molecules taught, and the card; each file complete or not at all."""
    tensors = {name: weight.detach().half().contiguous() for name, weight in model.state_dict().items()}
    body = save(tensors | {TAUGHT: torch.tensor(sorted(map(fingerprint, canonical)))})
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


def samples(prior: Prior, n: int, seed: int) -> list[str]:
    """n strings that the prior writes, as they come: not all of them are molecules. "" for one that does not end."""
    model, generator = prior.model(), torch.Generator().manual_seed(seed)
    texts: list[str] = []
    while len(texts) < n:
        drawn = sample(model, min(SAMPLED_AT_ONCE, n - len(texts)), MAX_LENGTH, generator)
        ended = ((drawn.written == BOUNDARY) & drawn.mask).any(0).tolist()
        columns = drawn.written.t().tolist()
        texts += [prior.vocabulary.decode(column) if end else "" for column, end in zip(columns, ended, strict=True)]
    return texts


def check(prior: Prior, n: int, seed: int) -> dict[str, float]:
    """How good a prior's samples are: valid / sampled, unique / valid, not taught / unique, and what they are like."""
    valid, molecules = describe(samples(prior, n, seed))
    unique = set(molecules["smiles"])
    return {
        "samples": n,
        "valid": valid / n,
        "unique": len(unique) / max(1, valid),
        "new": sum(not prior.knows(smiles) for smiles in unique) / max(1, len(unique)),
        "mean_qed": statistics.fmean(molecules["qed"] or [0.0]),
        "mean_heavy_atoms": statistics.fmean(molecules["heavy_atoms"] or [0.0]),
    }


def describe(texts: Iterable[str]) -> tuple[int, dict[str, list]]:
    """(molecules among the strings, their canonical SMILES, QED and heavy atoms)."""
    scorer = Scorer({"qed": question(component("qed"))})
    try:
        scored = [item for item in scorer.score(list(texts)) if item.valid]
    finally:
        scorer.close()
    return len(scored), {
        "smiles": [item.canonical for item in scored],
        "qed": [item.values["qed"] for item in scored],
        "heavy_atoms": [item.heavy_atoms for item in scored],
    }
