"""Whether TRPO keeps its KL limit: 10,000 iterations on each of three tasks, as one JSON object.

python benchmarks/trpo_limit.py [--iterations 10000] [--tasks gridworld,cartpole,pendulum]

After every update the step is measured again from outside the line search: KL(old || new) over the rollout's valid
rows, once in float32 as the engine does and once in float64 by torch.distributions, from the parameters before and
after. A refused step must have left every parameter as it was, bit for bit. `above_limit`, `not_finite` and
`not_restored` count iterations; all must be 0.
"""

import argparse
import copy
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Independent, Normal, kl_divergence

sys.path.insert(0, str(Path(__file__).parent.parent))
from engine.config import RunConfig
from engine.policies.distributions import Gaussian
from engine.training import Training

TRPO = {"kind": "trpo", "batch_size": 256, "critic_minibatch_size": 64, "critic_steps": 2}
TASKS: dict[str, dict[str, Any]] = {
    "gridworld": {"task": {"kind": "gridworld", "map": "frozenlake-4x4", "n_envs": 16}, "policy": {"hidden_sizes": []}},
    "cartpole": {"task": {"kind": "gym", "env_id": "CartPole-v1", "n_envs": 16}, "policy": {"hidden_sizes": [32]}},
    "pendulum": {
        "task": {"kind": "gym", "env_id": "Pendulum-v1", "n_envs": 8, "normalise_observations": True},
        "policy": {"hidden_sizes": [32]},
    },
}


class Watched:
    """A task that keeps the last rollout it made, so that a step can be measured again on it."""

    def __init__(self, task: Any):
        self.task, self.rollout, self.stuck = task, None, task.stuck

    def collect(self, *arguments: Any) -> Any:
        self.rollout = self.task.collect(*arguments)
        return self.rollout


def as_torch(distribution: Any, params: Tensor) -> Distribution:
    params = params.double()
    if isinstance(distribution, Gaussian):
        mean, log_std = params.chunk(2, -1)
        return Independent(Normal(mean, log_std.exp()), 1)
    return Categorical(logits=params)


@torch.no_grad()
def divergence_in_float64(old: Any, new: Any, rollout: Any) -> float:
    observations = rollout.observations[:-1][rollout.mask]
    pair = [as_torch(policy.distribution, policy.params(observations)) for policy in (old, new)]
    return float(kl_divergence(*pair).mean())


def watch(name: str, iterations: int, seed: int = 1) -> dict[str, Any]:
    """Train TRPO for so many iterations; what its steps were at most, and how often a promise was broken."""
    budget = iterations * TRPO["batch_size"]
    config = RunConfig.from_object({"budget": budget, "seed": seed, "algorithm": TRPO, **TASKS[name]})
    training = Training(config)
    watched: Any = Watched(training.task)
    training.task = watched
    counts = dict.fromkeys(("accepted", "refused", "nothing_to_gain", "above_limit", "not_finite", "not_restored"), 0)
    largest, largest_in_float64, limit = 0.0, 0.0, config.algorithm.max_kl
    start = time.process_time()
    for _ in range(iterations):
        old = copy.deepcopy(training.policy)
        row = training.iterate()
        accepted = bool(row["step_accepted"])
        counts["accepted"] += accepted
        counts["refused"] += not accepted and row["line_search_steps"] > 0
        counts["nothing_to_gain"] += row["line_search_steps"] == 0
        parameters = list(zip(old.actor_parameters(), training.policy.actor_parameters(), strict=True))
        counts["not_restored"] += not accepted and not all(torch.equal(a, b) for a, b in parameters)
        kl = divergence_in_float64(old, training.policy, watched.rollout)
        everything = [torch.isfinite(parameter).all() for parameter in training.policy.parameters()]
        counts["not_finite"] += not (math.isfinite(kl) and math.isfinite(row["kl"]) and all(everything))
        counts["above_limit"] += row["kl"] > limit
        largest, largest_in_float64 = max(largest, row["kl"]), max(largest_in_float64, kl)
    watched.task.close()
    figures = {"iterations": iterations, "limit": limit, "largest_kl": largest}
    figures |= {"largest_kl_in_float64": largest_in_float64, "cpu_s": round(time.process_time() - start, 1)}
    return {**counts, **figures, "return_mean_last": row.get("return_mean")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=10_000)
    parser.add_argument("--tasks", default=",".join(TASKS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found = {name: watch(name, chosen.iterations) for name in chosen.tasks.split(",")}
    print(json.dumps(found, indent=2))
    broken = sum(row[promise] for row in found.values() for promise in ("above_limit", "not_finite", "not_restored"))
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
