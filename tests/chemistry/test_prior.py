"""The prior as files and its teaching: it learns, goes on where it was stopped, and damage is noticed."""

import json
import math
import random
from itertools import islice

import pytest
import torch

from engine.__main__ import main
from engine.chemistry import corpus, prior, teaching
from engine.chemistry.prior import DamagedPrior
from engine.chemistry.teaching import Recipe

SMALL = Recipe(embedding=8, hidden=24, epochs=4, batch_size=16, learning_rate=2e-2)


@pytest.fixture(scope="module")
def molecules():
    return corpus.load(islice(corpus.shipped(), 160))


@pytest.fixture
def quick_check(monkeypatch):
    monkeypatch.setattr(teaching, "CHECKED", 20)


def test_teaching_lowers_the_loss_below_that_of_even_guesses(molecules, tmp_path, quick_check):
    losses = []
    made = teaching.train(tmp_path / "p", SMALL, molecules, lambda progress: losses.append(progress.loss))
    assert losses[0] == pytest.approx(math.log(len(made.vocabulary)), rel=0.1)
    assert sum(losses[-5:]) / 5 < 0.85 * math.log(len(made.vocabulary))
    assert made.card["corpus"]["molecules"] == len(molecules)
    assert all(made.knows(smiles) for smiles in molecules) and not made.knows("CCO")
    assert set(made.card["quality"]) == {"samples", "valid", "unique", "new", "mean_qed", "mean_heavy_atoms"}


def test_teaching_that_was_stopped_goes_on_bit_for_bit(molecules, tmp_path, quick_check):
    class Stopped(Exception):
        pass

    def stop(progress):
        if progress.epoch == 3:
            raise Stopped

    with pytest.raises(Stopped):
        teaching.train(tmp_path / "stopped", SMALL, molecules, stop)
    begun = []
    resumed = teaching.train(tmp_path / "stopped", SMALL, molecules, lambda progress: begun.append(progress.epoch))
    whole = teaching.train(tmp_path / "whole", SMALL, molecules)
    assert begun[0] == 3
    assert all(torch.equal(resumed.weights[name], weight) for name, weight in whole.weights.items())


def test_batches_hold_every_string_once():
    strings = [[1 + i % 5] * (1 + i % 7) + [0] for i in range(50)]
    made = teaching.batches(strings, 8, random.Random(0))
    rows = []
    for tokens in made:
        assert (tokens[0] == 0).all()
        rows += ["".join(map(str, column)).rstrip("0") for column in tokens[1:].t().tolist()]
    assert sorted(rows) == sorted("".join(map(str, string)).rstrip("0") for string in strings)


def test_damaged_files_are_refused(tmp_path):
    body = prior.SHIPPED.with_suffix(".safetensors").read_bytes()
    card = json.loads(prior.SHIPPED.with_suffix(".json").read_text())
    with pytest.raises(DamagedPrior, match="gone"):
        prior.read(tmp_path / "gone")
    path = tmp_path / "damaged"
    path.with_suffix(".json").write_text(json.dumps(card))
    for damaged in (body[:-100], body[:5000] + bytes([body[5000] ^ 1]) + body[5001:], b""):
        path.with_suffix(".safetensors").write_bytes(damaged)
        with pytest.raises(DamagedPrior, match="SHA-256"):
            prior.read(path)
    path.with_suffix(".safetensors").write_bytes(body)
    for wrong in ({**card, "size": {**card["size"], "hidden": 8}}, {"sha256": card["sha256"]}, [], "{"):
        path.with_suffix(".json").write_text(wrong if isinstance(wrong, str) else json.dumps(wrong))
        with pytest.raises(DamagedPrior):
            prior.read(path)


def test_commands(capsys):
    assert main(["prior", "sample", "-n", "3", "--seed", "4"]) == 0
    assert capsys.readouterr().out.splitlines() == prior.samples(prior.read(), 3, seed=4)
    assert main(["prior", "check", "-n", "40", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["samples"] == 40 and 0 <= figures["valid"] <= 1 and figures["taught_molecules"] > 10_000
    assert main(["prior", "check", "--prior", "nowhere/at-all"]) == 2
    assert "at-all cannot be used" in capsys.readouterr().err
