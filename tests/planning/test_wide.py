"""Very large maps: the plan is what the other solvers find, its JSON the same object, and too large is refused."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from engine.__main__ import main
from engine.gridworlds.compact import compact
from engine.gridworlds.dynamics import tabular
from engine.gridworlds.plans import plan_object
from engine.gridworlds.text import print_map
from engine.gridworlds.wide import figures, wide_plan, write_json
from engine.planning.solving import solve
from tests.planning.test_any_map import drawn
from tests.planning.test_ordered import scattered


def written(grid, *arguments):
    plan, file = wide_plan(grid, *arguments), io.StringIO()
    write_json(grid, plan, figures(plan), file)
    return json.loads(file.getvalue(), parse_constant=lambda token: pytest.fail(f"{token} is no JSON"))


def near(found, expected):
    """Equal rows of cells, numbers up to 3e-8."""
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            near(one, other)
    else:
        assert found == (pytest.approx(expected, abs=3e-8) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("seed", range(40))
def test_any_map_is_planned_as_the_small_ones_are(seed):
    rng = np.random.default_rng(seed)
    grid = replace(drawn(rng), discount=float(rng.choice([0.5, 0.9, 0.99])))
    found, expected = written(grid, 1e-8), plan_object(grid, solve(tabular(grid), "policy-iteration"))
    for key in ("V", "Q", "greedy_actions", "optimal_actions", "improper_cells", "improper"):
        near(found[key], expected[key])
    for row, rows in zip(found["policy"], found["optimal_actions"], strict=True):
        for chances, words in zip(row, rows, strict=True):
            taken = [name for name, p in zip(grid.actions, chances or [], strict=False) if p == 1.0]
            assert (chances is None) == (words == "") and all(name in words for name in taken)


@pytest.mark.parametrize("seed", range(10))
def test_so_many_sweeps_from_nothing(seed):
    grid = replace(drawn(np.random.default_rng(seed)), discount=0.9)
    for k in (0, 1, 3):
        found, expected = written(grid, 1e-8, k), solve(tabular(grid), "value-iteration", n_sweeps=k)
        for key in ("V", "Q", "greedy_actions", "optimal_actions"):
            near(found[key], plan_object(grid, expected)[key])
        assert found["return"] == pytest.approx(tabular(grid).start @ expected.best.values, abs=1e-7)
        assert found["sweeps"] == k and found["error_bound"] == pytest.approx(expected.error_bound, abs=1e-9)


def plan_file(capsys, file, *arguments):
    code = main(["plan", "--map", str(file), *arguments])
    return code, *capsys.readouterr()


def test_the_command_plans_a_wide_map(capsys, tmp_path):
    grid = scattered(120, 0.2, 0.95)
    (tmp_path / "map").write_text(print_map(grid))
    code, out, _ = plan_file(capsys, tmp_path / "map", "--json", "--tol", "1e-6")
    told = json.loads(out)
    assert code == 0 and told["error_bound"] <= 1e-6 and told["method"] == "value-iteration"
    expected = solve(tabular(grid), "modified-policy-iteration")
    near(told["V"], plan_object(grid, expected)["V"])
    assert told["return"] == pytest.approx(expected.values[compact(grid).starts].mean(), abs=1e-7)
    code, out, _ = plan_file(capsys, tmp_path / "map")
    assert code == 0 and "too large to print" in out and "proven error" in out


@pytest.mark.parametrize(
    ("discount", "arguments", "words"),
    [
        (1.0, [], "plan needs a discount below 1"),
        (0.9, ["--method", "policy-iteration"], "plan needs --method value-iteration"),
        (0.9, ["--time-limit", "9", "--in-place"], "plan needs no --in-place and no --time-limit"),
    ],
)
def test_what_only_smaller_maps_can_have_is_refused(capsys, tmp_path, discount, arguments, words):
    (tmp_path / "map").write_text(print_map(scattered(301, 0, discount)))
    code, out, err = plan_file(capsys, tmp_path / "map", *arguments)
    assert code == 2 and out == "" and words in err and "301 rows" in err and err.count("\n") == 1
    (tmp_path / "map").write_text("S" + "." * 2000 + "G\n" + "." * 2002 + "\n")
    code, _, err = plan_file(capsys, tmp_path / "map")
    assert code == 2 and "allowed are 2 to 2000" in err
