"""The diversity filter by hand: buckets fill with different good molecules, and full ones earn less."""

import math

import pytest

from engine.chemistry.diversity import Diversity, Shelf
from engine.chemistry.memory import Memory

RING, CHAIN = "c1ccccc1", ""
PHENOL, ANILINE, FLUORO = "Oc1ccccc1", "Nc1ccccc1", "Fc1ccccc1"


def shelf(**settings) -> Shelf:
    return Shelf(Diversity(**settings))


def shares(on, batch, seen=(), taught=()):
    return on.shares(batch, seen, lambda smiles: smiles in taught)


def test_a_full_bucket_earns_nothing_and_others_do():
    batch = [(PHENOL, RING, 0.9), (ANILINE, RING, 0.8), (FLUORO, RING, 0.7), ("CCO", CHAIN, 0.6)]
    kept = shelf(bucket_size=2)
    assert shares(kept, batch) == [1.0, 1.0, 0.0, 1.0] and kept.counts == {RING: 3, CHAIN: 1}
    assert [kept.spent(smiles) for smiles, _, _ in batch] == [True, True, True, False]


def test_without_a_size_there_are_no_buckets_and_nothing_is_lowered():
    free = shelf()
    assert shares(free, [(PHENOL, RING, 0.9)] * 50, seen={PHENOL}, taught={PHENOL}) == [1.0] * 50
    assert free.counts == {} and not free.spent(PHENOL)


def test_the_same_molecule_fills_no_place_twice_and_earns_less_where_it_lies_in_a_full_bucket():
    kept = shelf(bucket_size=2)
    assert shares(kept, [(PHENOL, RING, 0.9)] * 5) == [1.0] * 5 and kept.counts == {RING: 1}
    assert shares(kept, [(ANILINE, RING, 0.9), (PHENOL, RING, 0.9)]) == [1.0, 0.0]


@pytest.mark.parametrize(("score", "share"), [(0.39, 1.0), (0.4, 0.25), (math.nan, 1.0)])
def test_only_what_is_good_suffers_from_a_full_bucket(score, share):
    kept = shelf(bucket_size=1, bucket_multiplier=0.25)
    assert shares(kept, [(PHENOL, RING, 0.9), (ANILINE, RING, score)]) == [1.0, share]
    assert kept.counts == {RING: 2 if share < 1 else 1}


def test_repetitions_and_taught_molecules_earn_less_each_by_its_own_factor():
    """By hand: phenol was made before (.5); aniline is taught (.2), and the second of the batch repeated too (.1);
    fluorobenzene is neither; what is no molecule has no share to lose."""
    kept = shelf(repeat_multiplier=0.5, known_multiplier=0.2)
    batch = [(PHENOL, RING, 0.9), (ANILINE, RING, 0.1), (ANILINE, RING, 0.1), (FLUORO, RING, 0.9), (None, "", 0.0)]
    assert shares(kept, batch, seen={PHENOL}, taught={ANILINE}) == pytest.approx([0.5, 0.2, 0.1, 1.0, 1.0])
    kept = shelf(bucket_size=1, bucket_multiplier=0.5, repeat_multiplier=0.5)
    assert shares(kept, [(PHENOL, RING, 0.9)] * 3) == [1.0, 0.25, 0.25]


@pytest.mark.parametrize("batch", [[], [("CCO", CHAIN, 0.9)], [(PHENOL, RING, 0.9), ("CCO", CHAIN, 0.9)]])
def test_it_goes_on_where_it_was(batch):
    kept, again = shelf(bucket_size=1), shelf(bucket_size=1)
    shares(kept, batch)
    again.load_state_dict(kept.state_dict())
    assert again.counts == kept.counts and again.state_dict() == kept.state_dict()
    following = [(ANILINE, RING, 0.9), ("CCN", CHAIN, 0.9), ("CCO", CHAIN, 0.9)]
    assert shares(again, following) == shares(kept, following)


def test_replay_forgets_what_earns_no_more_and_takes_the_next_best_up():
    """The best list tells all; of the earning ones the two of the full scaffold are gone, for good."""
    memory = Memory(retires=True)
    for smiles, score in ((PHENOL, 0.9), (ANILINE, 0.8), ("CCO", 0.3)):
        memory.add(smiles, RING, score, {}, 1)
    memory.retire(lambda smiles: smiles in (PHENOL, ANILINE))
    memory.add("CCN", CHAIN, 0.4, {}, 2)
    assert [found.smiles for found in memory.earning] == ["CCO", "CCN"]
    assert [found.smiles for found in memory.best] == ["CCO", "CCN", ANILINE, PHENOL]
    again = Memory(retires=True)
    again.load_state_dict(memory.state_dict())
    assert again.earning == memory.earning and again.best == memory.best
    plain = Memory()
    plain.add(PHENOL, RING, 0.9, {}, 1)
    plain.retire(lambda smiles: True)
    assert plain.earning is plain.best and len(plain.best) == 1
