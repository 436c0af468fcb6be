"""The commands `plan`, `maps` and `map`: the slides' tables, policies from files, wrong input, improper policies."""

import json

import pytest
from command_line import call

from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import parse_map
from engine.planning.solving import METHODS


def plan(capsys, name="small-4x4", method="value-iteration", *more):
    code, out, err = call(capsys, "plan", "--map", str(name), "--method", method, "--json", *more)
    assert code == 0, err
    return json.loads(out, parse_constant=lambda token: pytest.fail(f"{token} is no JSON"))


# Sutton & Barto (2018), figure 4.1 and the slides made of it (their k = 1, 2, 3, 10 and infinity); dyadic, so exact.
TABLES = {
    1: [[0, -1, -1, -1], [-1, -1, -1, -1], [-1, -1, -1, -1], [-1, -1, -1, 0]],
    2: [[0, -1.75, -2, -2], [-1.75, -2, -2, -2], [-2, -2, -2, -1.75], [-2, -2, -1.75, 0]],
    3: [
        [0, -2.4375, -2.9375, -3],
        [-2.4375, -2.875, -3, -2.9375],
        [-2.9375, -3, -2.875, -2.4375],
        [-3, -2.9375, -2.4375, 0],
    ],
}
LIMIT = [[0, -14, -20, -22], [-14, -18, -20, -20], [-20, -20, -18, -14], [-22, -20, -14, 0]]


@pytest.mark.parametrize("k", TABLES)
def test_the_slides_tables_to_the_last_digit(capsys, k):
    told = plan(capsys, "small-4x4", "policy-evaluation", "--policy", "random", "--sweeps", str(k))
    assert told["V"] == TABLES[k] and told["sweeps"] == k and told["improper"] is False


def test_the_tenth_table_and_the_limit(capsys):
    tenth = plan(capsys, "small-4x4", "policy-evaluation", "--policy", "random", "--sweeps", "10")["V"]
    expected = [0, -6.137970, -8.352356, -8.967316, -6.137970, -7.737396, -8.427826, -8.352356]
    assert tenth[0] + tenth[1] == pytest.approx(expected, abs=5e-7)
    told = plan(capsys, "small-4x4", "policy-evaluation", "--policy", "random")
    for row, book in zip(told["V"], LIMIT, strict=True):
        assert row == pytest.approx(book, abs=told["error_bound"])
    assert told["error_bound"] <= 1e-8


def test_greedy_arrows_are_not_all_optimal_ones(capsys):
    told = plan(capsys, "small-4x4", "policy-evaluation", "--sweeps", "10")
    assert told["greedy_actions"][1] == ["N", "NW", "SW", "S"]
    assert told["optimal_actions"][1] == ["N", "NW", "NESW", "S"]
    assert told["greedy_actions"][0][0] == ""


