"""kill -9 at random moments: nothing shown is lost or changed, the run is interrupted and goes on (100 times in
benchmarks/crash.py)."""

from dataclasses import asdict

from benchmarks.crash import crash


def test_killed_at_random_moments_nothing_shown_is_lost(tmp_path):
    findings = crash(tmp_path, kills=4, seed=7)
    promises = ("rows_lost", "rows_changed", "gaps", "damaged_stores", "damaged_checkpoints", "not_resumed")
    assert {name: asdict(findings)[name] for name in promises} == dict.fromkeys(promises, 0)
    assert findings.kills == 4 and findings.rows_shown > 0
    assert findings.seconds_lost_max <= 1.0
    assert findings.interrupted_after_s_max <= 10.0
