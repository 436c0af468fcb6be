"""The store's contract: runs and their states, attempts, events, artifacts, checkpoints, deletion."""

import json
import math
import sqlite3

import pytest

from engine.store import StaleAttempt, StoreError, UnknownRun, open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "uphill.db") as opened:
        opened.claim()
        yield opened


def make_run(store, name="Keep the pole up", config=None, **values):
    config = json.dumps(config or {"budget": 200_000})
    return store.create_run(config, name, **{"task": "gym", "algorithm": "ppo", "seed": 1, **values})


def training_run(store):
    run_id = make_run(store)
    attempt = store.begin_attempt(run_id)
    store.set_state(run_id, "training")
    return run_id, attempt


def test_a_new_run_is_queued_and_keeps_its_settings(store):
    run_id = make_run(store, config={"budget": 5000, "algorithm": {"clip_range": 0.1}}, group_id="a" * 12)
    run = store.get_run(run_id)
    assert len(run_id) == 12 and int(run_id, 16) >= 0
    assert (run.state, run.attempt, run.iteration, run.budget, run.group_id) == ("queued", 0, 0, 5000, "a" * 12)
    assert run.config == {"budget": 5000, "algorithm": {"clip_range": 0.1}}
    assert run.best is None and run.result is None and run.started_at is None


@pytest.mark.parametrize("run_id", ["", "ffffffffffff", "../../etc/passwd", "' OR 1=1 --", "x" * 10_000, "\0"])
def test_an_unknown_run_is_refused_everywhere(store, run_id):
    make_run(store)
    for ask in (store.get_run, store.metrics, store.events, store.artifacts, store.checkpoints, store.begin_attempt):
        with pytest.raises(UnknownRun):
            ask(run_id)
    with pytest.raises(UnknownRun):
        store.record(run_id, 1, 1, {"kl": 0.1})


def test_states_keep_their_times_messages_and_events(store):
    run_id, attempt = training_run(store)
    started = store.get_run(run_id).started_at
    store.set_state(run_id, "failed", "The reward became NaN", details="Traceback ...", attempt=attempt)
    failed = store.get_run(run_id)
    assert (failed.state, failed.message, failed.details) == ("failed", "The reward became NaN", "Traceback ...")
    assert failed.ended_at >= failed.started_at == started
    store.set_state(run_id, "training")
    store.set_state(run_id, "finished", result={"eval_return_mean": 500.0})
    done = store.get_run(run_id)
    assert (done.message, done.details, done.started_at) == (None, None, started)
    assert done.result == {"eval_return_mean": 500.0}
    assert [e.payload["state"] for e in store.events(run_id)] == ["training", "failed", "training", "finished"]
    with pytest.raises(ValueError, match="'running'; it must be one of queued, training"):
        store.set_state(run_id, "running")


def test_progress_follows_the_rows(store):
    run_id, attempt = training_run(store)
    store.record(run_id, attempt, 1, {"env_steps": 100, "wall_s": 0.5, "return_mean": 30.0})
    store.record(run_id, attempt, 2, {"env_steps": 200, "wall_s": 0.9, "return_mean": 20.0})
    store.record(run_id, attempt, 3, {"env_steps": 300, "wall_s": 1.4, "return_mean": math.nan})
    store.flush()
    run = store.get_run(run_id)
    assert (run.iteration, run.env_steps, run.wall_s, run.best, run.last_return) == (3, 300, 1.4, 30.0, 20.0)


def test_an_older_attempt_can_no_longer_write(store, tmp_path):
    run_id, first = training_run(store)
    store.record(run_id, first, 1, {"kl": 0.1})
    second = store.begin_attempt(run_id)
    assert (first, second) == (1, 2)
    with pytest.raises(StaleAttempt, match="is at attempt 2; attempt 1 can no longer write"):
        store.record(run_id, first, 2, {"kl": 0.2})
    with pytest.raises(StaleAttempt):
        store.set_state(run_id, "finished", attempt=first)
    with pytest.raises(StaleAttempt):
        store.publish_checkpoint(run_id, first, 2, tmp_path / "x.pt", "0" * 64, 1)
    store.flush()
    assert store.metrics(run_id).steps.tolist() == [1] and store.get_run(run_id).state == "training"


def test_rows_of_an_attempt_overtaken_elsewhere_are_dropped_at_the_commit(store):
    run_id, first = training_run(store)
    store.record(run_id, first, 1, {"kl": 0.1})
    store.flush()
    with open_store(store.path) as other:
        store.record(run_id, first, 2, {"kl": 0.2})
        other.begin_attempt(run_id)
        store.flush()
    assert store.metrics(run_id).last_step in (1, 2)  # 2 if the thread was quicker than the other store
    with pytest.raises(StaleAttempt):
        store.record(run_id, first, 3, {"kl": 0.3})


def test_what_an_attempt_recorded_beyond_the_end_goes_when_the_run_finishes(store):
    """Killed at 600, resumed from a checkpoint at 500, finished at 520: the same history as never killed."""
    histories = []
    for killed_at in (600, None):
        run_id, attempt = training_run(store)
        if killed_at:
            for step in range(1, killed_at + 1):
                store.record(run_id, attempt, step, {"return_mean": float(step)})
            attempt = store.begin_attempt(run_id)
        for step in range(501 if killed_at else 1, 521):
            store.record(run_id, attempt, step, {"return_mean": float(step)})
        store.set_state(run_id, "finished", attempt=attempt)
        thinned = store.metrics(run_id, max_rows=20)
        histories.append(
            (store.metrics(run_id).values.tolist(), thinned.values.tolist(), store.sparkline([run_id])[run_id])
        )
    assert histories[0] == histories[1] and len(histories[0][0]) == 520


