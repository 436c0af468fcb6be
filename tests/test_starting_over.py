"""Starting over: when a search counts as stuck, and what begins anew when it does."""

import pytest
import torch
from molecule_tasks import N, generator, made

from engine.chemistry.starting_over import Search
from engine.config import RunConfig
from engine.training import Training

CONFIG = {
    "budget": 10_000,
    "task": {
        "kind": "molecules",
        "objective": "qed",
        "workers": 1,
        "replay": 8,
        "repeat_multiplier": 0.0,
        "patience": 32,
    },
    "algorithm": {"kind": "ppo", "batch_size": 16, "minibatch_size": 16, "epochs": 2, "learning_rate": 0.01},
}


def test_the_ten_best_must_rise_by_a_hundredth_by_hand():
    search = Search()
    search.note([0.5] * 10, 16)  # mean .5
    assert search.waited == 0
    search.note([0.54], 16)  # (9 * .5 + .54) / 10 = .504: by 0.8 % better
    search.note([], 16)
    assert search.waited == 32
    search.note([0.56], 16)  # (8 * .5 + .54 + .56) / 10 = .51: by 2 % better than the mark, which is .5 still
    assert search.waited == 0
    search.note([0.4], 16)
    assert search.waited == 16


def test_the_first_molecules_are_progress_however_few():
    search = Search()
    search.note([0.1], 16)
    search.note([0.1], 16)
    assert search.waited == 0
    search.note([0.0], 16)
    assert search.waited == 16


def test_without_patience_a_search_is_never_stuck():
    task, policy = made(prior_weight=0.0)
    task._search.waited = 10**9
    assert not task.stuck
    assert "restarts" not in task.collect(policy, N, generator(), True).metrics
    task.close()


def test_a_stuck_search_starts_over_from_the_prior_and_keeps_what_was_found():
    training = Training(RunConfig.from_object(CONFIG | {"seed": 1}))
    task, first = training.task, {name: weight.clone() for name, weight in training.policy.state_dict().items()}
    for _ in range(3):
        row = training.iterate()
    assert row["restarts"] == 0 and row["kl"] > 0
    assert not torch.equal(training.policy.actor.head.weight, first["actor.head.weight"])
    best, calls = list(task.memory.best), task.memory.oracle_calls
    assert task.memory.earning
    task._search.waited = 32
    assert task.stuck
    training._start_over()
    assert all(torch.equal(weight, first[name]) for name, weight in training.policy.state_dict().items())
    assert training.algorithm.optimiser.steps == 0 and not training.algorithm.optimiser.first.any()
    assert not task.memory.earning and not task.stuck
    assert task.memory.best == best and task.memory.oracle_calls == calls
    row = training.iterate()
    assert row["restarts"] == 1 and row["oracle_calls"] > calls
    task._search.waited = 32
    assert training.iterate()["restarts"] == 2  # by itself, before it collects
    task.close()


def test_what_was_found_before_is_replayed_no_more():
    task, policy = made(replay=8, patience=48, repeat_multiplier=0.0)
    task.collect(policy, N, generator(), True)
    old = set(task.memory.counts)
    task.start_over()
    task.collect(policy, N, generator(2), True)
    rollout = task.collect(policy, N, generator(3), True)
    assert int((~rollout.sampled).sum()) == 8
    assert task.memory.earning and not {found.smiles for found in task.memory.earning} & old
    task.close()


@pytest.mark.parametrize("wrong", [-1, 1.5, "long", 10_000_001])
def test_patience_is_a_number_of_molecules(wrong):
    with pytest.raises(ValueError, match="patience"):
        RunConfig.from_object(CONFIG | {"task": CONFIG["task"] | {"patience": wrong}})
