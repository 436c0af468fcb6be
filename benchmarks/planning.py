"""CPU seconds and memory to plan large gridworlds to an error of 1e-6, beside QuantEcon, pymdptoolbox and mdpsolver.

python benchmarks/planning.py [--sizes 100,300,1000] [--discounts 0.99,0.999] [--maps scattered] [--limit 120] [--write]

Every solver gets the same map in a process of its own, already compiled, on one thread; its values are compared with
ours settled to 1e-9. Maps: "scattered" has walls on 15 % of its cells at random, "open" none, "maze" has one way
between any two cells, "enclosed" is scattered with one cell walled in. A move costs 1, slips to either side with
probability 0.1 each, and the goal is in the corner opposite the start. cpu_s is the solver's alone; build_s is for
making its arrays from the map. A solver that takes more than --limit CPU seconds is ended; null then. The peers: see
requirements-bench.txt.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.planning_maps import grid  # noqa: E402
from engine.gridworlds.compact import compact  # noqa: E402
from engine.planning.moves import Moves  # noqa: E402
from engine.planning.ordered import settle, settle_plainly  # noqa: E402

ERROR = 1e-6
BRIEF = 0.1  # what takes fewer seconds is measured over several rounds
RECORD = ROOT / "docs" / "planning.json"
REMARKS = "## What fell short, and why"  # written by hand below this heading, and kept
HEAD = ["| solver | CPU-s | to build | peak MB | error |", "|---|---|---|---|---|"]
Solver = Callable[[], np.ndarray]


def live_arrays(moves: Moves) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(live [L], next states [L, A, K] among them with L for the end, chances [K], rewards [L + 1, A])."""
    live = np.flatnonzero(~moves.terminal)
    place = np.full(moves.n_states, len(live))
    place[live] = np.arange(len(live))
    following = place[moves.entered(live)][:, moves.outcomes]
    rewards = moves.amounts[moves.ways[live]][:, moves.outcomes] @ moves.chances
    return live, following, moves.chances, np.vstack([rewards, np.zeros((1, rewards.shape[1]))])


def transitions(following: np.ndarray, chances: np.ndarray) -> Any:
    """[L + 1 states x A, L + 1], sparse, state by state; the end leads to itself."""
    from scipy.sparse import csr_array

    length, n_actions, n_outcomes = following.shape
    rows = np.repeat(np.arange(length * n_actions), n_outcomes)
    ends = np.arange(length * n_actions, (length + 1) * n_actions)
    entries = (
        np.concatenate([np.tile(chances, length * n_actions), np.ones(n_actions)]),
        (np.concatenate([rows, ends]), np.concatenate([following.ravel(), np.full(n_actions, length)])),
    )
    return csr_array(entries, shape=((length + 1) * n_actions, length + 1))


def spread(moves: Moves, live: np.ndarray, values: np.ndarray) -> np.ndarray:
    """[L + 1] back to the cells."""
    whole = np.zeros(moves.n_states)
    whole[live] = np.asarray(values)[: len(live)]
    return whole


def ours(moves: Moves) -> Solver:
    return lambda: settle(moves, ERROR).values


def plain_numpy(moves: Moves) -> Solver:
    return lambda: settle_plainly(moves, ERROR).values


def quantecon(method: str) -> Callable[[Moves], Solver]:
    def build(moves: Moves) -> Solver:
        from quantecon.markov import DiscreteDP
        from scipy.sparse import csr_matrix

        live, following, chances, rewards = live_arrays(moves)
        states, actions = np.divmod(np.arange(rewards.size), rewards.shape[1])
        matrix = csr_matrix(transitions(following, chances))
        problem = DiscreteDP(rewards.ravel(), matrix, moves.discount, states, actions)
        # Its value iteration stops at an error of epsilon / 2.
        return lambda: spread(moves, live, problem.solve(method=method, epsilon=2 * ERROR, max_iter=10**6).v)

    return build


def toolbox(name: str) -> Callable[[Moves], Solver]:
    def build(moves: Moves) -> Solver:
        from mdptoolbox import mdp
        from scipy.sparse import csr_matrix

        live, following, chances, rewards = live_arrays(moves)
        whole, n_actions = transitions(following, chances), rewards.shape[1]
        matrices = tuple(csr_matrix(whole[action::n_actions]) for action in range(n_actions))

        def solve() -> np.ndarray:
            # Its stopping rule is on the span of the change: the error is checked, not promised.
            problem = getattr(mdp, name)(matrices, rewards, moves.discount, epsilon=ERROR, max_iter=10**6)
            if name == "ValueIteration":
                problem.max_iter = 10**6
            problem.run()
            return spread(moves, live, problem.V)

        return solve

    return build


def mdpsolver(algorithm: str, update: str) -> Callable[[Moves], Solver]:
    def build(moves: Moves) -> Solver:
        import mdpsolver as package

        live, following, chances, rewards = live_arrays(moves)
        length, n_actions, _ = following.shape
        probabilities = [*np.broadcast_to(chances, following.shape).tolist(), [[1.0]] * n_actions]
        columns = [*following.tolist(), [[length]] * n_actions]
        problem = package.model()
        problem.mdp(
            discount=moves.discount, rewards=rewards.tolist(), tranMatProbs=probabilities, tranMatColumns=columns
        )

        def solve() -> np.ndarray:
            problem.solve(algorithm=algorithm, tolerance=ERROR, update=update, parallel=False)
            return spread(moves, live, np.array(problem.getValueVector()))

        return solve

    return build


