"""The gridworld lab's race and its search for policies without memory, over the routes."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from routes_client import OURS, served
from starlette.testclient import TestClient

from engine.gridworlds.dynamics import observation_codes, tabular
from engine.gridworlds.presets import read_map
from engine.planning.memoryless import best_of_each_kind
from engine.service import Engine

RACE = {"map": "small-4x4", "algorithms": ["ppo", "sarsa"], "seeds": 2, "budget": 1024}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Engine]]:
    with served(tmp_path_factory.mktemp("store")) as both:
        yield both


def test_a_race_is_a_group_of_runs_for_each_algorithm_on_the_same_seeds(lab: tuple[TestClient, Engine]) -> None:
    client, engine = lab
    response = client.post("/api/plan/race", json={**RACE, "map": "aliased"}, headers=OURS)
    assert response.status_code == 201, response.text
    runners = response.json()["runners"]
    assert [runner["algorithm"] for runner in runners] == ["ppo", "sarsa"]
    for runner in runners:
        runs = [engine.store.get_run(run_id) for run_id in runner["runs"]]
        assert [run.seed for run in runs] == [1, 2] and {run.group_id for run in runs} == {runner["group"]}
        for run in runs:
            assert run.config["task"]["map"] == "aliased" and run.config["budget"] == 1024
            assert run.config["algorithm"]["discount"] == 0.9  # the map's
            assert engine.wait(run.run_id, 60)
            assert "exact_return" in engine.store.metrics(run.run_id).names


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"algorithms": ["ppo"]}, "must be 2 or 3 different ones of pg, trpo, ppo, q-learning"),
        ({"algorithms": ["ppo", "ppo"]}, "different"),
        ({"algorithms": ["ppo", "dqn"]}, "must be 2 or 3"),
        ({"algorithms": [["ppo"], "pg"]}, "must be 2 or 3"),
        ({"algorithms": "ppo"}, "must be 2 or 3"),
        ({"seeds": 0}, "seeds is 0; it must be a whole number between 1 and 10"),
        ({"seeds": True}, "seeds is true"),
        ({"budget": "much"}, "budget is"),
        ({"budget": 0}, "budget is 0"),
        ({"map": "clif"}, "did you mean cliff?"),
        ({"map": 3}, "must be an object with map, algorithms, seeds, budget"),
        ({"colour": "red"}, "must be an object with"),
    ],
)
def test_a_race_that_cannot_be_run_is_refused(lab: tuple[TestClient, Engine], changed: dict, sentence: str) -> None:
    response = lab[0].post("/api/plan/race", json=RACE | changed, headers=OURS)
    assert response.status_code == 422, response.text
    assert sentence in " ".join(response.json()["problems"])


def found(client: TestClient, map_: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        response = client.post("/api/plan/memoryless", json={"map": map_}, headers=OURS)
        assert response.status_code == 200, response.text
        if response.json()["state"] != "searching":
            return response.json()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_three_answers_without_memory(lab: tuple[TestClient, Engine]) -> None:
    """By hand, for the money worth 1: g^2 / 2 with certainty, g^2 / (2 - g^2) with dice, g^2 with full sight."""
    plain = "step_reward = 0\ngoal_reward = 1\npit_reward = -1\ndiscount = 0.9\n\nS...S\nP#G#P\n"
    told = found(lab[0], plain)
    assert told["state"] == "found" and told["deterministic"]["proven"]
    expected = (0.81 / 2, 0.81 / (2 - 0.81), 0.81)
    for kind, worth in zip(("deterministic", "stochastic", "observed"), expected, strict=True):
        assert told[kind]["return"] == pytest.approx(worth, abs=1e-6)
    assert told["seen"][0] == [9, 5, 1, 5, 3]  # north 1, east 2, south 4, west 8: no wall south of the pits' neighbours


def test_a_search_ends_in_time() -> None:
    grid = read_map("four-rooms")
    codes, _ = observation_codes(grid, "walls")
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        best_of_each_kind(tabular(grid), codes, began + 0.2)
    assert time.monotonic() - began < 5


def test_a_map_that_cannot_be_read_is_refused(lab: tuple[TestClient, Engine]) -> None:
    response = lab[0].post("/api/plan/memoryless", json={"map": "S..\n...\n"}, headers=OURS)
    assert response.status_code == 422 and "there is no goal" in response.json()["problems"][0]
