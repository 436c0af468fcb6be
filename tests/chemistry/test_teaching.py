"""Teaching and polishing: they learn, go on bit for bit where they were stopped, and are refused in sentences."""

import json
import math
import random
from dataclasses import replace
from itertools import islice

import pytest
import torch

from engine.__main__ import main
from engine.chemistry import corpus, making, prior, quality, teaching
from engine.chemistry.making import CannotMake, make
from engine.chemistry.polishing import Judge, policy_loss
from engine.chemistry.teaching import Recipe, Teaching
from engine.policies.tokens import TokenModel, sample

SIZE = {"embedding": 8, "hidden": 24, "batch_size": 16, "learning_rate": 2e-2}
SMALL = Recipe(**SIZE, epochs=3, polish_steps=6, polish_samples=16)


@pytest.fixture(scope="module")
def molecules():
    return corpus.load(islice(corpus.shipped(), 160))


@pytest.fixture
def corpus_file(tmp_path):
    file = tmp_path / "own.smi"
    file.write_text("\n".join([*islice(corpus.shipped(), 160), "CCO"]))
    return file


@pytest.fixture(autouse=True)
def quick_check(monkeypatch, tmp_path):
    monkeypatch.setattr(making, "CHECKED", 20)
    monkeypatch.setenv("UPHILL_PRIORS", str(tmp_path / "priors"))


def test_teaching_lowers_the_loss_below_that_of_even_guesses(molecules, tmp_path):
    seen = []
    taught = Teaching(replace(SMALL, epochs=5), molecules)
    taught.run(tmp_path / "saved", seen.append)
    even = math.log(len(taught.vocabulary))
    teach, polish = ([p for p in seen if p.phase == phase] for phase in ("teach", "polish"))
    assert teach[0].loss == pytest.approx(even, rel=0.1)
    assert sum(p.loss for p in teach[-5:]) / 5 < 0.8 * even
    assert len(teach) == 5 * math.ceil(len(molecules) / 16) and len(polish) == 6
    assert teach[-1].share == polish[-1].share == 1.0
    assert all(0 <= p.valid <= 1 for p in polish)


@pytest.mark.parametrize("at", [("teach", 7), ("teach", 13), ("polish", 3)])
def test_teaching_that_was_stopped_anywhere_goes_on_bit_for_bit(molecules, tmp_path, monkeypatch, at):
    monkeypatch.setattr(teaching, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(teaching, "SAVE_COST", 0)
    seen = []

    class Stopped(Exception):
        pass

    def stop(progress):
        seen.append(progress)
        if sum(p.phase == at[0] for p in seen) == at[1]:
            raise Stopped  # before this step is saved, as by kill -9: it is done again

    whole, saved = Teaching(SMALL, molecules), tmp_path / "saved"
    whole.run(tmp_path / "whole", lambda _: None)
    with pytest.raises(Stopped):
        Teaching(SMALL, molecules).run(saved, stop)
    resumed, after = Teaching(SMALL, molecules), []
    resumed.restore(saved)
    resumed.run(saved, after.append)
    assert after[0].phase == at[0] and len(seen) - 1 + len(after) == 3 * math.ceil(len(molecules) / 16) + 6
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight), name


def test_minutes_are_kept_and_shared_between_the_phases(molecules, tmp_path):
    seen = []
    Teaching(replace(SMALL, minutes=0.05), molecules).run(tmp_path / "saved", seen.append)
    assert 3.0 <= seen[-1].seconds < 4.5
    assert 2.1 <= [p for p in seen if p.phase == "teach"][-1].seconds < 3.0