SOLVERS: dict[str, Callable[[Moves], Solver]] = {
    "ours": ours,
    "numpy": plain_numpy,
    "QuantEcon VI": quantecon("value_iteration"),
    "QuantEcon PI": quantecon("policy_iteration"),
    "QuantEcon MPI": quantecon("modified_policy_iteration"),
    "pymdptoolbox VI": toolbox("ValueIteration"),
    "pymdptoolbox MPI": toolbox("PolicyIterationModified"),
    "mdpsolver VI": mdpsolver("vi", "standard"),
    "mdpsolver MPI": mdpsolver("mpi", "standard"),
    "mdpsolver MPI, Gauss-Seidel": mdpsolver("mpi", "gs"),
}


def measure(name: str, kind: str, side: int, discount: float, reference: Path) -> dict[str, Any]:
    """One solver on one map, in this process; writes `reference` where that is missing."""
    if name == "ours" and not reference.exists():
        np.save(reference, settle(compact(grid(kind, side, discount)), 1e-9).values)
        return {}
    SOLVERS[name](compact(grid("open", 10, 0.5)))()  # compiles
    subject = grid(kind, side, discount)
    begun = time.process_time()
    moves = compact(subject)
    solve = SOLVERS[name](moves)
    built = time.process_time()
    values, solved, rounds = solve(), time.process_time(), 1
    while solved - built < BRIEF:
        solve()
        solved, rounds = time.process_time(), rounds + 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = float(np.abs(values - np.load(reference)).max())
    return {
        "cpu_s": (solved - built) / rounds,
        "build_s": built - begun,
        "peak_mb": round(peak * 1024 / 1e6),
        "error": error,
        "reached": error <= ERROR,
    }


def apart(name: str, kind: str, side: int, discount: float, reference: Path, limit: int) -> dict[str, Any] | None:
    """As measure, in a process of its own; None where it took more than `limit` CPU seconds or failed."""
    command = [sys.executable, __file__, "--solver", name, "--maps", kind, "--sizes", str(side)]
    command += ["--discounts", str(discount), "--reference", str(reference)]
    one_thread = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
    done = subprocess.run(
        command,
        env=os.environ | one_thread,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
    )
    if done.returncode != 0:
        print(f"{name}: ended by {done.returncode} {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(kind: str, side: int, discount: float, names: list[str], limit: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "values.npy"
        apart("ours", kind, side, discount, reference, 600)
        found: dict[str, Any] = {"map": kind, "side": side, "discount": discount, "solvers": {}}
        for name in names:
            found["solvers"][name] = told = apart(name, kind, side, discount, reference, limit)
            print(f"{kind} {side} {discount} {name}: {told}", file=sys.stderr, flush=True)
    return found


def with_ratios(case: dict[str, Any]) -> dict[str, Any]:
    """The case with the CPU time of the best peer and of numpy as multiples of ours.

    Only what was measured makes one: a solver that was ended spent its limit on more than solving.
    """
    reached = {name: told["cpu_s"] for name, told in case["solvers"].items() if told is not None and told["reached"]}
    mine = reached.get("ours")
    peers = {name: cpu_s for name, cpu_s in reached.items() if name not in ("ours", "numpy")}
    best = min(peers, key=lambda name: peers[name], default=None)
    return case | {
        "best_peer": best,
        "times_best_peer": peers[best] / mine if best and mine else None,
        "times_numpy": reached["numpy"] / mine if "numpy" in reached and mine else None,
    }


def write_page(cases: list[dict[str, Any]]) -> None:
    """Put what was measured in place of what docs/planning.json had of it, and make docs/planning.md of all."""
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else []
    of: dict[tuple[Any, ...], dict[str, Any]] = {}
    for case in [*kept, *cases]:
        known = of.setdefault((case["map"], case["side"], case["discount"]), case)
        of[case["map"], case["side"], case["discount"]] = with_ratios(
            case | {"solvers": known["solvers"] | case["solvers"]}
        )
    RECORD.write_text(json.dumps([of[key] for key in sorted(of)], indent=1) + "\n")
    lines = ["# Planning on large maps", "", __doc__.split("\n\n")[2], ""]
    for key in sorted(of):
        lines += [f"## {key[0]}, {key[1]} x {key[1]}, discount {key[2]}", "", *HEAD]
        for name, told in of[key]["solvers"].items():
            figures = "not finished | | | |" if told is None else (
                f"{told['cpu_s']:.3g} | {told['build_s']:.3g} | {told['peak_mb']} | {told['error']:.1e} |"
            )  # fmt: skip
            lines.append(f"| {name} | {figures}")
        lines.append("")
    page = RECORD.with_suffix(".md")
    remarks = page.read_text().partition(REMARKS)[2] if page.exists() else "\n"
    page.write_text("\n".join([*lines, REMARKS]) + remarks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,300,1000")
    parser.add_argument("--discounts", default="0.99,0.999")
    parser.add_argument("--maps", default="scattered")
    parser.add_argument("--solvers", default=";".join(SOLVERS))
    parser.add_argument("--limit", type=int, default=120)
    parser.add_argument("--write", action="store_true", help="add the figures to docs/planning.json and its page")
    parser.add_argument("--solver")
    parser.add_argument("--reference", type=Path)
    options = parser.parse_args()
    cases = [
        (kind, int(side), float(discount))
        for kind in options.maps.split(",")
        for side in options.sizes.split(",")
        for discount in options.discounts.split(",")
    ]
    if options.solver:
        print(json.dumps(measure(options.solver, *cases[0], options.reference)))
        return
    found = [compare(*case, options.solvers.split(";"), options.limit) for case in cases]
    print(json.dumps([with_ratios(case) for case in found], indent=1))
    if options.write:
        write_page(found)


if __name__ == "__main__":
    main()
