"""What a molecule run learns from: the best replayed, full scaffolds held back, and nothing from nothing."""

import pytest
import torch
from molecule_tasks import N, generator, made, strings, texts
from rdkit import Chem
from rdkit.Chem import QED
from rdkit.Chem.Scaffolds import MurckoScaffold

from engine.chemistry import prior
from engine.chemistry.scoring import Scored
from engine.config import RunConfig
from engine.policies.tokens import BOUNDARY
from engine.training import Training


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


def test_what_the_prior_makes_of_the_drawn_strings_is_handed_on():
    """`made`'s policy is what the run starts from, so that it says the same of each token."""
    task, policy = made(replay=5, prior_weight=0.001, temperature=1.3)
    task.collect(policy, N, generator(), True)
    rollout = task.collect(policy, N, generator(2), True)
    with torch.no_grad():
        expected = policy.params(rollout.observations)[:, :N]
    valid = rollout.mask[:, :N]
    assert torch.allclose(rollout.reference_params[valid], expected[valid], atol=1e-5)
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


def test_molecules_that_were_replayed_often_enough_make_room_for_others():
    task, policy = made(replay=8, replay_top=8, replay_times=1)
    seen = set()
    for _ in range(3):
        rollout = task.collect(policy, N, generator(), True)  # the same strings each time, so nothing new comes
        replayed = {
            tuple(rollout.actions[rollout.mask[:, column], column].tolist())
            for column in range(N, rollout.actions.shape[1])
        }
        assert not replayed & seen
        seen |= replayed
    task.close()
    assert seen


def test_of_all_that_are_drawn_only_the_most_promising_are_scored(monkeypatch):
    """What is told of validity is of all strings, what is learned and counted as an oracle call of those scored."""
    monkeypatch.setattr("engine.chemistry.screening.LEAST", 20)
    task, policy = made(screen=3)
    asked = []
    answer = task._scorer._workers.answer
    monkeypatch.setattr(
        task._scorer._workers, "answer", lambda work, items: asked.append((work, len(items))) or answer(work, items)
    )
    first = task.collect(policy, N, generator(), True)
    assert first.rewards.shape[1] == N and first.metrics["samples"] == 3 * N
    assert sum(count for work, count in asked if work == "score") == first.metrics["oracle_calls"] <= N
    everything = policy.sample(3 * N, 100, generator())
    symbols = prior.read().vocabulary
    molecules = [Chem.MolFromSmiles(symbols.decode(column)) for column in everything.written.t().tolist()]
    assert first.metrics["valid"] == pytest.approx(sum(m is not None for m in molecules) / (3 * N), abs=0.03)
    second = task.collect(policy, N, generator(2), True)
    assert second.mask.any(0).all() and torch.equal(
        second.observations[1:][second.mask[1:]], second.actions[:-1][second.mask[1:]]
    )
    assert second.metrics["oracle_calls"] == first.metrics["oracle_calls"] + N  # 2 N to choose from, nearly all real
    task.close()


def test_a_model_of_the_scores_finds_better_molecules_than_chance():
    """QED over the same three batches, drawn by the same policy, which does not learn here: mean of what was scored."""
    means = []
    for screen in (1, 4):
        task, policy = made(screen=screen)
        for seed in range(1, 5):
            rollout = task.collect(policy, N, generator(seed), True)
        means.append(rollout.metrics["score_mean"])
        task.close()
    assert means[1] > means[0] + 0.03
