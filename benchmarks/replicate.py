"""Published results, trained again: CS285's learning curves, and PPO and TRPO beside rl-baselines3-zoo's figures.

python benchmarks/replicate.py [--only cartpole-ppo,...] [--seeds 1,2,3,4,5] [--write]
Every finished run is a line of docs/replications.jsonl and is not trained again; --write makes docs/replications.md
and the pictures from that file. --again trains the named ones anew: their older lines no longer count.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.aggregates import bootstrap_interval, interquartile_mean
from benchmarks.course import ITERATIONS, PICTURES, drawn
from benchmarks.ours import engine
from engine.config import RunConfig
from engine.presets import preset_config

ROOT = Path(__file__).parent.parent
RECORD, PAGE, DRAWINGS = (ROOT / "docs" / name for name in ("replications.jsonl", "replications.md", "pictures"))
REMARKS = "## What fell short, and why"  # written by hand below this heading, and kept
PACKAGES = ("torch", "gymnasium", "numpy")


class Published(NamedTuple):
    """A mean return and after how many env steps it was reached."""

    score: float
    env_steps: int


# rl-baselines3-zoo, benchmark.md: one run each, tested with the most likely action.
# InvertedPendulum is not in it: Schulman et al. 2017 (PPO, figure 3, a million steps) reach its highest return, 1000.
PUBLISHED = {
    "cartpole-ppo": Published(500.0, 100_000),
    "cartpole-trpo": Published(500.0, 100_000),
    "acrobot-ppo": Published(-73.506, 1_000_000),
    "acrobot-trpo": Published(-83.114, 100_000),
    "mountaincar-ppo": Published(-110.423, 1_000_000),
    "mountaincar-trpo": Published(-107.278, 100_000),
    "mountaincar-continuous-ppo": Published(88.343, 20_000),
    "mountaincar-continuous-trpo": Published(92.489, 50_000),
    "pendulum-ppo": Published(-172.225, 100_000),
    "pendulum-trpo": Published(-174.631, 100_000),
    "inverted-pendulum-ppo": Published(1000.0, 1_000_000),
    "inverted-pendulum-trpo": Published(1000.0, 1_000_000),
    "lunarlander-ppo": Published(242.119, 1_000_000),
    "lunarlander-trpo": Published(133.166, 200_000),
    "lunarlander-continuous-ppo": Published(270.863, 1_000_000),
    "lunarlander-continuous-trpo": Published(262.387, 200_000),
}
HEAD = """# Published results, trained again

Measured on {machine}, Python {python}, {packages}; one thread each, other work on the same cores.
`python benchmarks/replicate.py` trains what is missing, `--write` makes this page; the runs are in replications.jsonl.

## PPO and TRPO beside rl-baselines3-zoo

Ours are the presets, not stopped when solved: each seed is one run to the end of the published number of env steps, or
of the preset's own budget if that is less. A score is the mean return of 100 test episodes with the most likely
action; over seeds, the interquartile mean and its 95 % interval by stratified bootstrap (Agarwal et al. 2021). The
published figures are one run each (benchmark.md of rl-baselines3-zoo; InvertedPendulum: Schulman et al. 2017). To train
a row again: `python benchmarks/replicate.py --again --only NAME`.

| preset | published | ours | 95 % interval | lowest seed | env steps, published | ours, most | seeds | reached |
|---|---|---|---|---|---|---|---|---|
"""
COURSE = """
## CS285, homework 2: plain policy gradient

Two hidden layers of 64, no baseline, 100 iterations; CartPole with rate 0.005 and discount 1, in as many copies as
whole episodes fill a batch. Seeds {seeds}: each faint, their mean bold, one standard deviation around it. What the
course asks to see: reward-to-go with standardised advantages learns fastest, the large batch is less noisy, and 200
and 1000 are reached. To train one again: `python benchmarks/replicate.py --again --only cartpole-small-batch`.
"""


def trained() -> dict[tuple[str, int], dict[str, Any]]:
    """What was measured so far, by name and seed; the newest line counts."""
    rows = [json.loads(line) for line in RECORD.read_text().splitlines()] if RECORD.exists() else []
    return {(row["name"], row["seed"]): row for row in rows}


def preset(name: str) -> dict[str, Any]:
    """The preset to the end of the published number of env steps or of its own, if that comes first."""
    given, published = preset_config(name), PUBLISHED[name]
    most = min(given["budget"], published.env_steps)
    whole = {"budget": most - given["algorithm"]["batch_size"] + 1}  # the last batch may pass it
    return given | whole | {"evaluation": given["evaluation"] | {"stop_when_solved": False}}


def course_names() -> dict[str, dict[str, Any]]:
    """The course's curves by name, `picture: curve`."""
    return {f"{name}: {curve}": config for name, one in PICTURES.items() for curve, config in one.curves.items()}


