"""The molecule task: what a rollout holds, its figures, pictures, exact restoring, and hostile settings."""

import io
import json
import math

import numpy as np
import pytest
import torch
from molecule_tasks import N, generator, made, strings
from rdkit import Chem
from rdkit.Chem import QED

from engine.chemistry import prior
from engine.chemistry.quality import check
from engine.metrics import METRICS
from engine.policies.tokens import BOUNDARY
from engine.settings import InvalidSettings
from engine.tasks.molecules import MoleculeSettings


@pytest.fixture(scope="module")
def collected():
    task, policy = made()
    rollout = task.collect(policy, N, generator(), False)
    yield task, policy, rollout
    task.close()


def test_reward_is_rdkits_qed_at_the_last_valid_token(collected):
    _, _, rollout = collected
    for column, (smiles, ended) in enumerate(strings(rollout)):
        molecule = Chem.MolFromSmiles(smiles) if ended else None
        expected = 0.0 if molecule is None else QED.qed(Chem.MolFromSmiles(Chem.MolToSmiles(molecule)))
        last = int(rollout.mask[:, column].sum()) - 1
        assert float(rollout.rewards[last, column]) == pytest.approx(expected, abs=1e-6)
        assert float(rollout.rewards[:, column].abs().sum()) == pytest.approx(expected, abs=1e-6)
        assert rollout.terminated[:, column].nonzero().flatten().tolist() == [last]
        assert (
            rollout.episode_returns[column] == pytest.approx(expected) and rollout.episode_lengths[column] == last + 1
        )
    assert not rollout.truncated.any()
    assert torch.equal(rollout.observations[1:][rollout.mask[1:]], rollout.actions[:-1][rollout.mask[1:]])
    assert (rollout.observations[0] == BOUNDARY).all()


def test_figures_of_the_batch_counted_here(collected):
    _, _, rollout = collected
    molecules = [Chem.MolFromSmiles(smiles) for smiles, ended in strings(rollout) if ended and smiles]
    canonical = [Chem.MolToSmiles(molecule) for molecule in molecules if molecule is not None]
    figures = rollout.metrics
    assert figures["samples"] == N
    assert figures["valid"] == pytest.approx(len(canonical) / N)
    assert figures["unique"] == pytest.approx(len(set(canonical)) / len(canonical))
    assert figures["oracle_calls"] == len(set(canonical)) and isinstance(figures["oracle_calls"], int)
    assert figures["score_mean"] == pytest.approx(np.mean([QED.qed(Chem.MolFromSmiles(s)) for s in canonical]))
    scores = sorted(QED.qed(Chem.MolFromSmiles(smiles)) for smiles in set(canonical))
    assert figures["top10_mean"] == pytest.approx(np.mean(scores[-10:]))
    assert figures["score_best"] == pytest.approx(scores[-1])
    assert set(figures) - {"samples"} <= set(METRICS)
    assert {f"time_{name}" for name in rollout.timings} <= set(METRICS)


def test_evaluation_and_picture_leave_training_as_it_is(collected):
    task, policy, _ = collected
    before = task.state_dict()
    evaluation = task.evaluate(policy, 30, seed=5, deterministic=True)
    picture = task.picture(policy, seed=6)
    after = task.state_dict()
    assert after["step"] == before["step"] and after["memory"]["molecules"] == before["memory"]["molecules"]
    assert torch.equal(after["memory"]["counts"], before["memory"]["counts"])
    assert evaluation.returns.shape == evaluation.lengths.shape == (30,)
    assert ((evaluation.returns >= 0) & (evaluation.returns <= 1)).all() and evaluation.lengths.max() <= 100
    assert np.array_equal(task.evaluate(policy, 30, seed=5, deterministic=False).returns, evaluation.returns)
    assert Chem.MolFromSmiles(evaluation.metrics["best_smiles"]) is not None
    assert picture["kind"] == "molecules"


def test_cards_tell_what_is_true(collected):
    task, policy, _ = collected
    picture = json.loads(json.dumps(task.picture(policy, seed=6), allow_nan=False))
    assert len(picture["best"]) == 12 and 1 <= len(picture["recent"]) <= 16
    assert picture["counts"]["sampled"] == N
    scores = [card["score"] for card in picture["best"]]
    assert scores == sorted(scores, reverse=True)
    for card in (*picture["best"], *picture["recent"]):
        assert card["score"] == pytest.approx(QED.qed(Chem.MolFromSmiles(card["smiles"])), abs=1e-4)
        assert card["components"] == {"qed": card["score"]} and set(card["values"]) >= {"qed", "logp", "weight"}
        assert card["svg"].startswith("<svg") and card["svg_dark"].startswith("<svg") and card["count"] >= 1
    for refused in picture["refused"]:
        assert refused["reason"]


def test_a_picture_before_the_first_batch_shows_what_the_prior_draws():
    task, policy = made()
    picture = task.picture(policy, seed=1)
    assert picture["best"] == [] and len(picture["recent"]) >= 5
    assert task.state_dict()["memory"]["molecules"] == ""
    task.close()


