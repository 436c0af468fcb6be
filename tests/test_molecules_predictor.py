"""A run's own predictor: found again by its hash, and no other in its place."""

import pytest
import torch
from rdkit import Chem

from engine.chemistry.predictors import shelf
from engine.chemistry.predictors.example import solubility
from engine.chemistry.predictors.features import seen
from engine.chemistry.predictors.learning import Known, fit
from engine.settings import InvalidSettings
from engine.tasks.molecules import MoleculeSettings, build

CARD = {"test": {}, "usual": [-5.0, 1.0], "range": [-10.0, 2.0]}


def taught(offset):
    """A predictor of some solubilities, each so much larger."""
    rows = solubility().rows[::20]
    known = [
        Known(row.smiles, str(place % 7), row.value + offset, seen(Chem.MolFromSmiles(row.smiles)))
        for place, row in enumerate(rows)
    ]
    return fit(known)[0]


def task():
    part = {"kind": "predictor", "model": "mine"}
    nearest = {"kind": "nearest", "model": "mine", "weight": 0.0}
    shipped = {"kind": "predictor", "model": "solubility", "name": "shipped"}
    parts = {"components": [part, nearest, shipped]}
    settings = {"kind": "molecules", "objective": "custom", "workers": 1, **parts}
    return build(MoleculeSettings.from_object(settings), 1, torch.device("cpu"))


def test_a_run_goes_on_with_no_other_predictor(tmp_path, monkeypatch):
    monkeypatch.setenv("UPHILL_PREDICTORS", str(tmp_path / "predictors"))
    shelf.write("mine", taught(0.0), CARD)
    first = task()
    state = first.state_dict()
    first.load_state_dict(state)
    first.close()
    assert state["predictors"] == {name: shelf.read_card(name)["sha256"] for name in ("mine", "solubility")}
    shelf.delete("mine")
    shelf.write("mine", taught(1.0), CARD)
    second = task()
    try:
        with pytest.raises(InvalidSettings) as refused:
            second.load_state_dict(state)
        (problem,) = refused.value.problems
        assert problem == (
            f"The run began with a predictor mine of SHA-256 {state['predictors']['mine'][:12]}...; "
            f"the one that lies there now has {shelf.read_card('mine')['sha256'][:12]}..."
        )
        older = {name: part for name, part in state.items() if name != "predictors"}
        second.load_state_dict(older)  # of a version that noted none
    finally:
        second.close()


def test_a_predictor_that_is_gone_is_said_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("UPHILL_PREDICTORS", str(tmp_path / "predictors"))
    with pytest.raises(InvalidSettings, match="There is no predictor 'gone'"):
        shelf.hashes(["gone"])