def train(name: str, seed: int) -> dict[str, Any]:
    """One run through the engine, with its store and tests; the row to keep. Of the course's, the curve too."""
    course = course_names().get(name)
    given = preset(name) if course is None else course | {"budget": 100_000_000}
    with engine() as running:
        start = time.process_time()
        run_id = running.submit(RunConfig.from_object(given | {"seed": seed}))
        while not running.wait(run_id, 0.2):
            if course is not None and running.store.get_run(run_id).iteration >= ITERATIONS:
                running.stop(run_id)
        run, table = running.store.get_run(run_id), running.store.metrics(run_id, names=["return_mean"])
        cpu_s = time.process_time() - start
    row = {"name": name, "seed": seed, "env_steps": run.env_steps, "cpu_s": round(cpu_s, 2)}
    if course is not None:
        return row | {"curve": [round(value, 1) for value in table.values[:ITERATIONS, 0].tolist()]}
    result = run.result or {}
    return row | {"score": result["eval_return_mean"], "solved_at": result["solved_at_env_steps"]}


def table_row(name: str, rows: list[dict[str, Any]]) -> str:
    published = PUBLISHED[name]
    cells = [f"`{name}`", f"{published.score:.4g}"]
    if not rows:
        return f"| {' | '.join([*cells, '', '', '', f'{published.env_steps:,}', '', '', 'not trained'])} |"
    scores, steps = np.array([row["score"] for row in rows]), max(row["env_steps"] for row in rows)
    middle, (low, high) = float(interquartile_mean(scores)), bootstrap_interval([scores])
    short = [word for word, kept in (("return", middle >= published.score), ("steps", steps <= published.env_steps))
             if not kept]  # fmt: skip
    interval = f"{low:.4g} to {high:.4g}" if len(rows) > 1 else "one seed"
    cells += [f"{middle:.4g}", interval, f"{scores.min():.4g}", f"{published.env_steps:,}"]
    cells += [f"{steps:,}", ", ".join(str(row["seed"]) for row in rows), f"no: {', '.join(short)}" if short else "yes"]
    return f"| {' | '.join(cells)} |"


def write_page() -> None:
    known = trained()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    page = HEAD.format(machine=platform.machine(), python=platform.python_version(), packages=packages)
    page += "".join(table_row(name, of(known, name)) + "\n" for name in PUBLISHED)
    seeds = sorted({seed for name, seed in known if name in course_names()})
    page += COURSE.format(seeds=", ".join(map(str, seeds)))
    DRAWINGS.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        rows = {curve: of(known, f"{name}: {curve}") for curve in picture.curves}
        if all(rows.values()):
            (DRAWINGS / f"{name}.svg").write_text(drawn(picture, rows))
            page += f"\n![{picture.title}](pictures/{name}.svg)\n\n" + last_returns(rows)
    remarks = PAGE.read_text().partition(REMARKS)[2] if PAGE.exists() else "\n"
    PAGE.write_text(page + f"\n{REMARKS}" + remarks)


def of(known: dict[tuple[str, int], dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row for (found, _), row in sorted(known.items()) if found == name]


def last_returns(rows: dict[str, list[dict[str, Any]]]) -> str:
    """How each curve ends: the mean over its last ten iterations, and how far single iterations are from it."""
    lines = [
        "| curve | return, last 10 iterations | its spread between iterations | best iteration |",
        "|---|---|---|---|",
    ]
    for curve, own in rows.items():
        ends = [row["curve"][-10:] for row in own]
        spread = statistics.mean(statistics.stdev(end) for end in ends)
        best = max(max(row["curve"]) for row in own)
        lines.append(f"| {curve} | {np.mean(ends):.4g} | {spread:.3g} | {best:.4g} |")
    return "\n".join(lines) + "\n"


def chosen(only: str | None) -> list[str]:
    """Names of presets and of the course's pictures or curves, cheap ones first."""
    everything = [*PUBLISHED, *course_names()]
    if only is None:
        return everything
    asked = only.split(",")
    names = [name for name in everything if name in asked or name.partition(":")[0] in asked]
    if unknown := [name for name in asked if name not in PUBLISHED and name not in PICTURES]:
        raise SystemExit(f"--only names {unknown[0]}; there are {', '.join([*PUBLISHED, *PICTURES])}")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    known = trained()
    names = chosen(options.only) if options.only is not None or not options.write else []
    for seed in map(int, options.seeds.split(",")):
        for name in names:
            if options.again or (name, seed) not in known:
                row = train(name, seed)
                with RECORD.open("a") as record:
                    record.write(json.dumps(row) + "\n")
                print(json.dumps({key: value for key, value in row.items() if key != "curve"}), flush=True)
    if options.write:
        write_page()


if __name__ == "__main__":
    main()
