"""The generator's prior as files: half-precision weights NAME.safetensors beside a card NAME.json that says how they
were made and how good they are; naming, reading and writing them."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engine.chemistry.tokens import Vocabulary, constraints
from engine.policies.tokens import TokenModel
from engine.settings import InvalidSettings

SHIPPED = Path(__file__).with_name("weights") / "prior"
TAUGHT = "taught"  # name of the fingerprints among the weights
MAX_LENGTH = 100  # tokens of a sampled string
MOST_BYTES = 500_000_000  # of a weights file
NAME = "shipped"  # what the shipped prior is called in settings
FOLDER = "store/priors"  # where priors of one's own lie, or the variable UPHILL_PRIORS says


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

    def tempered(self, temperature: float) -> dict[str, Tensor]:
        """The weights of a model whose logits are this one's divided by the temperature."""
        head = {name: weight / temperature for name, weight in self.weights.items() if name.startswith("head.")}
        return self.weights | head

    def must_be(self, sha256: str | None, name: str) -> None:
        """Raises InvalidSettings where this is not the prior of that hash (None: one that was not noted)."""
        if sha256 not in (None, self.card["sha256"]):
            raise InvalidSettings(
                [
                    f"The run began with a prior {name[:80]} of SHA-256 {str(sha256)[:12]}...; the one that lies there "
                    f"now has {self.card['sha256'][:12]}..."
                ]
            )

    def model(self, temperature: float = 1.0) -> TokenModel:
        """A TokenModel with these weights, tempered. Raises RuntimeError where names or shapes do not agree."""
        size = self.card["size"]
        model = TokenModel(
            len(self.vocabulary), size["embedding"], size["hidden"], size["layers"], len(self.vocabulary)
        )
        model.load_state_dict(self.tempered(temperature))
        return model


class DamagedPrior(ValueError):
    """A prior's weights are missing, changed or not of the size that its card says."""


def fingerprint(canonical: str) -> int:
    """64 bits of a canonical SMILES; two of 20,000 molecules share one with a chance of 1e-11."""
    return int.from_bytes(hashlib.blake2b(canonical.encode(), digest_size=8).digest(), "big", signed=True)


def located(name: str) -> Path:
    """Where the prior of this name lies, without the files' endings: "shipped", a name in the priors' folder, or a
    path (which has a slash in it)."""
    if name == NAME:
        return SHIPPED
    name = name.removesuffix(".safetensors").removesuffix(".json")
    return Path(name) if "/" in name or os.sep in name else Path(os.environ.get("UPHILL_PRIORS", FOLDER), name)


def beside(path: Path, ending: str) -> Path:
    """The file of a prior with this ending; a dot in the prior's name is no ending."""
    return path.with_name(path.name + ending)


def read(path: Path = SHIPPED) -> Prior:
    """Read and verify a prior. Raises DamagedPrior."""
    try:
        card = json.loads(beside(path, ".json").read_text())
        weights = beside(path, ".safetensors")
        if weights.stat().st_size > MOST_BYTES:
            raise DamagedPrior(f"{weights.name} has more than {MOST_BYTES:,} bytes")
        body = weights.read_bytes()
        digest = hashlib.sha256(body).hexdigest()
        if digest != card["sha256"]:
            raise DamagedPrior(
                f"{path.name}.safetensors has SHA-256 {digest[:12]}...; its card says {card['sha256'][:12]}..."
            )
        tensors = load(body)
        taught = frozenset(tensors.pop(TAUGHT).tolist())
        vocabulary = Vocabulary(card["symbols"], card["language"])
        if card["language"] == "selfies" and card["constraints"] != constraints():
            raise DamagedPrior("its SELFIES were written under other bond constraints than the package has now")
        prior = Prior(vocabulary, {name: w.float() for name, w in tensors.items()}, card, taught)
        if not all(bool(weight.isfinite().all()) for weight in prior.weights.values()):
            raise DamagedPrior("there are weights in it that are no numbers")
        prior.model()
    except OSError as error:
        raise DamagedPrior(f"The prior {str(path)[:200]} cannot be used: {error.strerror}") from error
    except (KeyError, TypeError, RuntimeError, ValueError, SafetensorError) as error:
        raise DamagedPrior(f"The prior {str(path)[:200]} cannot be used: {str(error)[:300]}") from error
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
        "language": vocabulary.language,
        **({"constraints": constraints()} if vocabulary.language == "selfies" else {}),
        "symbols": list(vocabulary.symbols),
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(beside(path, ".safetensors"), body)
    _replace(beside(path, ".json"), (json.dumps(card, indent=1) + "\n").encode())


def _replace(path: Path, body: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