def test_every_key_is_there(capsys):
    told = plan(capsys, "four-rooms")
    keys = {"V", "Q", "greedy_actions", "optimal_actions", "sweeps", "delta", "error_bound", "improper"}
    assert keys <= set(told)
    assert told["V"][0][5] is None and told["Q"][0][5] is None and told["optimal_actions"][0][5] == ""
    assert len(told["Q"][0][0]) == 4 and told["V"][0][0] == pytest.approx(max(told["Q"][0][0]), abs=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_the_tolerance_is_on_the_proven_error(capsys, method):
    told = plan(capsys, "frozenlake-4x4", method, "--tol", "1e-4")
    assert told["error_bound"] <= 1e-4 and told["sweeps"] >= 1 and told["method"] == method


def test_in_place_needs_fewer_sweeps(capsys):
    each = plan(capsys, "small-4x4", "policy-evaluation")["sweeps"]
    assert plan(capsys, "small-4x4", "policy-evaluation", "--in-place")["sweeps"] < each


NORTH = "N N N N\n" * 4


def test_a_policy_from_a_file_that_never_ends_is_improper(capsys, tmp_path):
    file = tmp_path / "north.txt"
    file.write_text(NORTH)
    told = plan(capsys, "small-4x4", "policy-evaluation", "--policy", str(file))
    assert told["improper"] is True and told["V"][0] == [0, None, None, None]
    assert [row[0] for row in told["V"]] == [0, -1, -2, -3]
    assert "improper policy" in told["notes"][0]
    told = plan(capsys, "small-4x4", "policy-evaluation", "--policy", str(file), "--sweeps", "7")
    assert told["V"][3][3] == 0 and told["V"][3][2] == -7 and told["improper"] is True and told["error_bound"] is None


def test_a_printed_plan_is_a_policy(capsys, tmp_path):
    best = plan(capsys, "frozenlake-8x8")
    file = tmp_path / "best.json"
    file.write_text(json.dumps(best))
    told = plan(capsys, "frozenlake-8x8", "policy-evaluation", "--policy", str(file))
    for row, promised in zip(told["V"], best["V"], strict=True):
        assert row == pytest.approx(promised, abs=1e-7)
    file.write_text(json.dumps(best["optimal_actions"]))
    assert plan(capsys, "frozenlake-8x8", "policy-evaluation", "--policy", str(file))["sweeps"] > 1


def test_ties_and_probabilities_in_a_policy(capsys, tmp_path):
    """Beside the goal: east with 1/4 each gives -4 moves; E:0.5,W:0.5 gives -2."""
    (tmp_path / "map").write_text("SG\n##\n")
    (tmp_path / "policy").write_text("E:0.5,W:0.5 .\n\n# #\n")
    at = [tmp_path / "map", "policy-evaluation", "--policy"]
    assert plan(capsys, *at, str(tmp_path / "policy"))["V"][0][0] == pytest.approx(-2, abs=1e-7)
    (tmp_path / "policy").write_text('[["NESW", null], [null, [1, 0, 0, 0]]]')
    assert plan(capsys, *at, str(tmp_path / "policy"))["V"][0][0] == pytest.approx(-4, abs=1e-7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("N N N N\nN N X N\nN N N N\nN N N N\n", "line 2, column 5: 'X' in 'X' is no action"),
        ("N N N N\n" * 3, "it has 3 rows, the map has 4"),
        ("N N N N\n" * 5, "line 5, column 1: one row too many; the map has 4 rows"),
        ("N N N N\nN N N\nN N N N\nN N N N\n", "line 2, column 6: this row has 3 cells, the map has 4 columns"),
        ("N N N N\nN N N N N\nN N N N\nN N N N\n", "line 2, column 9: this row has 5 cells"),
        ("N N NN N\n" + "N N N N\n" * 3, "line 1, column 5: 'NN' has N twice"),
        ("N N N:0.4,E:0.4 N\n" + "N N N N\n" * 3, "line 1, column 5: the probabilities of 'N:0.4,E:0.4' add up to 0.8"),
        ("N N N:nan N\n" + "N N N N\n" * 3, "line 1, column 5: 'nan' in 'N:nan' must be a probability"),
        ("N N . N\n" + "N N N N\n" * 3, "line 1, column 5: no action for a cell where one is needed"),
        ("[[1,\n", "line 2, column 1: Expecting value"),
        ("[[1]]", "it must be a list of 4 rows"),
        ('{"a": 1}', 'the object has no "policy"'),
        (json.dumps([["N"] * 4] * 3 + [["N"] * 3]), "row 4, column 1: it must be a list of 4 cells"),
        (json.dumps([["N"] * 4] * 2 + [["N", 3, "N", "N"], ["N"] * 4]), "row 3, column 2: 3 is no policy of a cell"),
        (json.dumps([["N", [1, 1, 0, 0], "N", "N"]] + [["N"] * 4] * 3), "row 1, column 2: the probabilities"),
        ("", "it has 0 rows"),
    ],
)
def test_a_wrong_policy_names_the_place(capsys, tmp_path, text, words):
    (tmp_path / "policy").write_text(text)
    code, _, err = call(
        capsys, "plan", "--map", "small-4x4", "--method", "policy-evaluation", "--policy", str(tmp_path / "policy")
    )
    assert code == 2 and words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "smal-4x4"], "did you mean small-4x4?"),
        (["--map", "SMALL-4X4"], "did you mean small-4x4?"),
        (["--map", "/no/such/file"], "no such file"),
        (["--map", "x" * 5000], "no such file"),
        (["--map", "/"], "that is a folder"),
        (["--map", "cliff", "--method", "policy-improvement"], "--method: invalid choice"),
        (["--map", "cliff", "--sweeps", "-1"], "--sweeps is '-1'; it must be a whole number between 0 and 100000"),
        (["--map", "cliff", "--sweeps", "2", "--tol", "1"], "not allowed with"),
        (["--map", "cliff", "--tol", "0"], "--tol is '0'; it must be a number above 0"),
        (["--map", "cliff", "--tol", "nan"], "--tol is 'nan'"),
        (["--map", "cliff", "--policy", "random"], "--policy is for policy-evaluation"),
        (["--map", "cliff", "--method", "policy-evaluation", "--policy", "nowhere"], "there is no such file"),
        (["--map", "cliff", "--method", "policy-evaluation", "--policy", "x" * 5000], "there is no such file"),
        (["--map", "cliff", "--method", "policy-evaluation", "--policy", "/"], "that is a folder"),
        (["--map", "cliff", "--method", "policy-iteration", "--in-place"], "--in-place is for"),
        ([], "--map"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(capsys, arguments, words):
    code, out, err = call(capsys, "plan", *arguments)
    assert code == 2 and out == "" and words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--map", "\x1b[31mcliff\n"],
        ["plan", "--map", "cliff", "--\x1b[31m", "1"],
        ["plan", "--map", "cliff", "\x1b[31m\n"],
        ["plan", "--map", "cliff", "--method", "\x1b[31m"],
        ["map", "\x07clif"],
        ["train", "--set", "\x1b[31m"],
        ["train", "--preset", "\x1b[31m"],
        ["train", "--config", "\x1b[31m\n"],
        ["train", "--preset", "molecules-qed-pg", "--set", "task.prior=a\x00b"],
        ["show", "\x1b[31m", "--store", "\x1b[31m\n"],
    ],
)
def test_no_terminal_obeys_what_is_said_of_wrong_input(capsys, arguments):
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == "" and err.removesuffix("\n").isprintable()


