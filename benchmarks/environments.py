"""Env steps per CPU second of our batched envs, of Gymnasium's SyncVectorEnv and of our SerialVectorEnv. Prints JSON.

python benchmarks/environments.py [--only Acrobot-v1,...] [--seconds 0.2] [--rounds 5]
The three take turns, each for so many CPU seconds in every round, with the same random actions; medians over the
rounds. Steps that reset an episode are not counted. CartPole is measured beside Gymnasium's own CartPoleVectorEnv too.
A ratio above 1 says that the batched env is so many times as fast.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector import SyncVectorEnv, VectorEnv

sys.path.insert(0, str(Path(__file__).parent.parent))
from engine.environments.vectors import SerialVectorEnv, single, vector

IDS = ("Acrobot-v1", "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1")
WIDTHS = (16, 64, 1024)
Make = Callable[[], VectorEnv]


def contestants(env_id: str, n: int) -> dict[str, Make]:
    makes: dict[str, Make] = {
        "batched": lambda: vector(env_id, n),
        "sync": lambda: SyncVectorEnv([lambda: gymnasium.make(env_id, disable_env_checker=True)] * n),
        "serial": lambda: SerialVectorEnv(lambda: single(env_id), n),
    }
    if env_id == "CartPole-v1":
        makes["gymnasium_batched"] = lambda: CartPoleVectorEnv(n)
    return makes


class Contestant:
    """A vector env, the actions it is given over and over, and which of its episodes ended at the last step."""

    def __init__(self, envs: VectorEnv):
        self.envs = envs
        envs.action_space.seed(0)
        self.actions = [envs.action_space.sample() for _ in range(4)]
        self.ended = np.zeros(envs.num_envs, bool)
        envs.reset(seed=0)
        self.rate(0.0)

    def rate(self, seconds: float) -> float:
        """Env steps per CPU second, over at least 4 steps of every copy and so many CPU seconds."""
        resets = turns = 0
        began = time.process_time()
        while not turns or time.process_time() - began < seconds:
            for action in self.actions:
                resets += int(np.count_nonzero(self.ended))
                _, _, terminated, truncated, _ = self.envs.step(action)
                self.ended = terminated | truncated
            turns += 1
        spent = time.process_time() - began
        return (turns * len(self.actions) * self.envs.num_envs - resets) / spent


def measured(env_id: str, n: int, seconds: float, rounds: int) -> dict[str, Any]:
    racing = {name: Contestant(make()) for name, make in contestants(env_id, n).items()}
    rates: dict[str, list[float]] = {name: [] for name in racing}
    for _ in range(rounds):
        for name, contestant in racing.items():
            rates[name].append(contestant.rate(seconds))
    for contestant in racing.values():
        contestant.envs.close()
    medians = {name: statistics.median(found) for name, found in rates.items()}
    others = {name: round(medians["batched"] / rate, 2) for name, rate in medians.items() if name != "batched"}
    return {"steps_per_cpu_s": {name: round(rate) for name, rate in medians.items()}, "ratio_to": others}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(IDS))
    parser.add_argument("--seconds", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0], "numpy": np.__version__}
    for env_id in options.only.split(","):
        if env_id not in IDS:
            parser.error(f"--only names {env_id}; there are {', '.join(IDS)}")
        report[env_id] = {str(n): measured(env_id, n, options.seconds, options.rounds) for n in WIDTHS}
        print(f"{env_id}: {report[env_id]['64']['ratio_to']}", file=sys.stderr, flush=True)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
