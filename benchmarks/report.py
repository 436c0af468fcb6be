"""Runs the benchmarks and writes docs/benchmarks.md: what was promised, what was measured, and how to measure it again.

python benchmarks/report.py [--only throughput,...] [--write]
Each benchmark's JSON is kept in docs/benchmarks.json; --only runs some of them anew, --write makes the page from it.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
RECORD, PAGE = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"
COMMANDS = {
    "throughput": ["throughput.py"],
    "environments": ["environments.py"],
    "live": ["live.py"],
    "store": ["store.py"],
    "crash": ["crash.py", "--kills", "100"],
}
REMARKS = "## What fell short, and why"  # written by hand below this heading, and kept
PACKAGES = ("torch", "gymnasium", "streamlit", "numpy", "stable-baselines3", "sb3-contrib")


class Row(NamedTuple):
    """One promise: it is kept where what `measured` finds is at least `goal` (or at most, where `below`)."""

    what: str
    benchmark: str
    measured: Callable[[dict[str, Any]], float]
    goal: float
    below: bool = False


def ratio(name: str) -> Callable[[dict[str, Any]], float]:
    return lambda found: found[name]["ratio"]


def at(*path: str) -> Callable[[dict[str, Any]], float]:
    def read(found: Any) -> float:
        for name in path:
            found = found[name]
        return max(found) if isinstance(found, list) else found

    return read


ROWS = [
    Row("CartPole PPO, CPU-s to solved, SB3 tuned : ours", "throughput", ratio("cartpole-solved"), 20),
    Row("CartPole TRPO, CPU-s to solved, sb3-contrib : ours", "throughput", ratio("cartpole-trpo-solved"), 12),
    Row("CartPole PPO, 128 envs x 32, env steps per CPU-s, ours : SB3 tuned", "throughput",
        ratio("cartpole-steps-wide"), 35),
    Row("the same, share of what its matrix products alone would allow", "throughput",
        ratio("cartpole-share-of-bound"), 0.6),
    Row("CartPole PPO with SB3's own settings, env steps per CPU-s, ours : SB3", "throughput",
        ratio("cartpole-steps-as-sb3"), 6),
    Row("Acrobot PPO, CPU-s to SB3's return at 100k steps, SB3 : ours", "throughput", ratio("acrobot-ppo-final"), 10),
    Row("Pendulum PPO, the same at 100k steps", "throughput", ratio("pendulum-ppo-final"), 10),
    Row("MountainCarContinuous PPO, the same at 20k steps", "throughput",
        ratio("mountaincar-continuous-ppo-final"), 10),
    Row("LunarLander PPO, the same at 300k steps", "throughput", ratio("lunarlander-ppo-final"), 3),
    Row("InvertedPendulum PPO, the same at 60k steps", "throughput", ratio("inverted-pendulum-ppo-final"), 3),
    Row("seconds from submitting a run to its first metric, warm", "throughput", ratio("first-metric-s"), 0.3, True),
    Row("CPU-s for metrics, store and checkpoints, over those without", "throughput", ratio("recording-share"), 0.03,
        True),
    *[
        Row(f"{env_id}, 64 copies, env steps per CPU-s, ours : SyncVectorEnv", "environments",
            at(env_id, "64", "ratio_to", "sync"), 10)
        for env_id in ("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1")
    ],
    Row("seconds from Start to the first point on the chart, gridworld (slowest of 3)", "live",
        at("first_point_s_gridworld"), 2, True),
    Row("the same, CartPole", "live", at("first_point_s_gym"), 2, True),
    Row("age of the newest point on screen, s (p95)", "live", at("point_age_s", "p95"), 0.5, True),
    Row("training speed kept with ten tabs open (median)", "live", at("speed_with_tabs", "kept_median"), 0.95),
    Row("seconds until a click is answered with 40 tabs (p95)", "live", at("click_s_with_40_tabs", "p95"), 0.1, True),
    Row("seconds until the first page beside LunarLander (median)", "live",
        at("first_page_s_beside_lunarlander", "median"), 1.5, True),
    Row("100 kill -9: rows lost that were shown", "crash", at("rows_lost"), 0, True),
    Row("100 kill -9: runs that could not be resumed", "crash", at("not_resumed"), 0, True),
    Row("100 kill -9: seconds of training lost, at most", "crash", at("seconds_lost_max"), 1, True),
]  # fmt: skip


def run(benchmark: str) -> dict[str, Any]:
    """What a benchmark prints, as it stands in its JSON."""
    script, *options = COMMANDS[benchmark]
    command = [sys.executable, str(ROOT / "benchmarks" / script), *options]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def table_row(row: Row, found: dict[str, Any]) -> str:
    try:
        measured = row.measured(found)
    except KeyError:
        measured = math.nan
    kept = measured <= row.goal if row.below else measured >= row.goal
    reached = "not measured" if math.isnan(measured) else "yes" if kept else "no"
    script = " ".join(["python", f"benchmarks/{COMMANDS[row.benchmark][0]}", *COMMANDS[row.benchmark][1:]])
    cells = [
        row.what,
        f"{'at most' if row.below else 'at least'} {row.goal:g}",
        "" if math.isnan(measured) else f"{measured:.3g}",
    ]
    return f"| {' | '.join([*cells, reached, f'`{script}`'])} |"


def write_page(found: dict[str, Any]) -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    minutes = [one.get("minutes", 0.0) for one in found.values()]  # 0: not measured anew since it is written down
    lines = [
        "# Benchmarks",
        "",
        f"Measured on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}.",
        "`make bench` measures all of it again and writes this page; the raw figures are in benchmarks.json.",
        *([f"That took {sum(minutes):.0f} minutes."] if all(minutes) else []),
        "Ours is measured through the engine with its store, checkpoints and tests, of a peer its training alone.",
        "",
        "| what | goal | measured | reached | command |",
        "|---|---|---|---|---|",
        *[table_row(row, found[row.benchmark]) for row in ROWS if row.benchmark in found],
    ]
    remarks = PAGE.read_text().partition(REMARKS)[2] if PAGE.exists() else "\n"
    PAGE.write_text("\n".join([*lines, "", REMARKS]) + remarks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(COMMANDS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for benchmark in filter(None, options.only.split(",")):
        print(f"== {benchmark}", file=sys.stderr, flush=True)
        start = time.monotonic()
        found[benchmark] = run(benchmark) | {"minutes": round((time.monotonic() - start) / 60, 1)}
        RECORD.write_text(json.dumps(found, indent=1) + "\n")
    if options.write:
        write_page(found)


if __name__ == "__main__":
    main()