def test_a_wrong_map_file_names_line_and_column(capsys, tmp_path):
    (tmp_path / "map").write_text("S..\n.x.\n..G\n")
    code, _, err = call(capsys, "plan", "--map", str(tmp_path / "map"))
    assert code == 2 and "line 2, column 2: 'x' is no cell" in err
    (tmp_path / "map").write_bytes(b"\xff\xfe\x00")
    code, _, err = call(capsys, "plan", "--map", str(tmp_path / "map"))
    assert code == 2 and "is not text in UTF-8" in err


@pytest.mark.parametrize("written", ["{}", "\ufeff{}"])
@pytest.mark.parametrize(("newline", "blank"), [("\n", ""), ("\r\n", ""), ("\r", ""), ("\n", " \t"), ("\r\n", "\t ")])
def test_a_map_is_read_as_any_editor_writes_it(capsys, tmp_path, written, newline, blank):
    text = "discount = 0.5\n\nS.\n.G\n".replace("\n", blank + newline)
    (tmp_path / "map").write_bytes(written.format(text).encode())
    assert plan(capsys, tmp_path / "map")["V"] == [[-1.5, -1], [-1, 0]]
    (tmp_path / "policy").write_bytes(written.format("ES S\nE .\n".replace("\n", blank + newline)).encode())
    told = plan(capsys, tmp_path / "map", "policy-evaluation", "--policy", str(tmp_path / "policy"))
    assert told["V"] == [[-1.5, -1], [-1, 0]]


def test_without_json_it_prints_two_grids_and_the_figures(capsys):
    code, out, _ = call(capsys, "plan", "--map", "small-4x4")
    assert code == 0
    assert out.splitlines()[0].split() == ["0.00", "-1.00", "-2.00", "-3.00"]
    assert out.splitlines()[5].split() == [".", "W", "W", "SW"]
    assert "4 sweeps" in out and "proven error" in out


def test_maps_lists_and_map_prints_what_can_be_read_again(capsys):
    code, out, _ = call(capsys, "maps")
    assert code == 0 and [line.split()[0] for line in out.splitlines()[1:]] == list(MAPS)
    listed = json.loads(call(capsys, "maps", "--json")[1])
    for name in MAPS:
        code, out, _ = call(capsys, "map", name)
        assert code == 0 and parse_map(out) == read_map(name) and listed[name]["text"] == out
    code, _, err = call(capsys, "map", "clif")
    assert code == 2 and "did you mean cliff?" in err


def test_the_optimum_under_a_time_limit_beside_the_unlimited_one(capsys):
    """FrozenLake: 14/17 = 0.8235 without a limit, 0.7442 within Gymnasium's 100 moves."""
    told = plan(capsys, "frozenlake-4x4", "value-iteration", "--time-limit")
    assert told["return"] == pytest.approx(14 / 17, abs=1e-8)
    assert told["time_limited"]["moves"] == 100
    assert told["time_limited"]["return"] == pytest.approx(0.7442, abs=5e-5)
    told = plan(capsys, "cliff", "value-iteration", "--time-limit", "12")
    assert told["return"] == -13 and told["time_limited"]["return"] == -12


def test_cells_without_a_value_that_no_episode_comes_to_leave_the_return_as_it_is(capsys, tmp_path):
    """Two moves of -1 lead home; behind the wall going round pays 5 for ever, so no cell there has a finite value."""
    file = tmp_path / "walled.txt"
    file.write_text("step_reward = -1\n\nS.G#..\n####..\n\nreward 1 5 = 5\n")
    told = plan(capsys, file)
    assert told["V"][0] == [-2, -1, 0, None, None, None] and told["return"] == -2


def test_seeing_only_walls(capsys):
    """The preset: each move costs 0.1, discount 0.9, the money 1; with full sight by hand."""
    told = plan(capsys, "aliased", "value-iteration", "--observation", "walls")
    seen = told["memoryless"]
    assert seen["observed"]["return"] == pytest.approx(-0.1 + 0.9 * (-0.1 + 0.9 * 1), abs=1e-9)
    assert seen["stochastic"]["policy"][0][1] == pytest.approx([0, 0.5, 0, 0.5], abs=1e-2)
    assert seen["deterministic"]["return"] < seen["stochastic"]["return"] < seen["observed"]["return"]
    assert seen["seen"][0] == [9, 5, 1, 5, 3]
    code, out, _ = call(capsys, "plan", "--map", "aliased", "--observation", "walls", "--time-limit", "50")
    assert code == 0 and "seeing only walls, with dice" in out and "within 50 moves" in out
