"""The diversity filter by hand: buckets fill with different good molecules, and full ones earn nothing."""

import math

from engine.chemistry.diversity import EMPTY, filtered, restored

RING, CHAIN = "c1ccccc1", ""


def test_a_full_bucket_earns_nothing_and_others_do():
    batch = [("Oc1ccccc1", RING, 0.9), ("Nc1ccccc1", RING, 0.8), ("Fc1ccccc1", RING, 0.7), ("CCO", CHAIN, 0.6)]
    shelf, earned = filtered(EMPTY, batch, bucket=2)
    assert earned == [0.9, 0.8, 0.0, 0.6] and shelf.counts == {RING: 3, CHAIN: 1}


def test_the_same_molecule_fills_no_place_twice():
    shelf, earned = filtered(EMPTY, [("Oc1ccccc1", RING, 0.9)] * 5, bucket=2)
    assert earned == [0.9] * 5 and shelf.counts == {RING: 1}


def test_what_is_not_good_neither_fills_nor_suffers():
    shelf, earned = filtered(EMPTY, [("Oc1ccccc1", RING, 0.9), ("Nc1ccccc1", RING, 0.39)], bucket=1)
    assert earned == [0.9, 0.39] and shelf.counts == {RING: 1}
    shelf, earned = filtered(shelf, [("Fc1ccccc1", RING, math.nan)], bucket=1)
    assert math.isnan(earned[0]) and shelf.counts == {RING: 1}


def test_it_goes_on_where_it_was_and_leaves_the_old_shelf_alone():
    first, _ = filtered(EMPTY, [("Oc1ccccc1", RING, 0.9)], bucket=1)
    again = restored(first.state_dict())
    assert again == first and EMPTY.counts == {}
    assert filtered(again, [("Nc1ccccc1", RING, 0.9)], bucket=1)[1] == [0.0]