def test_batches_hold_every_string_once_and_start_anywhere(molecules):
    strings = [[1 + i % 5] * (1 + i % 7) + [0] for i in range(50)]
    rows = []
    for tokens in teaching.batches(strings, 8, random.Random(0)):
        assert (tokens[0] == 0).all()
        rows += ["".join(map(str, column)).rstrip("0") for column in tokens[1:].t().tolist()]
    assert sorted(rows) == sorted("".join(map(str, string)).rstrip("0") for string in strings)
    taught = Teaching(replace(SMALL, batch_size=2, randomised=False), molecules)
    stream = list(islice(taught._from(0), 2 * taught._per_epoch))
    written = [taught.vocabulary.decode(column) for t in stream[: taught._per_epoch] for column in t[1:].t().tolist()]
    assert sorted(written) == sorted(molecules)
    for done in (1, 31, 32, 33, taught._per_epoch - 1, taught._per_epoch, taught._per_epoch + 40):
        assert torch.equal(next(taught._from(done)), stream[done]), done


def test_a_judge_by_hand():
    judge = Judge()
    # Rewards 1, 0, 1, and 1/2 for writing aspirin again; the first batch's mean 0.625 is what was expected of all.
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "C1CC", "CCO", "OC(=O)c1ccccc1OC(C)=O"]
    found, valid = judge.advantages(smiles, [21, 4, 3, 22])
    # 21 and 22 tokens share an expectation (16..23): 0.625 + 0.03 x 0.375 = 0.63625 when the last one is judged;
    # 3 and 4 share one too (0..7): 0.625 - 0.03 x 0.625 = 0.60625.
    assert found == pytest.approx([0.375, -0.625, 1 - 0.60625, 0.5 - 0.63625])
    assert valid == 0.75
    again = Judge()
    again.load_state_dict(judge.state_dict())
    assert again.advantages(smiles, [21, 4, 3, 22]) == judge.advantages(smiles, [21, 4, 3, 22])


def test_policy_loss_is_the_advantage_weighted_log_probability_per_token():
    torch.manual_seed(0)
    model = TokenModel(6, 4, 8, 1, 6)
    drawn = sample(model, 12, 9, torch.Generator().manual_seed(1))
    advantages = torch.linspace(-1, 1, 12)
    expected = -(drawn.log_prob * advantages).sum() / drawn.mask.sum()
    assert policy_loss(model, drawn, advantages.tolist()).item() == pytest.approx(expected.item(), rel=1e-5)


def test_polishing_raises_what_is_rewarded(molecules, tmp_path):
    taught = Teaching(Recipe(**SIZE, epochs=12, polish_steps=0), molecules)
    taught.run(tmp_path / "a", lambda _: None)
    recipe = Recipe(**SIZE, epochs=12, polish_steps=60, polish_learning_rate=5e-3)
    polished, seen = Teaching(recipe, molecules), []
    polished.run(tmp_path / "b", seen.append)
    shares = [p.valid for p in seen if p.phase == "polish"]
    assert sum(shares[-15:]) / 15 > sum(shares[:5]) / 5 + 0.05


def test_a_prior_from_a_file_says_what_was_left_out_and_can_be_gone_on_from(corpus_file, molecules, tmp_path):
    said = []
    given = {**SIZE, "epochs": 1, "polish_steps": 2, "polish_samples": 8}
    made = make(prior.located("first"), given, corpus_file, say=said.append)
    assert made.card["corpus"]["molecules"] == len(molecules) == made.card["taught"]["molecules"]
    assert "161,'CCO',it has 3 heavy atoms" in (tmp_path / "priors/first.dropped.csv").read_text()
    assert sorted(path.name for path in (tmp_path / "priors").iterdir()) == [
        *("first.dropped.csv", "first.json", "first.safetensors")
    ]
    second = make(prior.located("second"), {"epochs": 1, "polish_steps": 0}, corpus_file, start=made)
    assert second.card["start"]["sha256"] == made.card["sha256"] and second.card["size"] == made.card["size"]
    with pytest.raises(CannotMake, match="hidden is 32; the prior to go on from has 24"):
        make(prior.located("third"), {"hidden": 32}, corpus_file, start=made)
    with pytest.raises(CannotMake, match=r"There is a prior .*first already"):
        make(prior.located("first"), given, corpus_file)


