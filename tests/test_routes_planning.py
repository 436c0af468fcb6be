"""The gridworld lab's routes, against published tables, sums done by hand, and what a person might send by mistake."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from routes_client import OURS, served
from starlette.testclient import TestClient

# Sutton & Barto (2018), figure 4.1, and the same sweeps to the last digit (dyadic fractions, so == is fair).
SWEEPS = {
    0: [0.0] * 16,
    1: [0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0],
    2: [0, -1.75, -2, -2, -1.75, -2, -2, -2, -2, -2, -2, -1.75, -2, -2, -1.75, 0],
    3: [
        *(0, -2.4375, -2.9375, -3, -2.4375, -2.875, -3, -2.9375),
        *(-2.9375, -3, -2.875, -2.4375, -3, -2.9375, -2.4375, 0),
    ],
}
ANSWER = [0, -14, -20, -22, -14, -18, -20, -20, -20, -20, -18, -14, -22, -20, -14, 0]
TWO_GOALS = "discount = 0.9\nstep_reward = -1\ngoal_reward = 10\n\nS.G\n...\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with served(tmp_path_factory.mktemp("store")) as (client, _):
        yield client


def asked(client: TestClient, path: str = "/api/plan", **body: Any) -> dict[str, Any]:
    response = client.post(path, json=body, headers=OURS)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, body: Any, path: str = "/api/plan") -> str:
    response = client.post(path, json=body, headers=OURS)
    assert response.status_code == 422, response.text
    return " ".join(response.json()["problems"])


@pytest.mark.parametrize("k", SWEEPS)
def test_evaluation_goes_through_the_textbooks_tables(client: TestClient, k: int) -> None:
    found = asked(client, map="small-4x4", method="policy-evaluation")["sweeps"]
    assert found["values"][k] == SWEEPS[k]
    alone = asked(client, "/api/plan/sweeps", map="small-4x4", method="policy-evaluation", **{"from": k})["sweeps"]
    assert (alone["from"], alone["values"][0]) == (k, SWEEPS[k])


def test_the_answer_is_the_limit_whatever_the_solver_is_at(client: TestClient) -> None:
    found = asked(client, map="small-4x4", method="policy-evaluation")["answer"]
    assert found["values"] == pytest.approx(ANSWER, abs=1e-9)
    # Cells 6 and 9: two actions are greedy for these values, all four are optimal (moves of equal length).
    assert [bin(found["greedy"][cell]).count("1") for cell in (6, 9)] == [2, 2]
    assert [found["optimal"][cell] for cell in (6, 9)] == [15, 15]


def test_a_bound_is_proven_sweep_by_sweep(client: TestClient) -> None:
    found = asked(client, map="small-4x4", method="policy-evaluation")["sweeps"]
    for values, bound in zip(found["values"], found["bound"], strict=True):
        assert max(abs(v - true) for v, true in zip(values, ANSWER, strict=True)) <= bound


def test_value_iteration_needs_three_sweeps_and_says_that_it_is_done(client: TestClient) -> None:
    found = asked(client, "/api/plan/sweeps", map="small-4x4", method="value-iteration", finish=True)
    assert (found["sweeps"]["made"], found["sweeps"]["ended"]) == (3, "converged")
    # 14 cells that are no goal, 4 moves each, in every sweep
    assert found["curve"]["backups"] == [0, 56, 112, 168]
    assert found["curve"]["delta"] == [None, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "method", ["value-iteration", "policy-iteration", "modified-policy-iteration", "prioritised-sweeping"]
)
def test_every_solver_comes_to_the_same_answer(client: TestClient, method: str) -> None:
    found = asked(client, "/api/plan/sweeps", map="small-4x4", method=method, finish=True)
    last = asked(client, "/api/plan/sweeps", map="small-4x4", method=method, **{"from": found["sweeps"]["made"]})
    distances = [0, -1, -2, -3, -1, -2, -3, -2, -2, -3, -2, -1, -3, -2, -1, 0]
    assert last["sweeps"]["values"][0] == pytest.approx(distances, abs=1e-6)


def test_the_moves_of_a_cell_add_up_to_its_value(client: TestClient) -> None:
    found = asked(client, map=TWO_GOALS, method="value-iteration", cell=1)
    moves = {move["action"]: move["outcomes"] for move in found["moves"]["actions"]}
    assert moves["E"] == [[1.0, 10.0, None]]  # into the goal, where the episode ends
    assert moves["N"] == [[1.0, -1.0, 1]]  # the edge
    assert moves["W"] == [[1.0, -1.0, 0]]
    assert found["answer"]["values"][:2] == [-1 + 0.9 * 10, 10]
    assert found["answer"]["q"][1] == pytest.approx([-1 + 0.9 * 10, 10, -1 + 0.9 * (-1 + 9), -1 + 0.9 * 8])


def test_slip_shows_every_outcome_with_its_chance(client: TestClient) -> None:
    found = asked(client, map=TWO_GOALS.replace("discount", "slip = 0.2\ndiscount"), cell=1)
    east = next(move for move in found["moves"]["actions"] if move["action"] == "E")
    # Meant: the goal. Slipped north: the edge, so the cell itself. Slipped south: cell 4.
    outcomes = {(reward, to): chance for chance, reward, to in east["outcomes"]}
    assert outcomes == pytest.approx({(10.0, None): 0.8, (-1.0, 1): 0.1, (-1.0, 4): 0.1})


def test_a_policy_of_ones_own_is_evaluated(client: TestClient) -> None:
    east, north = [0, 1, 0, 0], [1, 0, 0, 0]
    found = asked(
        client, map=TWO_GOALS, method="policy-evaluation", policy=[[east, east, None], [north, north, north]]
    )["answer"]
    assert found["values"] == pytest.approx([8, 10, 0, -1 + 0.9 * 8, -1 + 0.9 * 10, 10])


def test_an_improper_policy_is_named_and_the_sweeps_go_on(client: TestClient) -> None:
    walled = "starts = marked\n\nS.G\n###\n..#\n"
    found = asked(client, map=walled, method="policy-evaluation")
    assert "Improper policy: from 2 cells it may never end" in found["remarks"][0]
    assert found["answer"]["values"][6:8] == [None, None]
    # In the corridor N, S and the ends bump: V0 = -1 + 3/4 V0 + 1/4 V1 and V1 = -1 + 1/2 V1 + 1/4 V0
    assert found["answer"]["values"][:2] == pytest.approx([-12, -8])
    assert [values[6] for values in found["sweeps"]["values"][:4]] == [0, -1, -2, -3]
    assert "minus infinity" in asked(client, map=walled, method="value-iteration")["remarks"][0]


def test_a_walled_in_cell_does_not_take_the_bound_from_the_others(client: TestClient) -> None:
    walled = "starts = marked\n\nS.G\n###\n..#\n"
    found = asked(client, "/api/plan/sweeps", map=walled, method="value-iteration", finish=True)
    assert (found["sweeps"]["made"], found["sweeps"]["ended"]) == (2, "converged")
    assert found["curve"]["bound"][:2] == [pytest.approx(2), pytest.approx(1)]


def test_a_large_map_with_slip_and_walled_in_cells_is_answered(client: TestClient) -> None:
    """50 x 50, every fifth cell a wall, on the way to the goal none: 98 moves at least, more where a move slips."""
    drawn = random.Random(1)
    rows = [["#" if drawn.random() < 0.2 else "." for _ in range(50)] for _ in range(50)]
    for place in range(50):
        rows[place][0] = rows[49][place] = "."
    rows[0][0], rows[49][49] = "S", "G"
    found = asked(client, map="slip = 0.1\n\n" + "\n".join(map("".join, rows)) + "\n", method="value-iteration")
    assert -200 < found["answer"]["best_start"] < -98
    assert "minus infinity" in found["remarks"][0]


def test_q_comes_with_the_sweeps_that_ask_for_it(client: TestClient) -> None:
    assert asked(client, map=TWO_GOALS)["sweeps"]["q"] is None
    found = asked(client, map=TWO_GOALS, q=True)["sweeps"]
    # One move ahead of V = 0: only the moves into the goal pay 10
    assert found["q"][0][1] == [-1, 10, -1, -1]
    assert found["values"][1][:2] == [-1, 10]


def test_the_time_limits_optimum_stands_beside_the_unlimited_one(client: TestClient) -> None:
    # FrozenLake 4x4: .8235 = 14/17 without a limit, .7442 in its 100 moves (backward induction over Gymnasium's P)
    lake = {"map": "frozenlake-4x4", "method": "value-iteration"}
    assert asked(client, **lake)["answer"]["best_start"] == pytest.approx(14 / 17)
    limited = asked(client, "/api/plan/sweeps", **lake, finish=True)["limited"]
    assert limited == {"moves": 100, "best": pytest.approx(0.7442, abs=5e-5)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("....\n...\n...G\n", "line 2, column 4"),
        ("S..\n.X.\n..G\n", "line 2, column 2: 'X' is no cell"),
        ("S..\n...\n", "there is no goal"),
        ("...\n..G\n", "there is no start"),
        ("S#G\n.#.\n", "no goal can be reached"),
        ("dicsount = 1\n\nS.\n.G\n", "line 1, column 1: 'dicsount' is no setting; did you mean discount?"),
        ("clif", "did you mean cliff?"),
    ],
)
def test_a_wrong_map_gets_the_engines_sentence(client: TestClient, text: str, sentence: str) -> None:
    for path in ("/api/plan", "/api/plan/sweeps"):
        assert sentence in refused(client, {"map": text}, path)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "must be an object with a map"),
        ([], "must be an object with a map"),
        ({"map": 3}, "must be an object with a map"),
        ({"map": "cliff", "metod": "x"}, '"metod" is not known here'),
        ({"map": "cliff", "method": "q-learning"}, "must be one of value-iteration"),
        ({"map": "cliff", "method": "policy-iteration", "in_place": True}, "in_place is true"),
        ({"map": "cliff", "in_place": 1}, "in_place is 1"),
        ({"map": "cliff", "cell": 48}, "cell is 48; it must be a whole number between 0 and 47"),
        ({"map": "cliff", "cell": True}, "cell is true"),
        ({"map": "small-4x4", "method": "policy-evaluation", "policy": [[1]]}, "policy must have 4 rows of 4 cells"),
        ({"map": "small-4x4", "method": "policy-evaluation", "policy": [[[2, 0, 0, 0]] * 4] * 4}, "4 probabilities"),
        ({"map": "x\n" * 40_000}, "at most 60,000 are allowed"),
    ],
)
def test_what_cannot_be_answered_is_said(client: TestClient, body: Any, sentence: str) -> None:
    assert sentence in refused(client, body)


@pytest.mark.parametrize("number", [-1, 1.5, "3", 10**9, True])
def test_a_sweep_that_cannot_be_is_refused(client: TestClient, number: Any) -> None:
    assert "from is" in refused(client, {"map": "cliff", "from": number}, "/api/plan/sweeps")


def test_only_the_apps_own_pages_may_ask(client: TestClient) -> None:
    assert client.post("/api/plan", json={"map": "cliff"}, headers={"Origin": "http://evil.example"}).status_code == 403


def test_ten_by_ten_is_answered_while_somebody_paints(client: TestClient) -> None:
    """A map that was never asked for: the median of ten in CPU seconds, within the 200 ms that feel immediate."""
    taken = []
    for place in range(10):
        rows = [["."] * 10 for _ in range(10)]
        rows[0][0], rows[9][9], rows[4][place] = "S", "G", "#"
        began = time.process_time()
        asked(client, map="slip = 0.1\n\n" + "\n".join(map("".join, rows)) + "\n", method="value-iteration")
        taken.append(time.process_time() - began)
    assert sorted(taken)[5] < 0.2
