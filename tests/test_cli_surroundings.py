"""The command line where its surroundings do not play along: odd stores, full disks, Ctrl-C, numbers without end."""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from command_line import call
from training_runs import gridworld

from engine.commands.following import tell
from engine.commands.stores import Refused, find_run
from engine.config import RunConfig
from engine.service import Engine
from engine.store import Store, open_store
from engine.store.runs import insert_run

ENGINE = [sys.executable, "-m", "engine"]


@pytest.fixture
def store(tmp_path):
    """The path of a store with one run in it, which never began."""
    with open_store(tmp_path / "uphill.db") as opened:
        made(opened)
    return str(tmp_path / "uphill.db")


def made(opened: Store, config: RunConfig | None = None) -> str:
    return opened.create_run((config or gridworld()).to_json(), "a run", "gridworld", "ppo", 1)


@pytest.mark.parametrize("address", ["://", "foo://x:y:z/", "postgresql://me:secret@host:port/name"])
def test_an_address_that_is_none_is_refused_and_its_password_kept_back(capsys, address):
    for command in (["runs"], ["train", "--preset", "gridworld-ppo"]):
        code, out, err = call(capsys, *command, "--store", address)
        assert code == 2 and out == "" and err.count("\n") == 1
        assert "no address of a database; it must be like sqlite:///runs.db" in err and "secret" not in err


def test_a_database_that_cannot_be_reached_is_told_without_its_password(capsys):
    code, _, err = call(capsys, "runs", "--store", "postgresql://me:secret@127.0.0.1:1/name")
    assert code == 2 and "postgresql://me:***@127.0.0.1:1/name" in err and "secret" not in err


@pytest.mark.parametrize("address", ["{}/none.db", "sqlite:///{}/none.db", "{}/" + "x" * 5000, "{}" + "/x" * 3000])
def test_reading_a_store_that_is_not_there_makes_none(capsys, tmp_path, address):
    for command in (["runs"], ["show", "abc"], ["resume", "abc"]):
        code, out, err = call(capsys, *command, "--store", address.format(tmp_path))
        assert code == 2 and out == "" and err.count("\n") == 1
        assert "There is no store at" in err or "File name too long" in err
    assert list(tmp_path.iterdir()) == []


def test_a_store_in_the_home_folder_is_read_where_it_was_made(capsys, store, monkeypatch):
    monkeypatch.setenv("HOME", str(Path(store).parent))
    code, out, _ = call(capsys, "runs", "--store", "~/uphill.db", "--json")
    assert code == 0 and json.loads(out)["total"] == 1


@pytest.mark.parametrize(("command", "option"), [(["runs"], "--limit"), (["metrics", "RUN"], "--since")])
@pytest.mark.parametrize("number", ["99999999999999999999999999", "-1", "x", "1e3", ""])
def test_a_number_no_store_can_count_to_is_refused(capsys, store, command, option, number):
    code, out, err = call(capsys, *command, "--store", store, f"{option}={number}")
    assert (
        code == 2 and out == "" and err.startswith(f"{option} is {number!r}; it must be a whole number between 0 and")
    )


def test_a_run_is_found_by_its_beginning_among_any_number(store):
    with open_store(store) as opened:
        first = opened.runs()[0].run_id
        with opened.database.write() as connection:
            for _ in range(10_000):
                insert_run(connection, "{}", "", "gridworld", "ppo", 1, None)
        assert opened.count_runs() == 10_001
        assert find_run(opened, first).run_id == first
        for beginning in ("%", "_" * 12, ""):
            with pytest.raises(Refused, match="There is no run"):
                find_run(opened, beginning)
        with pytest.raises(Refused, match=f"runs begin with '{first[0]}'"):
            find_run(opened, first[0])


def test_the_sentence_names_best_only_where_there_is_one(capsys, tmp_path):
    store = str(tmp_path / "uphill.db")
    engine = Engine(open_store(store))
    run_id = engine.submit(gridworld(budget=64))
    assert engine.wait(run_id, 60)
    engine.close()
    code, _, err = call(capsys, "evaluate", run_id, "--store", store, "--checkpoint", "best")
    assert code == 2 and "--checkpoint is 'best'; this run has last, or one of the iterations" in err


def test_the_command_to_go_on_can_be_pasted_into_a_shell(capsys, tmp_path):
    with open_store(tmp_path / "my runs.db") as opened:
        run_id = made(opened)
        opened.set_state(run_id, "paused")
        tell(opened.get_run(run_id), str(opened.path))
    assert f"resume {run_id} --store '{tmp_path}/my runs.db'" in capsys.readouterr().err


def test_settings_that_hide_how_deep_they_are_nested_are_refused(capsys, tmp_path):
    """As UTF-16, the sign U+2201 has the byte of a quotation mark in it, after which brackets look like text."""
    path = tmp_path / "config.json"
    path.write_bytes(('["\u2201",' + "[" * 30_000).encode("utf-16"))
    code, _, err = call(capsys, "train", "--config", str(path), "--store", str(tmp_path / "uphill.db"))
    assert code == 2 and "is not JSON" in err and err.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", [["presets"], ["schema"], ["maps", "--json"]])
def test_output_that_cannot_be_written_is_told_in_a_sentence(command):
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*ENGINE, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1 and ended.stderr.count("\n") == 1 and "No space left on device" in ended.stderr


def test_a_reader_that_goes_away_is_no_error():
    process = subprocess.Popen([*ENGINE, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.wait(60) == 0 and process.stderr.read() == ""


@pytest.mark.parametrize("imported", ["sqlalchemy.sql", "engine.chemistry.scoring"])
def test_ctrl_c_ends_a_command_without_a_traceback(imported):
    """While it begins, and when it is about to wait for its input: Python tells on the way what has been imported."""
    command = [ENGINE[0], "-X", "importtime", *ENGINE[1:], "score", "--objective", "qed", "--smiles", "-"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # where tests run in the background it is ignored
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    patience = threading.Timer(60, process.kill)
    patience.start()
    while line := process.stderr.readline():
        if line.split("|")[-1].strip() == imported:
            break
    patience.cancel()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    told = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert process.returncode == 130 and told == ["Interrupted"]
