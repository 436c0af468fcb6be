"""Memory: oracle calls, the best, and the area under the ten best, by hand."""

import io
import math

import pytest
import torch

from engine.chemistry.memory import KEPT, Memory


def filled(scores):
    memory = Memory()
    for index, score in enumerate(scores):
        memory.add(f"C{index}", f"S{index % 3}", score, {"qed": score}, index, tokens=(index, 0), reward=score**3)
    return memory


def test_area_under_the_best_by_hand():
    # After 1, 2, 3 calls the mean of the best (fewer than ten, so of all) is .4, .3, .5.
    memory = filled([0.4, 0.2, 0.9])
    assert memory.oracle_calls == 3
    assert memory.top10_mean == pytest.approx(0.5)
    assert memory.auc_top10 == pytest.approx((0.4 + 0.3 + 0.5) / 3)


def test_only_the_ten_best_count():
    memory = filled([0.1] * 10 + [0.6] * 10)
    assert memory.top10_mean == pytest.approx(0.6)
    risen = [(0.6 * k + 0.1 * (10 - k)) / 10 for k in range(1, 11)]
    assert memory.auc_top10 == pytest.approx((10 * 0.1 + sum(risen)) / 20)


def test_a_molecule_seen_again_is_no_oracle_call():
    memory = filled([0.4])
    memory.add("C0", "S0", 0.4, {"qed": 0.4}, step=9)
    assert memory.oracle_calls == 1 and memory.counts == {"C0": 2}
    assert len(memory.scaffolds) == 1 and memory.best[0].step == 0


def test_empty():
    assert Memory().top10_mean == 0.0 and Memory().auc_top10 == 0.0


def test_restored_exactly_from_tensors_and_plain_values():
    memory = filled([math.sin(i) ** 2 for i in range(3 * KEPT)])
    body = io.BytesIO()
    torch.save(memory.state_dict(), body)
    body.seek(0)
    again = Memory()
    again.load_state_dict(torch.load(body, weights_only=True))
    for both in (memory, again):
        both.add("N", "", 2.0, {"qed": 2.0}, step=7)
    assert vars(again) == vars(memory)
    assert [found.score for found in again.best] == sorted(found.score for found in again.best)
    assert len(again.best) == KEPT and again.best[-1].smiles == "N"
    empty = Memory()
    empty.load_state_dict(Memory().state_dict())
    assert vars(empty) == vars(Memory())


def test_a_molecule_is_replayed_so_many_times_and_no_more():
    memory = Memory(most_replays=2)
    for index, score in enumerate([0.1, 0.5, 0.9]):
        memory.add(f"C{index}", "", score, {}, step=0)
    worst, middle, best = memory.earning
    memory.count_replays([middle, best])
    assert memory.earning == [worst, middle, best]
    memory.count_replays([best])
    assert memory.earning == [worst, middle] and memory.best[-1] == best
    again = Memory(most_replays=2)
    again.load_state_dict(memory.state_dict())
    for both in (memory, again):
        both.add("C2", "", 0.9, {}, step=1)  # found once more: it stays away
        both.count_replays([worst, middle])
    assert [found.smiles for found in again.earning] == ["C0"] and vars(again) == vars(memory)
