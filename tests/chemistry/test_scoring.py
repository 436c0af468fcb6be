"""Scoring in worker processes: right, remembered, and one bad molecule costs one molecule."""

import math
import os
import signal
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen
from routes_client import served

from engine.chemistry import corpus, workers
from engine.chemistry.components import component
from engine.chemistry.rewards import Objective
from engine.chemistry.scoring import Scorer, why_no_molecule
from engine.chemistry.workers import WorkersUnavailable

DRUGS = ["CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CC(C)Cc1ccc(cc1)C(C)C(=O)O"]
MANY = list(islice((smiles for smiles in corpus.shipped() if len(smiles) < 80), 300))
ROOT = Path(__file__).parents[2]
HANGS, KILLS, EATS = "CCCCCCCCCF", "CCCCCCCCCCl", "CCCCCCCCCBr"  # as hostile_worker.py knows them


def asked(*components):
    """The questions that these components put, by name."""
    return Objective(tuple(component(one) if isinstance(one, str) else one for one in components)).questions


@pytest.fixture(scope="module")
def scorer():
    made = Scorer(asked("qed", "logp", component("similarity", smiles=DRUGS[0])), workers=2, timeout=1.5)
    yield made
    made.close()


def processes(scorer):
    return [worker.process for worker in scorer._workers._working]


def test_values_are_those_of_rdkit_called_here(scorer):
    for item, smiles in zip(scorer.score(DRUGS), DRUGS, strict=True):
        molecule = Chem.MolFromSmiles(smiles)
        assert item.canonical == Chem.MolToSmiles(molecule)
        assert item.values["qed"] == QED.qed(molecule) and item.values["logp"] == Crippen.MolLogP(molecule)
        assert item.heavy_atoms == molecule.GetNumHeavyAtoms()
        assert item.reason is None and not item.broken
    assert scorer.score(DRUGS)[0].values["similarity"] == 1.0
    assert scorer.score(DRUGS)[0].scaffold == "c1ccccc1"  # Bemis and Murcko: aspirin's ring


def test_hostile_strings_cost_one_molecule_each_and_say_why(scorer):
    hostile = [
        "",
        "C" * 30_000,
        "CCO ethanol",
        "CC\U0001f600",
        "[*]C",
        "C1CC",
        "C(C)(C)(C)(C)C",
        "c1cccc1",
        "[C+999999999]",
    ]
    mixed = [text for pair in zip(hostile, MANY, strict=False) for text in pair]
    found = scorer.score(mixed)
    assert all(item.valid for item in found[1::2])
    for item in found[::2]:
        assert not item.valid and not item.broken and item.reason and item.values == {}
    assert "30,000 characters" in found[2].reason


def test_equivalent_strings_are_scored_once_and_alike(scorer, monkeypatch):
    asked = []
    answer = scorer._workers.answer
    monkeypatch.setattr(
        scorer._workers, "answer", lambda work, smiles: asked.append((work, list(smiles))) or answer(work, smiles)
    )
    first = scorer.score(["CCCCO", "OCCCC", "CCCCN", "CCCCO"])
    assert [item.smiles for item in first] == ["CCCCO", "OCCCC", "CCCCN", "CCCCO"]
    assert first[0].values == first[1].values == first[3].values and first[0].canonical == first[1].canonical
    assert asked == [("read", ["CCCCO", "OCCCC", "CCCCN"]), ("score", ["CCCCO", "CCCCN"])]
    scorer.score(["CCCCO", "C(CCC)O"])
    assert asked[2:] == [("read", ["C(CCC)O"]), ("score", [])]


def test_a_worker_killed_in_the_middle_costs_nothing(scorer):
    killed = []

    def kill():
        while not (busy := [worker for worker in scorer._workers._working if worker.asked]):
            time.sleep(0.001)
        killed.append(busy[0].process.pid)
        busy[0].process.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    found = scorer.score(MANY)
    thread.join()
    assert killed and all(not item.broken for item in found)
    assert [item.canonical for item in found] == [Chem.CanonSmiles(smiles) for smiles in MANY]
    assert killed[0] not in [process.pid for process in processes(scorer)]


def test_a_worker_that_hangs_costs_the_molecule_it_was_at(scorer):
    fresh = ["C" * n for n in range(5, 60)]

    def stop():
        while not (busy := [worker for worker in scorer._workers._working if worker.asked]):
            time.sleep(0.001)
        os.kill(busy[0].process.pid, signal.SIGSTOP)

    thread = threading.Thread(target=stop)
    thread.start()
    started = time.monotonic()
    found = scorer.score(fresh)
    thread.join()
    broken = [item for item in found if item.broken]
    assert len(broken) == 1 and broken[0].reason == "it took longer than 1.5 s"
    assert sum(item.valid for item in found) == len(fresh) - 1
    assert time.monotonic() - started < 10
    assert scorer.score(["CCCCCCO"])[0].valid


