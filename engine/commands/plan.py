"""`plan`: solves a gridworld exactly, for so many sweeps or to a proven error.

A policy FILE has a line per row of the map and a word per cell, separated by blanks: the letters of the actions, each
as likely (N, NW), or each with its probability (N:0.8,E:0.2), and anything where no move is made (`.` or `#`). JSON is
read too: rows of such words or of probabilities in the order N E S W, or what `plan --json` printed.
"""

import argparse
import math
import os
import sys

from engine.commands.options import whole_number
from engine.commands.stores import Refused
from engine.commands.text import number, print_json
from engine.gridworlds.dynamics import deciding, observation_codes, tabular
from engine.gridworlds.maps import GridMap, MapError
from engine.gridworlds.plans import limited_object, memoryless_object, plan_object
from engine.gridworlds.policies import MAX_CHARACTERS, PolicyError, parse_policy
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import MAX_TIME_LIMIT, parse_map
from engine.gridworlds.wide import figures, wide_plan, write_json
from engine.planning.mdp import Floats, TabularMDP, start_value, uniform_policy
from engine.planning.solving import IN_PLACE, MAX_SWEEPS, METHODS, TOLERANCE, solve

PLANNED_SIDE = 2_000
DENSE_SIDE = 300  # arrays of every outcome, as the other solvers need them, take a kilobyte a cell
WIDE = 10_000  # cells beyond which the solver for very large maps is the faster one


