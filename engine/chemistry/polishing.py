"""Polishing a taught generator by policy gradient: what it writes should be molecules, and not the same ones again.

REINFORCE (Williams 1992) with reward 1 for a molecule, REPEATED for one it wrote not long ago, 0 for a string that is
none. The expected reward that is taken off is kept for each length apart: with one for all lengths it would pay to
write short strings, which are valid more often, and the sizes would drift away from the corpus.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from rdkit import Chem, rdBase
from torch import Tensor

from engine.chemistry.checking import refusal
from engine.chemistry.tokens import BOUNDARY, Vocabulary
from engine.policies.tokens import Sequences, TokenModel

REPEATED = 0.5
REMEMBERED = 20_000  # molecules after which a repetition is none any more
LENGTHS = 8  # tokens; lengths that share one expected reward
RATE = 0.03  # how far one string moves the expected reward of its length


def texts(drawn: Sequences, vocabulary: Vocabulary) -> list[str]:
    """The SMILES of sampled sequences; "" for one that was cut off before it ended."""
    ended = ((drawn.written == BOUNDARY) & drawn.mask).any(0).tolist()
    columns = drawn.written.t().tolist()
    return [vocabulary.decode(column) if end else "" for column, end in zip(columns, ended, strict=True)]


class Judge:
    """Says how much better than expected each sampled string is; remembers what was expected, and what was written."""

    def __init__(self) -> None:
        self._expected: dict[int, float] = {}
        self._mean: float | None = None
        self._recent: OrderedDict[str, None] = OrderedDict()

    def advantages(self, smiles: Sequence[str], lengths: Sequence[int]) -> tuple[list[float], float]:
        """(reward less expected reward, of each string; share of strings that are molecules)."""
        rewards = [self._reward(text) for text in smiles]
        if self._mean is None:
            self._mean = sum(rewards) / len(rewards)
        found = []
        for reward, length in zip(rewards, lengths, strict=True):
            expected = self._expected.get(length // LENGTHS, self._mean)
            found.append(reward - expected)
            self._expected[length // LENGTHS] = expected + RATE * (reward - expected)
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return found, sum(reward > 0 for reward in rewards) / len(rewards)

    def _reward(self, text: str) -> float:
        with rdBase.BlockLogs():
            molecule = None if refusal(text) else Chem.MolFromSmiles(text)
        if molecule is None:
            return 0.0
        canonical = Chem.MolToSmiles(molecule)
        repeated = canonical in self._recent
        self._recent[canonical] = None
        self._recent.move_to_end(canonical)
        return REPEATED if repeated else 1.0

    def state_dict(self) -> dict[str, Any]:
        return {"expected": dict(self._expected), "mean": self._mean, "recent": list(self._recent)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._expected, self._mean = dict(state["expected"]), state["mean"]
        self._recent = OrderedDict.fromkeys(state["recent"])


def policy_loss(model: TokenModel, drawn: Sequences, advantages: Sequence[float]) -> Tensor:
    """-(mean over tokens of advantage x log-probability): its gradient is minus that of the expected reward, for each
    token of a mean string."""
    log_probs = torch.log_softmax(model(drawn.read), -1).gather(-1, drawn.written[..., None])[..., 0]
    weights = log_probs.new_tensor(advantages) * drawn.mask
    return -(log_probs * weights).sum() / drawn.mask.sum()
