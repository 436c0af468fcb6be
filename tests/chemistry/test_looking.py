"""Molecules looked at for a page: what differs between two, blocks that RDKit reads again, hostile text, the trail."""

import itertools
import math
import os
from collections.abc import Iterator

import pytest
from rdkit import Chem
from rdkit.Chem import QED

from engine.chemistry import looking
from engine.chemistry.memory import Found
from engine.chemistry.trail import DENSE, due, moment


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    looking.close()


def test_what_differs_is_counted_and_marked() -> None:
    # Paracetamol (11 heavy atoms) and its ortho-fluoro kin: everything is common but the fluorine
    found = looking.compared("CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(O)cc1F")
    assert (found["changed"], found["common"]) == (1, 11)
    assert found["after"]["svg"].count("<ellipse") == 1 and "<ellipse" not in found["before"]["svg"]
    assert looking.compared("c1ccccc1", "CC")["common"] == 0  # no ring is common, and no single bond either


def test_a_block_is_read_again_as_the_same_molecule() -> None:
    texts = ["CC(=O)Nc1ccc(O)cc1", "O=c1cc[nH]cc1", "C[N+](C)(C)CC(=O)[O-]"]
    for text, answer in zip(texts, looking.written(texts), strict=True):
        assert Chem.MolToSmiles(Chem.MolFromMolBlock(answer["block"])) == Chem.CanonSmiles(text)


def test_qed_is_the_weighted_geometric_mean_of_its_desirabilities() -> None:
    for smiles in ("CC(=O)Nc1ccc(O)cc1", "CCO", "O=[N+]([O-])c1ccccc1"):
        parts = looking.desirable(smiles)["parts"]
        total = sum(weight for *_, weight in parts)
        mean = math.exp(sum(weight * math.log(share) for _, _, share, weight in parts) / total)
        assert mean == pytest.approx(QED.qed(Chem.MolFromSmiles(smiles)), abs=1e-4)
    assert "failure" in looking.desirable("C1CC")


def test_text_that_is_no_molecule_gets_a_reason_and_costs_nothing_else() -> None:
    hostile = ["", "C" * 400, "CCO ethanol", "C1CC", "CN(C)(C)C", "é"]
    found = looking.read([*hostile, "CCO"])
    assert all(item.get("failure") or item["reason"] for item in found[:-1])
    assert found[-1]["canonical"] == "CCO" and found[-1]["reason"] is None
    assert all("svg" not in item or item["svg"] is None for item in looking.drawn(hostile))
    assert "failure" in looking.compared("C1CC", "CCO") and "failure" in looking.compared("CCO", "nothing")


def test_it_comes_after_whoever_trains() -> None:
    looking.drawn(["CCO"])
    pids = [worker.process.pid for worker in looking._workers[0]._working]
    assert [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids] == [looking.LAST]


def test_a_trail_is_dense_at_first_and_bounded_for_ever() -> None:
    kept = [step for step in range(1, 100_001) if due(step)]
    assert kept[:DENSE] == list(range(1, DENSE + 1))
    # DENSE at first, then half as many for each doubling of the run: log2(100,000 / 48) is 11.02
    assert len(kept) <= DENSE + 12 * (DENSE // 2)
    gaps = {after - before for before, after in itertools.pairwise(kept)}
    assert all(gap & (gap - 1) == 0 for gap in gaps)


def test_a_moment_holds_the_best_first_and_no_nan() -> None:
    best = [Found(0.9, "CCO", (("qed", 0.9), ("sa", math.nan)), 3)]
    kept = moment(3, [Found(math.nan, "CC", (), 3)], best)
    assert kept["batch"] == [{"smiles": "CC", "score": None, "values": {}, "step": 3}]
    assert kept["best"] == [{"smiles": "CCO", "score": 0.9, "values": {"qed": 0.9}, "step": 3}]
