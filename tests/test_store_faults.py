"""The store when things go wrong: kill -9, two processes, a full disk, damaged, foreign and deleted files."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from engine.store import StoreError, StoreFull, StoreInUse, UnknownRun, open_store

# Claims the store, takes up its run, and records as fast as it can, saying which steps are committed.
WRITER = """
import sys
from engine.store import open_store
store = open_store(sys.argv[1])
store.claim()
recovered = store.recover()
run_id = sys.argv[2]
first = store.metrics(run_id).last_step + 1
attempt = store.begin_attempt(run_id)
store.set_state(run_id, "training")
print("ready", attempt, first, *recovered, flush=True)
for step in range(first, first + 10**9):
    store.record(run_id, attempt, step, {"env_steps": step * 10, "return_mean": step / 7, "kl": -step})
    if step % 97 == 0:
        store.flush()
        print(step, flush=True)
"""


def start_writer(path, run_id):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), run_id], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def new_run(store):
    return store.create_run('{"budget": 1000}', "Keep the pole up", "gym", "ppo", 1)


def test_kill_9_loses_no_point_that_was_shown(tmp_path):
    path = tmp_path / "uphill.db"
    with open_store(path) as reader:
        run_id = new_run(reader)
        shown = []
        for kill in range(1, 6):
            writer = start_writer(path, run_id)
            ready = writer.stdout.readline().split()
            assert ready[:2] == ["ready", str(kill)], writer.stderr.read()
            assert ready[3:] == [run_id]  # queued the first time, left training by the kill after that
            until = time.monotonic() + 0.15 * kill
            while time.monotonic() < until:
                table = reader.metrics(run_id, since=len(shown))
                assert table.names == ["env_steps", "return_mean", "kl"] or not len(table.steps)
                shown += zip(table.steps.tolist(), table.values.tolist(), strict=True)
            writer.send_signal(signal.SIGKILL)
            acknowledged = [int(line) for line in writer.communicate()[0].split()]
            kept = reader.metrics(run_id)
            assert kept.last_step >= max([len(shown), *acknowledged])
            assert list(zip(kept.steps.tolist(), kept.values.tolist(), strict=True))[: len(shown)] == shown
            assert kept.values.tolist() == [[s * 10, s / 7, -s] for s in range(1, kept.last_step + 1)]
            assert reader.get_run(run_id).iteration == kept.last_step
            assert reader.metrics(run_id, max_rows=2).values[:, 2].tolist() == [-1, -kept.last_step]
            with sqlite3.connect(path) as plain:
                assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(shown) > 100


def test_a_second_engine_is_refused_and_a_dead_ones_runs_are_interrupted(tmp_path):
    path = tmp_path / "uphill.db"
    with open_store(path) as store:
        run_id = new_run(store)
        waiting = new_run(store)
        writer = start_writer(path, run_id)
        writer.stdout.readline()
        with pytest.raises(StoreInUse, match=f"in use by process {writer.pid}") as refusal:
            store.claim()
        assert refusal.value.pid == writer.pid == store.owner_pid()
        assert store.get_run(run_id).state == "training"
        for number in range(50):  # people may write while the engine does
            store.update_notes(run_id, notes=str(number))
        writer.kill()
        writer.communicate()
        deadline = time.monotonic() + 10
        while store.get_run(run_id).state != "interrupted":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "Resume goes on" in store.get_run(run_id).message and store.get_run(run_id).notes == "49"
        assert [run.run_id for run in store.runs(state="interrupted")] == [waiting, run_id]
        told = {each: store.get_run(each).message for each in (run_id, waiting)}
        assert "while this run was training" in told[run_id] and "before this run's turn came" in told[waiting]
        assert store.runs(state="training") == [] and store.owner_pid() is None
        with pytest.raises(StoreError, match="for the engine that claimed"):
            store.recover()
        store.claim()
        assert store.recover() == [run_id]  # the writer had recovered the waiting one itself
        assert {store.get_run(each).state for each in (run_id, waiting)} == {"interrupted"}
        with pytest.raises(StoreInUse, match="already in use by this process"):
            store.claim()


def test_two_engines_in_one_process_are_refused_too(tmp_path):
    with open_store(tmp_path / "uphill.db") as one, open_store(tmp_path / "uphill.db") as two:
        one.claim()
        with pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
            two.claim()
        one.close()
        two.claim()


def test_a_forked_child_does_not_keep_the_lock_of_a_dead_engine(tmp_path):
    script = (
        "import os, sys, time\nfrom engine.store import open_store\n"
        "store = open_store(sys.argv[1]); store.claim()\n"
        "child = os.fork()\n"
        "if child == 0:\n    time.sleep(30)\n    os._exit(0)\n"
        "print(child, flush=True)\ntime.sleep(30)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "u.db")], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    try:
        with open_store(tmp_path / "u.db") as store:
            store.claim()
    finally:
        os.kill(child, signal.SIGKILL)
        parent.stdout.close()


@pytest.fixture
def small_disk(tmp_path):
    """A store whose file may hold so many pages, as SQLite sees a disk that is full: (store, limit)."""
    store = open_store(tmp_path / "uphill.db")
    store.claim()
    limit = {"pages": 10**6}

    def cap(connection, *_):
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    sa.event.listen(store.database.engine, "checkout", cap)
    yield store, limit
    limit["pages"] = 10**6
    store.close()


def test_a_full_disk_harms_nothing_and_recording_goes_on_when_space_returns(small_disk):
    store, limit = small_disk
    run_id = new_run(store)
    attempt = store.begin_attempt(run_id)
    store.record(run_id, attempt, 1, {"kl": 1.0})
    store.flush()
    limit["pages"] = 1  # SQLite takes the present size instead: no page more
    step = 1
    with pytest.raises(StoreFull, match="No space is left on the disk"):
        while step < 20_000:
            step += 1
            store.record(run_id, attempt, step, {"kl": float(step)})
            if step % 1000 == 0:
                store.flush()
    assert isinstance(store.problem, StoreFull)
    with pytest.raises(StoreFull):
        store.put_artifact(run_id, "replay.mp4", 1, "video/mp4", bytes(2_000_000))
    with pytest.raises(StoreFull):
        store.set_state(run_id, "finished")  # never finished without its points
    committed = store.metrics(run_id)
    assert 1 <= committed.last_step < step and store.get_run(run_id).state == "queued"
    limit["pages"] = 10**6
    deadline = time.monotonic() + 10
    while store.problem is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert store.metrics(run_id).values[:, 0].tolist() == [float(s) for s in range(1, step + 1)]
    store.set_state(run_id, "paused")


def test_a_full_buffer_refuses_more_instead_of_eating_the_memory(small_disk, monkeypatch):
    store, limit = small_disk
    monkeypatch.setattr("engine.store.recording.BUFFER_ROWS", 50)
    run_id = new_run(store)
    attempt = store.begin_attempt(run_id)
    limit["pages"] = 1
    big = {f"m{i}": 1.0 for i in range(400)}
    with pytest.raises(StoreFull):
        for step in range(1, 2000):
            store.record(run_id, attempt, step, big)
            if step % 25 == 0 and store.problem is None:
                try:
                    store.flush()
                except StoreFull:
                    continue
    limit["pages"] = 10**6
    store.flush()
    kept = store.metrics(run_id).steps.tolist()
    assert kept == list(range(1, step)) and step < 1999


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("notes.db", b"this is no database at all, only text", "is not an Uphill store"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(5000), "is not an Uphill store"),
        ("cut.db", b"SQLite format 3\0" + os.urandom(4000), "damaged|not an Uphill store|failed"),
    ],
)
def test_files_that_are_no_store_are_refused_and_left_alone(tmp_path, name, body, sentence):
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(StoreError, match=sentence):
        open_store(path)
    assert path.read_bytes() == body


def test_foreign_newer_missing_and_impossible_stores_are_refused_with_a_sentence(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as plain:
        plain.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreError, match="is a database of another program"):
        open_store(tmp_path / "other.db")
    open_store(tmp_path / "newer.db").close()
    with sqlite3.connect(tmp_path / "newer.db") as plain:
        plain.execute("UPDATE uphill_schema SET version = 99")
    with pytest.raises(StoreError, match="has layout 99, this Uphill reads up to 1; update Uphill"):
        open_store(tmp_path / "newer.db")
    with pytest.raises(StoreError, match="There is no store at"):
        open_store(tmp_path / "typo.db", create=False)
    assert not (tmp_path / "typo.db").exists()
    with pytest.raises(StoreError, match="is a folder; give the name of a file"):
        open_store(tmp_path)
    with pytest.raises(StoreError, match="A store in mysql is not possible"):
        open_store("mysql://localhost/uphill")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / "newer.db" / "inside.db")


def test_a_store_deleted_while_in_use_is_said_and_not_silently_made_anew(tmp_path):
    path = tmp_path / "uphill.db"
    store = open_store(path)
    run_id = new_run(store)
    attempt = store.begin_attempt(run_id)
    path.unlink()
    store.record(run_id, attempt, 1, {"kl": 0.1})
    for ask in (store.flush, store.runs, lambda: store.set_state(run_id, "paused"), store.close):
        with pytest.raises(StoreError, match="was deleted or replaced while it was in use"):
            ask()
    assert not path.exists()


def test_a_page_overwritten_in_the_file_is_a_sentence_not_a_traceback(tmp_path):
    path = tmp_path / "uphill.db"
    with open_store(path) as store:
        run_id = new_run(store)
        attempt = store.begin_attempt(run_id)
        for step in range(3000):
            store.record(run_id, attempt, step, {"kl": 0.1})
    body = bytearray(path.read_bytes())
    body[8192:] = os.urandom(len(body) - 8192)
    path.write_bytes(body)
    with pytest.raises((StoreError, UnknownRun)), open_store(path) as store:
        store.get_run(run_id)
        store.metrics(run_id)
        pytest.fail("random pages were read as metrics")


def test_the_form_in_which_transactions_run(tmp_path):
    with open_store(tmp_path / "uphill.db") as store:
        levels = []
        for durable in (False, True):
            with store.database.write(durable) as connection:
                levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
                with sqlite3.connect(store.path, timeout=0, isolation_level=None) as other:
                    with pytest.raises(sqlite3.OperationalError, match="locked"):
                        other.execute("BEGIN IMMEDIATE")  # taken at the beginning, before any write
                    other.execute("SELECT count(*) FROM runs").fetchone()  # readers go on
        assert levels == [1, 2]  # NORMAL, FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
        with store.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
