"""Molecules sampled per CPU second: our generator beside the loop that REINVENT uses, same weights, same batch. JSON.

python benchmarks/sampling.py [--layers 3 --batch 128 --repeats 5] [--prior NAME]
The peer is written as published (Olivecrona et al. 2017; Blaschke et al. 2020): nn.Embedding, nn.GRU and nn.Linear, one
token a step, softmax, multinomial, until every string of the batch has ended. The weights are the
shipped prior's 512 units, with layers on top that hand its states on: strings are as long as real ones. One thread;
the two take turns; medians of CPU seconds. ratio: ours over the peer's.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from sys import path as places

import torch
from torch import Tensor, nn

places.insert(0, str(Path(__file__).parent.parent))

from engine.chemistry import prior
from engine.policies.tokens import BOUNDARY, TokenModel, sample

MAX_LENGTH = 256  # REINVENT's
LITTLE = 0.05


class Peer(nn.Module):
    """The published model and its sampling loop."""

    def __init__(self, model: TokenModel):
        super().__init__()
        self.embedding, self.head = model.embedding, model.head
        gru = model.gru
        self.gru = nn.GRU(gru.input_size, gru.hidden_size, gru.num_layers, batch_first=True)
        self.gru.load_state_dict(gru.state_dict())

    @torch.no_grad()
    def sample(self, n: int) -> tuple[Tensor, Tensor]:
        """Tokens [n, T] and negative log-likelihoods [n]."""
        tokens, states = torch.full((n, 1), BOUNDARY), None
        ended, losses, written = torch.zeros(n, dtype=torch.bool), torch.zeros(n), []
        for _ in range(MAX_LENGTH):
            outputs, states = self.gru(self.embedding(tokens), states)
            logits = self.head(outputs.squeeze(1))
            chances, log_probs = logits.softmax(1), logits.log_softmax(1)
            tokens = torch.multinomial(chances, 1)
            losses += nn.functional.nll_loss(log_probs, tokens[:, 0], reduction="none") * ~ended
            written.append(tokens)
            ended |= tokens[:, 0] == BOUNDARY
            if ended.all():
                break
        return torch.cat(written, 1), losses


def deepened(small: TokenModel, layers: int) -> TokenModel:
    """`small`, a net of one layer, with more layers on top that hand its states on: same strings, all the work.

    A layer whose update gate is shut gives tanh(LITTLE x), which is LITTLE x but for LITTLE^2 / 3 of it.
    """
    vocabulary, embedding = small.embedding.weight.shape
    hidden = small.gru.hidden_size
    model = TokenModel(vocabulary, embedding, hidden, layers, vocabulary)
    with torch.no_grad():
        for name, weight in small.state_dict().items():
            model.state_dict()[name].copy_(weight)
        for layer in range(1, layers):
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(model.gru, f"{kind}_l{layer}").zero_()
            getattr(model.gru, f"weight_ih_l{layer}")[2 * hidden :] = LITTLE * torch.eye(hidden)
            getattr(model.gru, f"bias_ih_l{layer}")[hidden : 2 * hidden] = -30.0
        model.head.weight.div_(LITTLE ** (layers - 1))
    return model


def timed(draw: Callable[[], int]) -> tuple[float, int]:
    """CPU seconds of one call, and what it returns."""
    start = time.process_time()
    steps = draw()
    return time.process_time() - start, steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("layers", 3), ("batch", 128), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--prior", default=prior.NAME, help="a prior of one layer; the shipped one has 512 units")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = deepened(prior.read(prior.located(options.prior)).model(), options.layers)
    peer, generator = Peer(model), torch.Generator().manual_seed(0)
    ways: dict[str, Callable[[], int]] = {
        "peer": lambda: peer.sample(options.batch)[0].shape[1],
        "ours": lambda: len(sample(model, options.batch, MAX_LENGTH, generator).read),
    }
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in ways}
    for turn in range(options.repeats + 1):
        for name, draw in ways.items():
            measured = timed(draw)
            if turn:  # the first turn warms up
                found[name].append(measured)
    speed = {name: options.batch / statistics.median(seconds for seconds, _ in runs) for name, runs in found.items()}
    report = {
        "goal": 6.0,
        "ratio": speed["ours"] / speed["peer"],
        "molecules_per_cpu_s": speed,
        "steps": {name: statistics.fmean(steps for _, steps in runs) for name, runs in found.items()},
        "size": [model.gru.hidden_size, options.layers],
        "batch": options.batch,
        "load": os.getloadavg()[0],
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
