"""Our molecule presets against REINVENT's update on one oracle budget: same prior, nets, scorer and oracle calls.

python benchmarks/molecules.py --prior NAME [--objectives a,b] [--methods pg,reinvent] [--budget 10000] [--seeds 1]
--corpus FILE teaches NAME first, where there is no NAME.json. A line per objective, method and seed goes to
docs/molecules.jsonl; what is there is not run again. --write makes the table of docs/molecules.md from that file.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import reinvent
from engine.chemistry import prior
from engine.chemistry.objectives import OBJECTIVES
from engine.config import RunConfig
from engine.presets import preset_config
from engine.training import Training

RECORD = Path(__file__).parent.parent / "docs" / "molecules.jsonl"
FIRST = "celecoxib_rediscovery"
GUACAMOL = list(OBJECTIVES)[list(OBJECTIVES).index(FIRST) :]
PRESET = "molecules-celecoxib-{}"
METHODS = ("pg", "reinvent", "ppo", "trpo")
EVERY = 100  # calls between two points of the area, as in PMO
MOST_SAMPLES = 5  # per call, before a method that only repeats itself is stopped; so many times more where it screens


def area(scores: Sequence[float], top: int, budget: int) -> float:
    """PMO's area under the mean of the `top` best against oracle calls, 0..1: trapezia between every hundredth call.

    A run that stopped early goes on with its last mean to the end of the budget. (Gao et al. 2022, mol_opt's top_auc)
    """
    scores = scores[:budget]
    total = before = 0.0
    done = 0
    for calls in [*range(EVERY, len(scores), EVERY), len(scores)]:
        now = statistics.fmean(sorted(scores[:calls], reverse=True)[:top]) if calls else 0.0
        total += (calls - done) * (before + now) / 2
        before, done = now, calls
    return (total + (budget - done) * before) / budget


def diversity(molecules: Sequence[str]) -> float:
    """1 - mean Tanimoto similarity of all pairs, Morgan radius 2, 2048 bits."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(smiles)) for smiles in molecules]
    pairs = [s for i, one in enumerate(prints) for s in DataStructs.BulkTanimotoSimilarity(one, prints[:i])]
    return 1 - statistics.fmean(pairs) if pairs else 0.0


def configured(path: Path, objective: str, method: str, seed: int, budget: int) -> RunConfig:
    """The preset's run with another objective; REINVENT differs in its batch and its replay besides the update."""
    config = preset_config(PRESET.format("pg" if method == "reinvent" else method))
    config["task"] |= {"prior": str(path.absolute()), "objective": objective, "workers": 1}
    if method == "reinvent":
        plain = {"best_share": 1.0, "score_power": 1.0, "prior_weight": 0.0, "relative_rewards": False}
        plain |= {"randomise_replay": False, "replay_times": 0, "repeat_multiplier": 1.0, "screen": 1, "patience": 0}
        config["task"] |= plain | {"replay": reinvent.REPLAY, "replay_top": reinvent.REPLAY_TOP}
        config["algorithm"] = {"kind": "pg", "batch_size": reinvent.BATCH_SIZE}
    config |= {"seed": seed, "budget": MOST_SAMPLES * budget * config["task"].get("screen", 1)}
    return RunConfig.from_object(config)


def run(path: Path, objective: str, method: str, seed: int, budget: int) -> dict[str, Any]:
    """One run to its last oracle call, and its figures."""
    before = cpu_seconds()
    training = Training(configured(path, objective, method, seed, budget))
    if method == "reinvent":
        training.algorithm = reinvent.Reinvent(training.policy, training.reference)  # type: ignore[arg-type]
    memory, valid = training.task.memory, []  # type: ignore[attr-defined]
    try:
        while memory.oracle_calls < budget and training.progress.env_steps < training.config.budget:
            valid.append(training.iterate()["valid"])
    finally:
        training.task.close()
    scores = memory.scores[:budget]
    return {
        "objective": objective,
        "method": method,
        "seed": seed,
        "budget": budget,
        **{f"auc_top{top}": round(area(scores, top, budget), 4) for top in (1, 10, 100)},
        "best": round(max(scores, default=0.0), 4),
        "diversity": round(diversity([found.smiles for found in memory.best]), 4),
        "valid": round(statistics.fmean(valid), 4),
        "calls": len(scores),
        "samples": training.progress.env_steps,
        "cpu_ms_per_call": round(1000 * (cpu_seconds() - before) / max(1, len(scores)), 2),
        "prior": prior.read(path).card["sha256"][:12],
        "versions": {name: version(name) for name in ("torch", "rdkit", "numpy")},
    }


def cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def recorded() -> dict[tuple, dict[str, Any]]:
    """What was measured so far; the newest line counts."""
    lines = RECORD.read_text().splitlines() if RECORD.exists() else []
    return {key(row): row for row in map(json.loads, lines)}


def key(row: dict[str, Any]) -> tuple:
    return row["budget"], row["objective"], row["method"], row["seed"]


def wanted(arguments: argparse.Namespace) -> Iterator[tuple[int, str, str, int]]:
    """Every run asked for, the methods in turn, so that a machine that slows down slows all alike."""
    for seed in range(1, arguments.seeds + 1):
        for objective in arguments.objectives:
            for method in arguments.methods:
                yield arguments.budget, objective, method, seed


def taught(path: Path, corpus_file: Path | None) -> None:
    """Teach a 256x1 prior on a file of SMILES where there is none yet."""
    if path.with_suffix(".json").exists():
        return
    if corpus_file is None:
        sys.exit(f"there is no prior {path.with_suffix('.json')}; --corpus FILE teaches it")
    from engine.commands import prior as command

    parser = argparse.ArgumentParser()
    command.configure(parser)
    words = ["train", "--out", str(path), "--corpus", str(corpus_file), "--hidden", "256", "--epochs", "6"]
    if command.run(parser.parse_args(words)):
        sys.exit("the prior was not finished; the same command goes on")


def names(known: Sequence[str]) -> Any:
    def read(text: str) -> list[str]:
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return chosen

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prior", type=Path, help="NAME of NAME.json and NAME.safetensors")
    parser.add_argument("--corpus", type=Path, help="SMILES, one a line, to teach the prior of that name")
    parser.add_argument("--objectives", type=names(list(OBJECTIVES)), default=GUACAMOL)
    parser.add_argument("--methods", type=names(METHODS), default=["pg", "reinvent"])
    parser.add_argument("--budget", type=int, choices=(1000, 10_000), default=10_000)
    parser.add_argument("--seeds", type=int, default=1, help="seeds 1 to this")
    parser.add_argument("--write", action="store_true", help="make the table and run nothing")
    arguments = parser.parse_args()
    if arguments.write:
        from benchmarks.molecules_table import write

        write(list(recorded().values()))
        return
    if arguments.prior is None:
        parser.error("--prior says which prior all methods start from")
    torch.set_num_threads(1)
    taught(arguments.prior, arguments.corpus)
    for budget, objective, method, seed in wanted(arguments):
        if (budget, objective, method, seed) in recorded():
            continue
        row = run(arguments.prior, objective, method, seed, budget)
        with RECORD.open("a") as record:
            record.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
