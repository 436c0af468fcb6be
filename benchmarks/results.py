"""Trains presets over seeds by the command line and writes the table of docs/results.md from what was measured.

python benchmarks/results.py [--presets cartpole-ppo,...] [--seeds 1,2,3,4,5] [--write]
Finished runs are appended to docs/results.jsonl and not trained again; --write makes the table from that file.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RECORD, PAGE = ROOT / "docs" / "results.jsonl", ROOT / "docs" / "results.md"
GOALS = {
    "cartpole-ppo": "475, 5 of 5",
    "cartpole-trpo": "475, 5 of 5",
    "cartpole-pg": "475, 4 of 5",
    "gridworld-ppo": "optimal",
    "gridworld-trpo": "optimal",
    "gridworld-pg": "optimal",
    "inverted-pendulum-ppo": "950",
    "inverted-pendulum-trpo": "950",
    "lunarlander-ppo": "200",
    "molecules-qed-ppo": "0.8, valid 0.8",
    "molecules-qed-trpo": "0.8, valid 0.8",
    "molecules-qed-pg": "0.8, valid 0.8",
}
PACKAGES = ("torch", "gymnasium", "rdkit", "numpy")
HEAD = """# Results of the presets

Every row was trained by `python -m engine train --preset NAME --seed SEED --json`, one torch thread, and tested over
the episodes of the preset's final test: 100 with the most likely action; of molecules 100 samples, of which the mean
QED of the valid ones and their share are shown. The optimum of the gridworld is -2 on average over its cells. Other
work ran on the same cores, which CPU seconds tell only in part.
{machine}
`python benchmarks/results.py` trains what is missing, `--write` makes this page.

| preset | goal | seeds | test score, mean over seeds (lowest) | solved | env steps (median) | CPU-s (median) |
|---|---|---|---|---|---|---|
"""


def trained() -> dict[tuple[str, int], dict[str, Any]]:
    """What was measured so far, by preset and seed; the newest line counts."""
    if not RECORD.exists():
        return {}
    rows = [json.loads(line) for line in RECORD.read_text().splitlines()]
    return {(row["preset"], row["seed"]): row for row in rows}


def train(preset: str, seed: int) -> dict[str, Any]:
    """One run through the command line, in a store that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "engine", "train", "--preset", preset, "--seed", str(seed)]
        command += ["--store", f"{folder}/runs.db", "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {"preset": preset, "seed": seed, **json.loads(done.stdout.splitlines()[-1])}


def table_row(preset: str, rows: list[dict[str, Any]]) -> str:
    scores = [row["eval_return_mean"] / row.get("valid", 1.0) for row in rows]  # an invalid molecule returns 0
    shares = [row["valid"] for row in rows if "valid" in row]
    solved = sum(row["solved_at_env_steps"] is not None for row in rows)
    valid = f", valid {statistics.mean(shares):.2f} ({min(shares):.2f})" if shares else ""
    cells = [
        f"`{preset}`",
        GOALS.get(preset, ""),
        ", ".join(str(row["seed"]) for row in rows),
        f"{statistics.mean(scores):.4g} ({min(scores):.4g}){valid}",
        f"{solved} of {len(rows)}" if solved else "no threshold" if valid else f"0 of {len(rows)}",
        f"{statistics.median(row['env_steps'] for row in rows):,.0f}",
        f"{statistics.median(row['cpu_s'] for row in rows):.3g}",
    ]
    return f"| {' | '.join(cells)} |"


def write_page() -> None:
    rows = trained()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"Measured on {platform.machine()}, Python {platform.python_version()}, {packages}."
    lines = []
    for preset in sorted({preset for preset, _ in rows}, key=lambda name: (name not in GOALS, name)):
        lines.append(table_row(preset, [row for (name, _), row in sorted(rows.items()) if name == preset]))
    PAGE.write_text(HEAD.format(machine=machine) + "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", default=",".join(GOALS))
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    RECORD.parent.mkdir(exist_ok=True)
    known = trained()
    for preset in options.presets.split(","):
        for seed in map(int, options.seeds.split(",")):
            if (preset, seed) not in known:
                row = train(preset, seed)
                with RECORD.open("a") as record:
                    record.write(json.dumps(row) + "\n")
                print(json.dumps(row), flush=True)
    if options.write:
        write_page()


if __name__ == "__main__":
    main()
