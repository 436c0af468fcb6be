"""Sampling that opens nothing it cannot close: strings symbol by symbol, log-probabilities by a float64 pass."""

import math
import re

import pytest
import torch

from engine.chemistry import prior
from engine.chemistry.closing import closing
from engine.chemistry.replay import log_probability, logits_of
from engine.chemistry.tokens import BOUNDARY_TEXT, Vocabulary
from engine.config import RunConfig
from engine.policies.spec import TokenSpec
from engine.policies.tokens import BOUNDARY, Sequences, TokenModel, TokenPolicy, sample
from engine.settings import InvalidSettings
from engine.tasks.molecules import MoleculeSettings
from engine.training import Training

SYMBOLS = [BOUNDARY_TEXT, "#", "%01", "%10", "(", ")", "1", "2", "C", "Cl", "N", "O", "[", "[nH]", "c", "="]
VOCABULARY = Vocabulary(SYMBOLS)
N = 2000


def untaught(seed=1, layers=1):
    """A model that knows nothing and opens often: its first weights, and a liking for branches and rings."""
    torch.manual_seed(seed)
    model = TokenModel(len(SYMBOLS), 8, 16, layers, len(SYMBOLS))
    with torch.no_grad():
        for symbol in ("(", "1", "%10", "["):
            model.head.bias[SYMBOLS.index(symbol)] += 1.5
    return model


def opened(symbols):
    """(branches, ring labels) that are open after these symbols; None where one closes a branch that was not."""
    branches, rings = 0, set()
    for symbol in symbols:
        branches += (symbol == "(") - (symbol == ")")
        if branches < 0:
            return None
        if re.fullmatch("%?[0-9]+", symbol):
            rings ^= {int(symbol.strip("%"))}
    return branches, rings


def drawn_by(model, longest, seed=3):
    return sample(model, N, longest, torch.Generator().manual_seed(seed), closing=closing(VOCABULARY, longest))


@pytest.mark.parametrize("longest", [1, 2, 3, 10, 60])
def test_what_an_untaught_model_writes_is_balanced_closed_and_ends(longest):
    drawn = drawn_by(untaught(), longest)
    kinds = set()
    for column in range(N):
        tokens = drawn.written[drawn.mask[:, column], column].tolist()
        assert tokens[-1] == BOUNDARY and BOUNDARY not in tokens[:-1] and len(tokens) <= longest
        symbols = [SYMBOLS[token] for token in tokens[:-1]]
        assert opened(symbols) == (0, set()) and "[" not in symbols
        kinds |= set(symbols)
    assert longest < 10 or kinds == set(SYMBOLS) - {BOUNDARY_TEXT, "["}
    if longest == 60:
        free = sample(untaught(), N, longest, torch.Generator().manual_seed(3))
        texts = [[SYMBOLS[token] for token in column if token] for column in free.written.t().tolist()]
        assert sum(opened(symbols) == (0, set()) for symbols in texts) < N / 2


def allowed(symbols, longest):
    """Which symbols may follow, by trying each: what is then open, and the boundary, must fit into what is left."""
    branches, rings = opened(symbols)
    for symbol in SYMBOLS:
        if symbol == BOUNDARY_TEXT:
            yield branches == 0 and not rings
            continue
        after = opened([*symbols, symbol])
        yield symbol != "[" and after is not None and after[0] + len(after[1]) + 1 <= longest - len(symbols) - 1


@pytest.mark.parametrize(("longest", "layers"), [(9, 1), (25, 2)])
def test_log_probabilities_are_those_of_a_float64_pass_over_what_may_come(longest, layers):
    model = untaught(layers=layers)
    drawn = drawn_by(model, longest)
    wide = model.double()
    logits = wide.head(wide.gru(wide.embedding(drawn.read))[0]).detach()
    for column in range(0, N, 10):
        written = drawn.written[drawn.mask[:, column], column].tolist()
        symbols = [SYMBOLS[token] for token in written]
        for place, token in enumerate(written):
            may = torch.tensor(list(allowed(symbols[:place], longest)))
            expected = torch.log_softmax(logits[place, column].masked_fill(~may, -math.inf), -1)[token]
            assert float(drawn.log_prob[place, column]) == pytest.approx(float(expected), abs=2e-5)