def test_restored_task_goes_on_bit_for_bit():
    task, policy = made()
    draws = generator(3)
    task.collect(policy, N, draws, False)
    body = io.BytesIO()
    torch.save({"task": task.state_dict(), "draws": draws.get_state()}, body)
    expected = task.collect(policy, N, draws, False)
    body.seek(0)
    state = torch.load(body, weights_only=True)
    again, policy = made(seed=2)
    policy.actor.load_state_dict(task.spec.weights)
    again.load_state_dict(state["task"])
    draws.set_state(state["draws"])
    rollout = again.collect(policy, N, draws, True)
    assert torch.equal(rollout.actions, expected.actions) and torch.equal(rollout.rewards, expected.rewards)
    assert rollout.metrics == expected.metrics and rollout.episode_returns == expected.episode_returns
    task.close()
    again.close()


def test_a_moment_that_no_picture_took_along_outlives_a_pause():
    task, policy = made()
    task.collect(policy, N, generator(), False)
    buffer = io.BytesIO()
    torch.save(task.state_dict(), buffer)
    again, _ = made()
    again.load_state_dict(torch.load(io.BytesIO(buffer.getvalue()), weights_only=True))
    (kept,), (first,) = (
        [one for one in each.picture(policy, 1)["beside"] if one[0] == "moment"] for each in (again, task)
    )
    assert kept[1] == 1 and kept == first and kept[3]["batch"]
    task.close()
    again.close()


def test_molecules_whose_scoring_failed_are_masked_out_and_listed(monkeypatch):
    task, policy = made()
    answer = task._scorer._workers.answer

    def fail_first(work, smiles):
        return (
            [{"failure": "it took longer than 3 s"}, *answer(work, smiles[1:])]
            if work == "read"
            else answer(work, smiles)
        )

    monkeypatch.setattr(task._scorer._workers, "answer", fail_first)
    rollout = task.collect(policy, N, generator(), False)
    masked = (~rollout.mask.any(0)).nonzero().flatten().tolist()
    assert len(masked) == 1 and len(rollout.episode_returns) == N - 1
    assert not rollout.terminated[:, masked].any() and rollout.rewards[:, masked].sum() == 0
    monkeypatch.undo()
    assert [item["reason"] for item in task.picture(policy, 1)["broken"]] == ["it took longer than 3 s"]
    task.close()


def test_molecules_that_do_not_end_are_no_molecules():
    task, policy = made(max_length=10)
    rollout = task.collect(policy, N, generator(), False)
    assert rollout.metrics["valid"] < 0.3
    assert rollout.terminated.sum() == N and len(rollout.actions) == 10
    task.close()


def test_mix_is_the_weighted_mean_of_its_parts():
    reference = "CC(=O)Oc1ccccc1C(=O)O"
    weights = {"qed_weight": 2.0, "logp_weight": 0.0, "sa_weight": 1.0, "similarity_weight": 0.5}
    task, policy = made(objective="mix", reference=reference, **weights)
    task.collect(policy, N, generator(), False)
    card = task.picture(policy, 1)["best"][0]
    parts = card["components"]
    assert set(parts) == {"qed", "sa", "similarity"}
    assert card["score"] == pytest.approx((2 * parts["qed"] + parts["sa"] + 0.5 * parts["similarity"]) / 3.5, abs=2e-4)
    assert parts["sa"] == pytest.approx(min(1, max(0, (6 - card["values"]["sa"]) / 5)), abs=2e-4)
    task.close()


@pytest.mark.parametrize(
    "settings, parts",
    [
        ({"objective": "similarity"}, ["reference", "similarity counts"]),
        ({"objective": "similarity", "reference": "C1CC"}, ["reference is 'C1CC'", "do not match"]),
        ({"objective": "similarity", "reference": "CCO ethanol"}, ["reference is 'CCO ethanol'", "' '"]),
        ({"objective": "qed", "reference": "[*]" * 60}, ["reference", "*"]),
        ({"objective": "similarity", "reference": "C" * 301}, ["reference", "300 characters"]),
        ({"objective": "beauty"}, ["objective", "qed, logp, sa, similarity, mix"]),
        ({"objective": "logp", "logp_low": 5.0, "logp_high": 2.0}, ["logp_low is 5.0", "logp_high, which is 2.0"]),
        ({"objective": "mix", "qed_weight": 0.0, "sa_weight": 0.0}, ["one must be above 0"]),
        ({"objective": "mix", "qed_weight": -1.0}, ["qed_weight", "between 0"]),
        ({"max_length": 1_000_000_000}, ["max_length", "between 10 and 200"]),
        ({"workers": 0}, ["workers", "between 1 and 16"]),
        ({"score_timeout": True}, ["score_timeout", "a number between 0.1 and 60"]),
    ],
)
def test_settings_that_can_not_work_are_refused_in_a_sentence(settings, parts):
    with pytest.raises(InvalidSettings) as caught:
        MoleculeSettings.from_object({"kind": "molecules", **settings})
    assert len(caught.value.problems) == 1
    for part in parts:
        assert part in caught.value.problems[0]


def test_shipped_prior_is_what_its_card_says():
    shipped = prior.read()
    assert shipped.card["bytes"] < 3_000_000
    assert shipped.card["size"]["hidden"] == shipped.weights["gru.weight_hh_l0"].shape[1]
    figures = check(shipped, 400, seed=7)
    spread = math.sqrt(shipped.card["quality"]["valid"] * (1 - shipped.card["quality"]["valid"]) / 400)
    assert abs(figures["valid"] - shipped.card["quality"]["valid"]) < 4 * spread
    assert shipped.knows("CC(=O)Oc1ccccc1C(=O)O") and not shipped.knows("CCO")
