"""The alarm that a run's description carries: the engine's own, with remedies made from the settings in force."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from routes_client import OURS, served
from starlette.testclient import TestClient

from engine import checkpoint
from engine.config import RunConfig
from engine.presets import PRESETS
from engine.service import Engine

PULL = "algorithm.reference_kl_coefficient"


@pytest.fixture
def served_routes(tmp_path: Path) -> Iterator[tuple[TestClient, Engine]]:
    with served(tmp_path) as both:
        yield both


def collapsing(engine: Engine) -> str:
    """The id of a molecule run under way whose molecules all differed at first, and 3 in 10 in the last 10 rounds."""
    config = RunConfig.from_object(PRESETS["molecules-qed-pg"].config)
    store = engine.store
    run_id = store.create_run(config.to_json(), "Collapsing", "molecules", "pg", 1)
    attempt = store.begin_attempt(run_id)
    store.set_state(run_id, "training")
    for step in range(1, 41):
        row = {"unique": 1.0 if step <= 30 else 0.3, "valid": 0.9, "new": 0.9, "return_mean": 0.5}
        store.record(run_id, attempt, step, row)
    store.flush()
    return str(run_id)


def test_the_remedy_is_made_from_the_settings_in_force(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = collapsing(engine)
    pull = PRESETS["molecules-qed-pg"].config["algorithm"]["reference_kl_coefficient"]
    run = client.get(f"/api/runs/{run_id}").json()
    assert "30% of its molecules differ, 100% did before" in run["alarm"]["sentence"]
    assert run["alarm"]["changes"] == {PULL: 2 * pull}
    change = {"settings": {PULL: {"before": pull, "after": 2 * pull}}}
    engine.store.add_event(run_id, 40, "change", change)
    run = client.get(f"/api/runs/{run_id}").json()
    assert run["alarm"]["changes"] == {PULL: 4 * pull}
    assert f"{4 * pull:g}" in run["sentence"]


def test_going_back_to_the_best_checkpoint_is_offered(served_routes: tuple[TestClient, Engine], tmp_path: Path) -> None:
    client, engine = served_routes
    run_id = collapsing(engine)
    assert client.get(f"/api/runs/{run_id}").json()["alarm"]["back"] is None
    saved = checkpoint.save(tmp_path / "kept", 20, {"policy": 1})
    engine.store.publish_checkpoint(run_id, 1, 20, saved.path, saved.sha256, saved.size, True)
    back = client.get(f"/api/runs/{run_id}").json()["alarm"]["back"]
    pull = PRESETS["molecules-qed-pg"].config["algorithm"]["reference_kl_coefficient"]
    assert back["step"] == 20 and back["changes"] == {PULL: 2 * pull}
    answer = client.post(f"/api/runs/{run_id}/back", json=back["changes"], headers=OURS)
    assert answer.status_code == 200
    events = {event["kind"]: event for event in answer.json()["events"]}
    assert events["back"]["payload"] == {"to": 20} and events["back"]["step"] == 41
    assert events["change"]["payload"]["settings"][PULL] == {"before": pull, "after": 2 * pull}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 409, "no best checkpoint yet"),
        ([], 422, "The body must be"),
    ],
)
def test_going_back_is_refused_in_a_sentence(
    served_routes: tuple[TestClient, Engine], body: object, status: int, said: str
) -> None:
    client, engine = served_routes
    run_id = collapsing(engine)
    answer = client.post(f"/api/runs/{run_id}/back", json=body, headers=OURS)
    assert answer.status_code == status and said in answer.text


def test_a_run_that_is_over_is_not_in_alarm(served_routes: tuple[TestClient, Engine]) -> None:
    client, engine = served_routes
    run_id = collapsing(engine)
    engine.store.set_state(run_id, "stopped")
    assert client.get(f"/api/runs/{run_id}").json()["alarm"] is None