def test_events_artifacts_and_notes(store):
    run_id = make_run(store)
    store.add_event(run_id, 3, "change", {"algorithm.learning_rate": 1e-4})
    store.add_event(run_id, 4, "warning", {"message": "KL is high"})
    first, second = store.events(run_id)
    assert (first.step, first.kind, first.payload) == (3, "change", {"algorithm.learning_rate": 1e-4})
    assert store.events(run_id, since=first.event_id) == [second]
    for step in (1, 2, 3):
        store.put_artifact(run_id, "picture", step, "application/json", b"%d" % step, keep=2)
    assert store.artifact(run_id, "picture").body == b"3" and store.artifact(run_id, "picture", 2).body == b"2"
    assert store.artifact(run_id, "picture", 1) is None and store.artifact(run_id, "replay.mp4") is None
    assert [(a.name, a.step, a.size, a.body) for a in store.artifacts(run_id)] == [
        ("picture", 2, 1, None),
        ("picture", 3, 1, None),
    ]
    store.update_notes(run_id, name="Renamed", tags=["slides", "é", "slides"])
    store.update_notes(run_id, notes="with a = sign\n<b>")
    run = store.get_run(run_id)
    assert (run.name, run.tags, run.notes) == ("Renamed", ("slides", "é"), "with a = sign\n<b>")


def test_checkpoints_known_are_the_last_three_and_the_best(store, tmp_path):
    run_id, attempt = training_run(store)
    for step in range(1, 7):
        known = store.publish_checkpoint(
            run_id, attempt, step, tmp_path / "runs" / f"{step}.pt", f"{step:064x}", 10 * step, is_best=step == 2
        )
    assert [(c.step, c.is_best) for c in known] == [(6, False), (5, False), (4, False), (2, True)]
    assert known == store.checkpoints(run_id) and store.get_run(run_id).checkpoint_step == 6
    assert known[0].path == tmp_path / "runs" / "6.pt" and (known[0].sha256, known[0].size) == (f"{6:064x}", 60)
    # 6 turned out damaged: the next attempt went on from 5 and published 5 again; 6 must not come before it.
    again = store.begin_attempt(run_id)
    known = store.publish_checkpoint(run_id, again, 5, tmp_path / "5b.pt", "a" * 64, 1, is_best=True)
    assert [(c.step, c.attempt, c.is_best) for c in known] == [(5, 2, True), (4, 1, False), (2, 1, False)]


def test_a_folder_that_was_moved_still_finds_its_checkpoints(tmp_path):
    (tmp_path / "old").mkdir()
    with open_store(tmp_path / "old" / "uphill.db") as store:
        run_id, attempt = training_run(store)
        store.publish_checkpoint(run_id, attempt, 1, tmp_path / "old" / "runs" / "1.pt", "a" * 64, 1)
    (tmp_path / "old").rename(tmp_path / "new")
    with open_store(tmp_path / "new" / "uphill.db", create=False) as store:
        assert store.checkpoints(run_id)[0].path == tmp_path / "new" / "runs" / "1.pt"


def test_finding_runs(store):
    ids = [
        make_run(store, name=name, algorithm=algorithm, seed=seed, group_id="b" * 12 if seed else None)
        for seed, (name, algorithm) in enumerate([("Cart 100%", "ppo"), ("Cart_1", "trpo"), ("Lander", "ppo")])
    ]
    store.update_notes(ids[2], tags=["slides"])
    store.set_state(ids[0], "paused")
    found = lambda **which: [run.run_id for run in store.runs(**which)]  # noqa: E731
    assert found() == ids[::-1] and found(limit=1, offset=1) == [ids[1]]
    assert found(search="cart") == [ids[1], ids[0]] and found(search="100%") == [ids[0]]
    assert found(search="t_1") == [ids[1]] and found(search="slides lander") == [ids[2]] and found(search="zzz") == []
    assert found(state="paused") == [ids[0]] and found(algorithm="ppo") == [ids[2], ids[0]]
    assert found(group_id="b" * 12) == [ids[2], ids[1]] and found(task="molecules") == []
    assert (store.count_runs(), store.count_runs(search="cart"), store.count_runs(state="queued")) == (3, 2, 2)


def test_deleting_is_undone_until_the_purge(store):
    run_id, attempt = training_run(store)
    other, _ = training_run(store)
    store.record(run_id, attempt, 1, {"kl": 0.1})
    store.put_artifact(run_id, "replay.mp4", 1, "video/mp4", bytes(500_000))
    with pytest.raises(StoreError, match="is training; stop it before deleting it"):
        store.delete_run(run_id)
    store.set_state(run_id, "stopped")
    store.delete_run(run_id)
    assert [run.run_id for run in store.runs()] == [other] and store.count_runs(deleted=True) == 1
    assert store.purge(older_than_s=3600) == []
    store.undelete_run(run_id)
    assert store.count_runs() == 2 and store.metrics(run_id).last_step == 1
    store.delete_run(run_id)
    assert store.purge() == [run_id]
    with pytest.raises(UnknownRun):
        store.get_run(run_id)
    path = store.path
    store.close()
    assert path.stat().st_size < 300_000  # the video's half megabyte went back to the disk
    with sqlite3.connect(path) as plain:
        for table in ("metrics", "metric_names", "rollups", "artifacts", "sparklines"):
            assert plain.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_run_that_waits_for_nobody_is_interrupted_before_its_turn(tmp_path):
    with open_store(tmp_path / "uphill.db") as store:
        run_id = make_run(store)
        assert store.get_run(run_id).state == "interrupted"
        assert store.get_run(run_id).message == "The app ended before this run's turn came. Resume starts it."
        store.set_state(run_id, "training")
        assert "ended while this run was training" in store.get_run(run_id).message
