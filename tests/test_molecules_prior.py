"""A run's own prior: named in its settings, found again by its hash, at a temperature of its own."""

import pytest
import torch

from engine.chemistry import prior
from engine.chemistry.tokens import Vocabulary
from engine.policies.tokens import TokenModel, sample
from engine.settings import InvalidSettings
from engine.tasks.molecules import MoleculeSettings, build


def made(folder, seed, language="smiles"):
    vocabulary = Vocabulary.of(["CC(=O)Oc1ccccc1C(=O)O", "CCN"], language)
    torch.manual_seed(seed)
    prior.write(folder / "mine", TokenModel(len(vocabulary), 6, 16, 2, len(vocabulary)), vocabulary, ["CCO"], {})


@pytest.mark.parametrize("language", ["smiles", "selfies"])
def test_a_run_starts_from_the_prior_it_names_and_goes_on_with_no_other(tmp_path, monkeypatch, language):
    monkeypatch.setenv("UPHILL_PRIORS", str(tmp_path))
    made(tmp_path, 1, language)
    settings = MoleculeSettings.from_object({"kind": "molecules", "prior": "mine", "workers": 1})
    task = build(settings, 1, torch.device("cpu"))
    try:
        state = task.state_dict()
        assert task.spec.layers == 2 and task.spec.hidden == 16
        task.load_state_dict(state)
        made(tmp_path, 2, language)
        other = build(settings, 1, torch.device("cpu"))
        other.close()
        with pytest.raises(InvalidSettings, match="The run began with a prior mine of SHA-256"):
            other.load_state_dict(state)
    finally:
        task.close()


def test_priors_that_are_not_there_are_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("UPHILL_PRIORS", str(tmp_path))
    for name in ("gone", "../../etc/passwd", "x\x00y", ""):
        with pytest.raises(InvalidSettings) as refused:
            MoleculeSettings.from_object({"kind": "molecules", "prior": name})
        assert len(refused.value.problems) == 1 and "prior" in refused.value.problems[0]


def test_log_probabilities_at_a_temperature_are_those_of_divided_logits():
    shipped = prior.read()
    module = shipped.model()
    hot = prior.Prior(shipped.vocabulary, shipped.tempered(1.7), shipped.card, shipped.taught).model()
    for drawn in (
        sample(hot, 40, 60, torch.Generator().manual_seed(1)),
        sample(module, 40, 60, torch.Generator().manual_seed(1), temperature=1.7),
    ):
        wide = module.double()
        logits = wide.head(wide.gru(wide.embedding(drawn.read))[0])
        expected = torch.log_softmax(logits / 1.7, -1).gather(-1, drawn.written[..., None])[..., 0]
        torch.testing.assert_close(drawn.log_prob[drawn.mask].double(), expected[drawn.mask], atol=2e-4, rtol=0)
        module = module.float()
