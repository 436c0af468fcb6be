"""A predictor taught in a process of its own: it comes to an end, tells how far it is, refuses, is cancelled."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig
from rdkit.Chem import Crippen

from engine.chemistry.predictors import shelf
from pages.parts import lesson


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("UPHILL_PREDICTORS", str(tmp_path))
    yield tmp_path
    lesson.end()


def table(repeated: int = 1) -> bytes:
    """RDKit's first 200 NCI molecules with their Crippen logP, so many times over."""
    read = Chem.SDMolSupplier(str(Path(RDConfig.RDDataDir, "NCI", "first_200.props.sdf")))
    lines = [f"{Chem.MolToSmiles(molecule)},{Crippen.MolLogP(molecule):.3f}\n" for molecule in read if molecule]
    return ("smiles,logp\n" + "".join(lines) * repeated).encode()


def until(reached: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The processes that this one started, by /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def test_what_it_learned_is_kept_and_its_progress_told() -> None:
    taught = lesson.begin("oil", table(), None)
    told = set()
    until(lambda: told.add((taught.doing, taught.share)) or not taught.under_way)
    assert taught.problem is None
    assert "Reading the molecules" in {doing for doing, _ in told}
    card = shelf.read_card("oil")
    assert card["molecules"] > 150 and card["test"]["mae"] < card["test"]["mean_mae"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The table is empty"),
        (b"smiles,logp\nCCO,1\n", "1 different molecule with a number; at least 20 are needed"),
        (b"just,numbers\n1,2\n", "No column of SMILES was found"),
        (b"smiles,a,b\nCCO,1,2\nCC,2,3\n", "2 columns hold numbers: 'a', 'b'; name the one"),
    ],
)
def test_what_cannot_be_learned_from_gets_one_sentence(body: bytes, sentence: str) -> None:
    taught = lesson.begin("oil", body, None)
    until(lambda: not taught.under_way)
    assert taught.problem is not None and sentence in taught.problem
    assert taught.problem.endswith(".") and "Traceback" not in taught.problem
    assert not shelf.own().joinpath("oil.json").exists()


def test_cancelled_it_ends_at_once_with_its_workers_and_another_may_begin() -> None:
    taught = lesson.begin("oil", table(100), None)
    with pytest.raises(lesson.Busy, match="oil is being learned just now"):
        lesson.begin("other", table(), None)
    until(lambda: taught.share > 0)
    workers = children(taught._process.pid)
    assert workers
    began = time.monotonic()
    taught.cancel()
    assert time.monotonic() - began < 2.0 and not taught.under_way and taught.problem is None
    until(lambda: not [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists()], 5.0)
    assert not list(shelf.own().iterdir())
    other = lesson.begin("other", b"", None)
    until(lambda: not other.under_way)


def test_ended_from_outside_it_says_so() -> None:
    taught = lesson.begin("oil", table(100), None)
    until(lambda: taught.share > 0)
    os.kill(taught._process.pid, signal.SIGKILL)
    until(lambda: not taught.under_way)
    assert taught.problem is not None and "memory ran out" in taught.problem


def test_a_line_that_tells_no_progress_does_not_hide_how_a_lesson_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking = tmp_path / "speaking"
    speaking.write_text("#!/bin/sh\necho A library says hello\nprintf '0.5\\tReading\\n'\nexit 1\n")
    speaking.chmod(0o755)
    monkeypatch.setattr(lesson.sys, "executable", str(speaking))
    taught = lesson.begin("oil", b"", None)
    until(lambda: not taught.under_way)
    assert (taught.doing, taught.share) == ("Reading", 0.5)
    assert taught.problem is not None