def test_selfies_are_molecules_from_the_first_string(corpus_file):
    given = {**SIZE, "epochs": 1, "language": "selfies", "layers": 2}
    made = make(prior.located("selfies"), given, corpus_file)
    assert made.card["recipe"]["polish_steps"] == 0 and made.card["language"] == "selfies"
    written = [text for text in quality.samples(made, 200, seed=1) if text]
    assert written and quality.describe(written).molecules == len(written)


def test_another_recipe_does_not_go_on_from_what_was_saved(corpus_file, molecules, tmp_path):
    saved = prior.beside(prior.located("p"), ".training")
    saved.parent.mkdir()
    Teaching(SMALL, molecules).save(saved)
    with pytest.raises(CannotMake, match="another recipe or corpus; give another --out"):
        make(prior.located("p"), SIZE, corpus_file)
    saved.write_bytes(b"junk")
    with pytest.raises(CannotMake, match=r"p\.training cannot be read"):
        make(prior.located("p"), SIZE, corpus_file)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("check --prior nowhere/at-all", "nowhere/at-all cannot be used: No such file"),
        ("check -n 0", "n is '0'; it must be a whole number between 1 and 1000000"),
        ("sample --temperature nan", "temperature is 'nan'; it must be a number between 0.1 and 10"),
        ("sample --temperature 0", "temperature is '0'"),
        ("train --hidden 4", "hidden is '4'; it must be a whole number between 8 and 4096"),
        ("train --minutes 1 --epochs 3", "minutes and epochs are both given"),
        ("train --epochs 0 --polish-steps 0", "epochs and polish_steps are both 0"),
        ("train --corpus gone.smi", "gone.smi cannot be read: No such file"),
        ("train --corpus gone.doc", "name ends in .smi"),
        ("train --column x", "no corpus is given"),
        ("train --start gone", "gone cannot be used"),
        ("train --language runes", "runes"),
        ("train --out shipped", "There is a prior"),
    ],
)
def test_bad_words_are_refused_in_a_sentence(capsys, words, sentence):
    try:
        code = main(["prior", *words.split()])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error


@pytest.mark.parametrize("out", ["", ".", "..", "folder/", "/", "x/.."])
def test_a_prior_without_a_name_is_refused(capsys, corpus_file, out):
    assert main(["prior", "train", "--corpus", str(corpus_file), "--out", out]) == 2
    assert capsys.readouterr().err == f"out is {out!r}; it must end in the name of the prior, as mine or folder/mine\n"


def test_a_name_that_no_file_can_have_is_refused(capsys, corpus_file):
    assert main(["prior", "train", "--corpus", str(corpus_file), "--out", "./" + "x" * 300]) == 2
    assert "cannot be written: File name too long" in capsys.readouterr().err


def test_commands(capsys, corpus_file):
    words = ["--embedding", "8", "--hidden", "24", "--epochs", "1", "--polish-steps", "1", "--json"]
    assert main(["prior", "train", "--corpus", str(corpus_file), "--out", "mine", *words]) == 0
    made = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert made["recipe"]["hidden"] == 24 and made["samples"] == 20 and made["taught_molecules"] > 100
    assert main(["prior", "sample", "-n", "3", "--seed", "4"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == quality.samples(prior.read(), 3, seed=4)
    assert main(["prior", "sample", "-n", "3", "--seed", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == shown
    assert main(["prior", "check", "-n", "40", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["samples"] == 40 and 0 <= figures["valid"] <= 1 and figures["taught_molecules"] > 10_000
    assert main(["prior", "check", "--prior", "mine", "-n", "40"]) == 0
    assert "valid" in capsys.readouterr().out


def test_of_a_large_corpus_some_molecules_are_described(corpus_file, molecules, monkeypatch):
    """A quarter of a million parsed at once take minutes and more memory than there is."""
    monkeypatch.setattr(making, "DESCRIBED", 30)
    card = make(prior.located("large"), {**SIZE, "epochs": 1, "polish_steps": 0}, corpus_file).card
    assert card["taught"]["molecules"] == 30 and card["corpus"]["molecules"] == len(molecules) > 30