def configure(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--map", required=True, metavar="FILE_OR_NAME", help="a map's name, or a file with a map as text"
    )
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help=f"the solver ({METHODS[0]})")
    parser.add_argument("--policy", metavar="random|FILE", help="the policy that policy-evaluation evaluates (random)")
    stop = parser.add_mutually_exclusive_group()
    stop.add_argument(
        "--sweeps", type=whole_number("--sweeps", 0, MAX_SWEEPS), metavar="K", help="make K sweeps from V = 0"
    )
    stop.add_argument(
        "--tol",
        type=_tolerance,
        default=TOLERANCE,
        metavar="X",
        help=f"sweep until the proven error is X ({TOLERANCE:g})",
    )
    parser.add_argument("--in-place", action="store_true", help=f"use new values at once ({', '.join(IN_PLACE)})")
    parser.add_argument(
        "--time-limit",
        type=whole_number("--time-limit", 1, MAX_TIME_LIMIT),
        nargs="?",
        const=0,
        metavar="MOVES",
        help="also the optimum within so many moves (without a number: the map's own limit)",
    )
    parser.add_argument(
        "--observation",
        choices=["walls"],
        help="also the best policies without memory that see only which sides of their cell are blocked",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    if arguments.policy is not None and arguments.method != "policy-evaluation":
        raise Refused(f"--policy is for policy-evaluation; {arguments.method} finds the best policy itself")
    if arguments.in_place and arguments.method not in IN_PLACE:
        raise Refused(f"--in-place is for {' and '.join(IN_PLACE)}, not for {arguments.method}")
    grid = _map(arguments.map)
    if _is_wide(grid, arguments):
        return _run_wide(grid, arguments)
    mdp = tabular(grid)
    plan = solve(
        mdp,
        arguments.method,
        _policy(arguments.policy, grid, mdp),
        n_sweeps=arguments.sweeps,
        tolerance=arguments.tol,
        in_place=arguments.in_place,
    )
    told = {"map": arguments.map, "method": arguments.method, "discount": grid.discount} | plan_object(grid, plan)
    told["return"] = start_value(mdp, plan.best.values)
    if arguments.time_limit is not None:
        told["time_limited"] = limited_object(grid, mdp, arguments.time_limit or grid.time_limit)
    if arguments.observation is not None:
        told["memoryless"] = memoryless_object(grid, mdp, observation_codes(grid, arguments.observation)[0])
    if arguments.json:
        print_json(told)
    else:
        _print(grid, told)
    return 0


def _is_wide(grid: GridMap, arguments: argparse.Namespace) -> bool:
    """Whether to solve the map as a very large one; Refused where it is too large for all else."""
    reasons = {
        "a discount below 1": grid.discount == 1.0,
        "--method value-iteration": arguments.method != "value-iteration",
        "no --in-place": arguments.in_place,
        "no --time-limit": arguments.time_limit is not None,
        "no --observation": arguments.observation is not None,
    }
    needed = [reason for reason, missing in reasons.items() if missing]
    if needed and max(grid.rows, grid.cols) > DENSE_SIDE:
        size = f"{arguments.map} has {grid.rows} rows and {grid.cols} columns"
        raise Refused(f"{size}; beyond {DENSE_SIDE} of either, plan needs {' and '.join(needed)}")
    return not needed and grid.size > WIDE


def _run_wide(grid: GridMap, arguments: argparse.Namespace) -> int:
    plan = wide_plan(grid, arguments.tol, arguments.sweeps)
    told = {"map": arguments.map, "method": arguments.method, "discount": grid.discount} | figures(plan)
    if arguments.json:
        write_json(grid, plan, told, sys.stdout)
        return 0
    print(f"{grid.rows} rows, {grid.cols} columns: too large to print; --json writes every cell")
    _print_figures(told)
    return 0


def _map(file_or_name: str) -> GridMap:
    """The map of that name, else the one in that file."""
    try:
        if file_or_name in MAPS or not os.path.isfile(file_or_name):
            return read_map(file_or_name.replace("\n", " "))
        return parse_map(_read(file_or_name), PLANNED_SIDE)
    except MapError as error:
        if os.path.isfile(file_or_name):
            raise Refused(str(error)) from None
        missing = "that is a folder" if os.path.isdir(file_or_name) else "there is no such file"
        raise Refused(f"--map: {error.problem}; and {missing}") from None


def _policy(file: str | None, grid: GridMap, mdp: TabularMDP) -> Floats | None:
    if file is None or (file == "random" and not os.path.exists(file)):
        return None
    if not os.path.isfile(file):
        missing = "that is a folder" if os.path.isdir(file) else "there is no such file"
        raise Refused(f"--policy is {file[:80]!r}; it must be random or a file, and {missing}")
    try:
        followed = parse_policy(_read(file), grid, deciding(grid))
    except PolicyError as error:
        raise Refused(str(error)) from None
    policy = uniform_policy(mdp)
    policy[: grid.size] = followed
    return policy


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:  # with or without a byte order mark
            text = file.read(MAX_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise Refused(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    if len(text) > MAX_CHARACTERS:
        raise Refused(f"{path} has more than {MAX_CHARACTERS:,} characters, the most that a map or a policy may have")
    return text


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"--tol is {text[:40]!r}; it must be a number above 0, as 1e-6")
    return value


def _print(grid: GridMap, told: dict) -> None:
    """Values and best actions as two grids, and one line of figures."""
    values = [
        ["#" if not grid.open(r, c) else "-" if v is None or v != v else f"{v:.2f}" for c, v in enumerate(row)]
        for r, row in enumerate(told["V"])
    ]
    _print_grid(values)
    print()
    _print_grid([[word or "." for word in row] for row in told["greedy_actions"]])
    print()
    _print_figures(told)
    if "time_limited" in told:
        limited = told["time_limited"]
        print(f"  within {limited['moves']} moves: {number(limited['return'])}")
    if "memoryless" in told:
        for kind, name in (("deterministic", "with certainty"), ("stochastic", "with dice")):
            print(f"  seeing only walls, {name}: {number(told['memoryless'][kind]['return'])}")


def _print_figures(told: dict) -> None:
    bound = "-" if told["error_bound"] is None else f"{told['error_bound']:.3g}"
    change = f"last change {told['delta']:.3g}, proven error {bound}"
    print(f"{told['sweeps']} sweeps, {told['backups']:,} backups, {change}")
    print(f"expected return from the start: {number(told['return'])} at best")
    for note in told["notes"]:
        print(note)


def _print_grid(rows: list[list[str]]) -> None:
    width = max(len(word) for row in rows for word in row)
    for row in rows:
        print("  ".join(word.rjust(width) for word in row))
