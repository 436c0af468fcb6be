"""How well the model of the scores puts the molecules of the next batch in order, as one JSON object.

python benchmarks/screening.py [--prior NAME] [--objectives sitagliptin_mpo,thiothixene_rediscovery] [--calls 8000]
The preset of policy gradient trains without a screen, so that everything drawn is scored. Before each batch the model
judges it from what was scored before. `rank` is the mean correlation of Spearman's between its expectation and the
scores, `best_in_first_quarter` the share of batches whose best molecule it would have kept of four drawn.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parent.parent))

from engine.chemistry.screening import LEAST, Screen
from engine.config import RunConfig
from engine.presets import preset_config
from engine.training import Training

WITHOUT_SCREEN = {"screen": 1, "replay_times": 10}  # with more replays it would mostly draw what it has drawn
FEWEST = 8  # new molecules in a batch, for their order to tell something


def judged(prior: str, objective: str, calls: int) -> dict[str, Any]:
    config = preset_config("molecules-celecoxib-pg") | {"seed": 1, "budget": 20 * calls}
    config["task"] |= {"prior": prior, "objective": objective, "workers": 1} | WITHOUT_SCREEN
    training: Any = Training(RunConfig.from_object(config))
    memory, screen = training.task.memory, Screen(training.task._scorer)
    ranks, kept, seconds = [], [], 0.0
    try:
        while memory.oracle_calls < calls and training.progress.env_steps < training.config.budget:
            before = memory.oracle_calls
            training.iterate()
            molecules, scores = list(memory.counts), memory.scores[before:]
            if before < LEAST or len(scores) < FEWEST or len(set(scores)) == 1:
                continue
            start = time.process_time()
            mean, _ = screen.judged(molecules[before:], molecules[:before], memory.scores[:before])
            seconds += time.process_time() - start
            ranks.append(float(spearmanr(mean, scores).statistic))
            kept.append(scores.index(max(scores)) in mean.argsort()[::-1][: len(scores) // 4])
    finally:
        training.task.close()
    figures = {"calls": memory.oracle_calls, "batches": len(ranks), "rank": round(statistics.fmean(ranks), 3)}
    figures |= {"best_in_first_quarter": round(statistics.fmean(kept), 3)}
    return figures | {"ms_per_batch": round(1000 * seconds / len(ranks), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", default="shipped")
    parser.add_argument("--objectives", default="sitagliptin_mpo,thiothixene_rediscovery")
    parser.add_argument("--calls", type=int, default=8000)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = {one: judged(chosen.prior, one, chosen.calls) for one in chosen.objectives.split(",")}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