def test_the_policy_learns_from_the_distribution_that_was_sampled():
    model = untaught()
    spec = TokenSpec(len(SYMBOLS), 8, 16, 1, model.state_dict(), closing(VOCABULARY, 25))
    policy = TokenPolicy(spec, torch.Generator().manual_seed(1))
    drawn = policy.sample(200, 25, torch.Generator().manual_seed(2))
    params = policy.params(drawn.read)
    again = policy.distribution.log_prob(params, drawn.written)
    torch.testing.assert_close(again[drawn.mask], drawn.log_prob[drawn.mask], atol=2e-5, rtol=0)
    other = params + torch.randn(params.shape, generator=torch.Generator().manual_seed(5)) * (params > -1e3)
    for figure in (policy.distribution.entropy(params), policy.distribution.kl(params, other)):
        assert torch.isfinite(figure[drawn.mask]).all() and (figure[drawn.mask] >= -1e-6).all()
    (slope,) = torch.autograd.grad(again[drawn.mask].sum(), policy.actor.head.bias)
    assert torch.isfinite(slope).all() and float(slope[SYMBOLS.index("[")]) == 0
    assert sorted(policy.state_dict()) == sorted(
        TokenPolicy(TokenSpec(len(SYMBOLS), 8, 16, 1, model.state_dict()), torch.Generator()).state_dict()
    )


@pytest.mark.parametrize("smiles", ["CC(=O)Oc1ccccc1C(=O)O", "C%10CC1CC1C%10", "N#Cc1ccc(C(C)(C)Cl)cc1", "[nH]1cccc1"])
def test_a_molecule_that_just_fits_can_be_written(smiles):
    """Every molecule's string is balanced, so that none is beyond reach; with a token less this one is."""
    vocabulary = Vocabulary.of([smiles, "C[nH]"])
    tokens = vocabulary.encode(smiles)
    torch.manual_seed(0)
    model = TokenModel(len(vocabulary), 4, 8, 1, len(vocabulary))
    written = torch.tensor(tokens)[:, None]
    read = torch.cat([torch.zeros(1, 1, dtype=torch.int64), written[:-1]])
    strings = Sequences(read, written, torch.zeros(len(tokens), 1), torch.ones(len(tokens), 1, dtype=torch.bool))
    fits = log_probability(logits_of(model, strings, closing(vocabulary, len(tokens))), strings)
    assert -20 * len(tokens) < float(fits) < 0
    assert float(fits) >= float(log_probability(logits_of(model, strings), strings))
    assert float(log_probability(logits_of(model, strings, closing(vocabulary, len(tokens) - 1)), strings)) < -9000


def small_prior(folder, monkeypatch, language):
    """A prior of its first weights, in `folder` under the name mine; returns its vocabulary."""
    monkeypatch.setenv("UPHILL_PRIORS", str(folder))
    vocabulary = Vocabulary.of(["CC(=O)OC1CCCCC1", "CCN"], language)
    torch.manual_seed(2)
    prior.write(folder / "mine", TokenModel(len(vocabulary), 4, 16, 1, len(vocabulary)), vocabulary, ["CCO"], {})
    return vocabulary


def config(kind, **task):
    algorithm = {"kind": kind, "batch_size": 24, "reference_kl_coefficient": 0.1}
    own = {"pg": {}, "ppo": {"minibatch_size": 12, "epochs": 2}, "trpo": {"critic_minibatch_size": 12}}
    algorithm |= own[kind]
    task = {"kind": "molecules", "workers": 1, "replay": 6, "prior_weight": 0.001, "max_length": 40, **task}
    return RunConfig.from_object({"budget": 96, "task": task, "algorithm": algorithm})


@pytest.mark.parametrize("kind", ["pg", "ppo", "trpo"])
def test_each_algorithm_learns_under_it(kind, tmp_path, monkeypatch):
    symbols = small_prior(tmp_path, monkeypatch, "smiles").symbols
    training = Training(config(kind, prior="mine", constrained=True, randomise_replay=True))
    try:
        for _ in range(3):
            row = training.iterate()
            assert row["kl"] >= 0 and row["reference_kl"] >= 0 and 0 < row["entropy"] < math.log(len(symbols))
            assert all(math.isfinite(row[name]) for name in ("policy_loss", "kl", "reference_kl", "entropy"))
        drawn = training.policy.sample(100, 40, torch.Generator().manual_seed(1))
        for column in range(100):
            tokens = drawn.written[drawn.mask[:, column], column].tolist()
            assert tokens[-1] == BOUNDARY and opened([symbols[token] for token in tokens[:-1]]) == (0, set())
        assert len(training.task.memory.best) >= 6  # so that some were replayed
    finally:
        training.task.close()


def test_a_prior_that_writes_selfies_has_nothing_to_close(tmp_path, monkeypatch):
    small_prior(tmp_path, monkeypatch, "selfies")
    with pytest.raises(InvalidSettings) as refused:
        config("pg", prior="mine", constrained=True)
    assert refused.value.problems == [
        "constrained is true; it must be false, because the prior writes SELFIES, which close"
    ]
    assert not MoleculeSettings.from_object({"kind": "molecules", "prior": "mine"}).constrained


def test_the_length_must_be_the_one_that_is_closed_for():
    with pytest.raises(ValueError, match="max_length is 12; it must be 10"):
        sample(untaught(), 2, 12, torch.Generator(), closing=closing(VOCABULARY, 10))