def test_a_molecule_that_ends_every_worker_is_found_out():
    scorer = Scorer(asked("qed"), workers=1)
    try:
        good = scorer.score(MANY[:5])
        assert all(item.valid for item in good)
        seen, ask = [], workers._Worker.ask

        def ask_and_die(worker, request, items):
            fatal = "CCCCF" in request["items"] and request["work"] == "score"
            if fatal:
                os.kill(worker.process.pid, signal.SIGSTOP)  # so that it can't answer before it ends
            ask(worker, request, items)
            if fatal:
                seen.append(worker.process.pid)
                worker.process.kill()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workers._Worker, "ask", ask_and_die)
            found = scorer.score(["CCCCF"])
        assert found[0].broken and found[0].reason == "2 worker processes ended at it" and len(seen) == 2
        assert scorer.score(["CCCCCl"])[0].valid
    finally:
        scorer.close()


def test_workers_have_a_memory_limit_and_end_with_their_asker(scorer):
    pid = processes(scorer)[0].pid
    limits = Path(f"/proc/{pid}/limits")
    if limits.exists():
        line = next(line for line in limits.read_text().splitlines() if line.startswith("Max address space"))
        assert line.split()[3] == str(1536 * 2**20)
    other = Scorer(asked("qed"), workers=1)
    ends = [*processes(other), other._workers._spare.process]
    other.close()
    assert all(process.poll() is not None for process in ends)


def test_they_end_when_their_asker_is_killed():
    program = """
        import time
        from engine.chemistry.scoring import Scorer
        scorer = Scorer({}, workers=1)
        scorer.score(["CCO"])
        print(scorer._workers._working[0].process.pid, flush=True)
        time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=ROOT) as asker:
        pid = int(asker.stdout.readline())
        asker.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(pid):
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_main_module_without_a_guard_is_not_run_again(tmp_path):
    script = tmp_path / "dashboard.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        print("begun", flush=True)
        from engine.chemistry.scoring import Scorer
        scorer = Scorer({{}}, workers=2)
        print(scorer.score(["CCO", "CCN"])[1].canonical)
        scorer.close()
        """)
    )
    output = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert output.stdout.split() == ["begun", "CCN"]


def test_what_can_not_be_computed_is_nan_with_a_reason():
    scorer = Scorer(asked("qed", component("similarity", smiles="C1CC")), workers=1)
    try:
        item = scorer.score(["CCO"])[0]
        assert item.valid and math.isnan(item.values["similarity"]) and not math.isnan(item.values["qed"])
        assert item.reason.startswith("similarity could not be computed: smiles is 'C1CC'; it must be")
    finally:
        scorer.close()


def test_processes_that_do_not_start_are_an_error(monkeypatch, capfd):
    monkeypatch.setattr(workers.sys, "executable", "/bin/false")
    scorer = Scorer(asked("qed"), workers=1)
    with pytest.raises(WorkersUnavailable, match="do not start"):
        scorer.score(["CCO"])
    scorer.close()


def test_pictures_come_with_values(scorer):
    drawn = scorer.draw([DRUGS[0], "C1CC", ""])
    assert drawn[0].svg.startswith("<svg") and drawn[0].svg_dark.startswith("<svg")
    assert drawn[0].values["weight"] == pytest.approx(180.16, abs=0.01)
    assert drawn[1].svg == "" and drawn[2].svg == ""


def test_why_a_text_is_no_molecule():
    assert why_no_molecule("CC(=O)O") is None
    assert "do not match" in why_no_molecule("C1CC")


def test_of_300_with_a_hang_a_kill_and_a_memory_hog_297_are_scored_while_a_page_answers(tmp_path, monkeypatch):
    hostile = (HANGS, KILLS, EATS)
    asked_for = [*MANY[:297]]
    for place, smiles in zip((40, 150, 260), hostile, strict=True):
        asked_for.insert(place, smiles)
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("hostile_worker.py")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(workers.sys, "executable", str(program))
    scorer = Scorer(asked("qed"), workers=2, timeout=3.0)
    try:
        scorer.score(["CCO"])  # both are up
        waits, over = [], threading.Event()
        with served(tmp_path) as (client, _):
            visitor = threading.Thread(target=visit, args=(client, waits, over))
            visitor.start()
            found = scorer.score(asked_for)
            over.set()
            visitor.join()
        reasons = {item.smiles: item.reason for item in found if not item.values or math.isnan(item.values["qed"])}
        assert len(found) == 300 and set(reasons) == set(hostile)
        assert reasons[HANGS] == "it took longer than 3 s" and reasons[KILLS] == "2 worker processes ended at it"
        assert "qed could not be computed: Unable to allocate" in reasons[EATS]
        for item in found:
            assert item.smiles in hostile or item.values["qed"] == QED.qed(Chem.MolFromSmiles(item.canonical))
        assert all(item.valid for item in scorer.score(["CCCCN", "CCCCO"]))  # the pool goes on
        assert len(waits) > 5 and statistics.median(waits) < 0.2, waits
    finally:
        scorer.close()


def visit(client, waits, over):
    """A visitor of the app, several times a second; waits: seconds until each answer."""
    while not over.is_set():
        started = time.monotonic()
        assert client.get("/api/health").status_code == 200
        waits.append(time.monotonic() - started)
        time.sleep(0.05)
