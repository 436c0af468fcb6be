"""The molecule task: what a rollout holds, its figures, pictures, exact restoring, and hostile settings."""

import io
import json
import math

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import QED
from rdkit.Chem.Scaffolds import MurckoScaffold

from engine import policies
from engine.chemistry import prior
from engine.chemistry.quality import check
from engine.chemistry.scoring import Scored
from engine.config import RunConfig
from engine.metrics import METRICS
from engine.policies import PolicySettings
from engine.policies.tokens import BOUNDARY
from engine.settings import InvalidSettings
from engine.tasks.molecules import MoleculeSettings, build
from engine.training import Training

CPU = torch.device("cpu")
N = 48


def made(seed=1, **settings):
    task = build(MoleculeSettings(**settings), seed, CPU)
    return task, policies.build(task.spec, PolicySettings(), torch.Generator().manual_seed(seed))


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def collected():
    task, policy = made()
    rollout = task.collect(policy, N, generator(), False)
    yield task, policy, rollout
    task.close()


def strings(rollout):
    """(string, ended) of each column, read with the prior's vocabulary."""
    symbols = prior.read().vocabulary.symbols
    columns = []
    for column in range(N):
        tokens = rollout.actions[rollout.mask[:, column], column].tolist()
        ended = tokens[-1] == BOUNDARY
        columns.append(("".join(symbols[token] for token in (tokens[:-1] if ended else tokens)), ended))
    return columns


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
    assert figures["oracle_calls"] == len(set(canonical))
    assert figures["score_mean"] == pytest.approx(np.mean([QED.qed(Chem.MolFromSmiles(s)) for s in canonical]))
    scores = sorted(QED.qed(Chem.MolFromSmiles(smiles)) for smiles in set(canonical))
    assert figures["top10_mean"] == pytest.approx(np.mean(scores[-10:]))
    assert figures["score_best"] == pytest.approx(scores[-1])
    assert set(figures) - {"samples"} <= set(METRICS)
    assert {f"time_{name}" for name in rollout.timings} <= set(METRICS)


def test_the_best_are_replayed_beside_fresh_molecules_and_are_no_oracle_calls():
    task, policy = made(replay=5, replay_top=10, best_share=0.25, score_power=2.0)
    first = task.collect(policy, N, generator(), True)
    assert first.sampled is None and int(first.learned.sum()) == N // 4
    best = {found.smiles: found for found in task.memory.best[-10:]}
    calls = first.metrics["oracle_calls"]
    rollout = task.collect(policy, N, generator(2), True)
    assert rollout.sampled.tolist() == [True] * N + [False] * 5
    assert int(rollout.learned.sum()) == N // 4 + 5 and rollout.learned[N:].all()
    assert len(rollout.episode_returns) == len(rollout.episode_lengths) == N
    earned = rollout.rewards.sum(0)
    assert earned[:N].tolist() == pytest.approx([score**2 for score in rollout.episode_returns], abs=1e-6)
    assert float(earned[:N][rollout.learned[:N]].min()) >= float(earned[:N][~rollout.learned[:N]].max())
    symbols = prior.read().vocabulary.symbols
    replayed = []
    for column in range(N, N + 5):
        tokens = rollout.actions[rollout.mask[:, column], column].tolist()
        assert tokens[-1] == BOUNDARY
        molecule = Chem.MolFromSmiles("".join(symbols[token] for token in tokens[:-1]))
        replayed.append(Chem.MolToSmiles(molecule))
        assert float(earned[column]) == pytest.approx(QED.qed(molecule) ** 2, abs=1e-5)
    assert len(set(replayed)) == 5 and set(replayed) <= set(best)
    assert torch.equal(rollout.observations[1:][rollout.mask[1:]], rollout.actions[:-1][rollout.mask[1:]])
    fresh = {Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in texts(rollout) if Chem.MolFromSmiles(text)}
    before = {Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in texts(first) if Chem.MolFromSmiles(text)}
    assert rollout.metrics["oracle_calls"] == len(fresh | before) > calls
    task.close()


