"""The prior's files: named, read back as written, and damage noticed."""

import json

import pytest
import torch

from engine.chemistry import prior
from engine.chemistry.prior import DamagedPrior, located
from engine.chemistry.tokens import Vocabulary
from engine.policies.tokens import TokenModel

MOLECULES = ["CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"]


def written(path, language="smiles", hidden=24, layers=2):
    vocabulary = Vocabulary.of(MOLECULES, language)
    torch.manual_seed(0)
    model = TokenModel(len(vocabulary), 8, hidden, layers, len(vocabulary))
    prior.write(path, model, vocabulary, MOLECULES, {"recipe": {}})
    return model


@pytest.mark.parametrize("language", ["smiles", "selfies"])
def test_a_prior_comes_back_as_it_was_written(tmp_path, language):
    model = written(tmp_path / "v1.2", language)
    found = prior.read(tmp_path / "v1.2")
    assert (tmp_path / "v1.2.safetensors").exists() and found.vocabulary.language == language
    assert all(found.knows(smiles) for smiles in MOLECULES) and not found.knows("CCO")
    assert [found.vocabulary.decode(found.vocabulary.encode(s)) for s in MOLECULES if language == "smiles"] in (
        [],
        MOLECULES,
    )
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(found.weights[name], weight, rtol=2**-11, atol=1e-7)  # half precision: 11 bits
    assert found.model().gru.num_layers == 2


def test_names_and_paths(monkeypatch):
    monkeypatch.setenv("UPHILL_PRIORS", "elsewhere")
    assert located("shipped") == prior.SHIPPED
    assert str(located("mine")) == "elsewhere/mine"
    assert str(located("./mine.safetensors")) == "mine"
    monkeypatch.delenv("UPHILL_PRIORS")
    assert str(located("mine")) == "store/priors/mine"


def test_damaged_files_are_refused(tmp_path):
    body = prior.SHIPPED.with_suffix(".safetensors").read_bytes()
    card = json.loads(prior.SHIPPED.with_suffix(".json").read_text())
    with pytest.raises(DamagedPrior, match="gone cannot be used: No such file"):
        prior.read(tmp_path / "gone")
    path = tmp_path / "damaged"
    path.with_suffix(".json").write_text(json.dumps(card))
    for damaged in (body[:-100], body[:5000] + bytes([body[5000] ^ 1]) + body[5001:], b""):
        path.with_suffix(".safetensors").write_bytes(damaged)
        with pytest.raises(DamagedPrior, match="SHA-256"):
            prior.read(path)
    path.with_suffix(".safetensors").write_bytes(body)
    for wrong in (
        {**card, "size": {**card["size"], "hidden": 8}},
        {**card, "language": "runes"},
        {**card, "symbols": card["symbols"][:-1]},
        {"sha256": card["sha256"]},
        [],
        "{",
        "\x00",
    ):
        path.with_suffix(".json").write_text(wrong if isinstance(wrong, str) else json.dumps(wrong))
        with pytest.raises(DamagedPrior, match="damaged cannot be used"):
            prior.read(path)


def test_selfies_under_other_constraints_are_refused(tmp_path):
    written(tmp_path / "p", "selfies")
    card = json.loads((tmp_path / "p.json").read_text())
    assert card["constraints"]["C"] == 4 and card["constraints"]["F"] == 1  # selfies' default preset
    card["constraints"]["S"] = 2
    (tmp_path / "p.json").write_text(json.dumps(card))
    with pytest.raises(DamagedPrior, match="other bond constraints"):
        prior.read(tmp_path / "p")
