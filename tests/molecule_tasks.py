"""Molecule tasks to collect from, and what their rollouts hold, for the tests of what is drawn and what is learned."""

import torch

from engine import policies
from engine.chemistry import prior
from engine.policies import PolicySettings
from engine.policies.tokens import BOUNDARY
from engine.tasks.molecules import MoleculeSettings, build

CPU = torch.device("cpu")
N = 48


def made(seed=1, **settings):
    task = build(MoleculeSettings(**settings), seed, CPU)
    return task, policies.build(task.spec, PolicySettings(), torch.Generator().manual_seed(seed))


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def strings(rollout):
    """(string, ended) of each column, read with the prior's vocabulary."""
    symbols = prior.read().vocabulary.symbols
    columns = []
    for column in range(N):
        tokens = rollout.actions[rollout.mask[:, column], column].tolist()
        ended = tokens[-1] == BOUNDARY
        columns.append(("".join(symbols[token] for token in (tokens[:-1] if ended else tokens)), ended))
    return columns


def texts(rollout):
    """The strings drawn that ended."""
    return [text for text, ended in strings(rollout) if ended and text]