def test_a_full_scaffold_earns_less_while_what_is_told_stays_as_it_is():
    """Rewards worked out again here, molecule by molecule, from RDKit's own scaffolds and QED."""
    plain, policy = made()
    told = plain.collect(policy, N, generator(), True)
    plain.close()
    lowering = {"bucket_size": 2, "bucket_min_score": 0.3, "bucket_multiplier": 0.5, "repeat_multiplier": 0.25}
    task, policy = made(**lowering, replay=5)
    rollout = task.collect(policy, N, generator(), True)
    assert torch.equal(rollout.actions, told.actions) and rollout.episode_returns == told.episode_returns
    assert {name: rollout.metrics[name] for name in told.metrics} == told.metrics
    places, seen, lowered, expected = {}, set(), 0, []
    for text, ended in strings(rollout):
        molecule = Chem.MolFromSmiles(text) if ended and text else None
        if molecule is None:
            expected.append(0.0)
            continue
        smiles = Chem.MolToSmiles(molecule)
        score = QED.qed(Chem.MolFromSmiles(smiles))
        place = places.setdefault(MurckoScaffold.MurckoScaffoldSmiles(smiles), set())
        share = (0.5 if score >= 0.3 and len(place) >= 2 else 1.0) * (0.25 if smiles in seen else 1.0)
        if score >= 0.3:
            place.add(smiles)
        seen.add(smiles)
        lowered += share < 1
        expected.append(share * score)
    assert lowered > 0
    assert rollout.rewards.sum(0).tolist() == pytest.approx(expected, abs=1e-6)
    assert rollout.metrics["lowered"] == pytest.approx(lowered / (told.metrics["valid"] * N))
    full = {smiles for place in places.values() if len(place) >= 2 for smiles in place}
    assert full and {found.smiles for found in task.memory.earning} == seen - full
    again = task.collect(policy, N, generator(), True)
    assert again.metrics["lowered"] == 1.0  # the same strings once more: each is a repetition
    for column in range(N, again.actions.shape[1]):
        tokens = again.actions[again.mask[:, column], column].tolist()
        assert (
            Chem.MolToSmiles(
                Chem.MolFromSmiles("".join(prior.read().vocabulary.symbols[token] for token in tokens[:-1]))
            )
            not in full
        )
    task.close()


def texts(rollout):
    """The strings drawn that ended."""
    return [text for text, ended in strings(rollout) if ended and text]


def test_replayed_molecules_are_written_anew_from_other_atoms():
    task, policy = made(replay=20, randomise_replay=True)
    task.collect(policy, N, generator(), True)
    known = {found.smiles: list(found.tokens) for found in task.memory.best}
    rollout = task.collect(policy, N, generator(2), True)
    symbols, anew = prior.read().vocabulary.symbols, 0
    for column in range(N, N + 20):
        tokens = rollout.actions[rollout.mask[:, column], column].tolist()
        smiles = Chem.MolToSmiles(Chem.MolFromSmiles("".join(symbols[token] for token in tokens[:-1])))
        anew += tokens != known[smiles]
    assert anew >= 15
    task.close()


def test_a_batch_of_which_nothing_could_be_scored_moves_nothing(monkeypatch):
    """Adam has momentum from the batch before; with nothing to learn from it must not be spent."""
    task = {"kind": "molecules", "workers": 1}
    algorithm = {"kind": "pg", "batch_size": 16, "learning_rate": 1e-3}
    training = Training(RunConfig.from_object({"budget": 64, "task": task, "algorithm": algorithm}))
    training.iterate()
    before = [parameter.clone() for parameter in training.policy.parameters()]
    monkeypatch.setattr(
        training.task._scorer, "score", lambda texts: [Scored(text, None, broken=True, reason="?") for text in texts]
    )
    row = training.iterate()
    assert row["episodes"] == 0.0 and "kl" not in row
    assert all(torch.equal(old, new) for old, new in zip(before, training.policy.parameters(), strict=True))
    training.task.close()


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
