"""Uphill beside Stable-Baselines3 and sb3-contrib: CPU seconds to a return, and env steps per CPU second. Prints JSON.

python benchmarks/throughput.py [--only cartpole-solved,...] [--seeds 3]
Without --seeds it is three where a peer's training takes seconds, and one where it takes minutes.
Every training is a process of its own, one thread each; ours and the peer's take turns. Ours runs through the engine
with its store, checkpoints and tests, all counted; of the peer only learn() is, with the settings of rl-baselines3-zoo.
A ratio above 1 says that ours is so many times as fast.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

FINAL = {  # the peer trains for so many steps; ours until it has reached the peer's test score
    "acrobot-ppo": (100_000, 10.0),
    "pendulum-ppo": (100_000, 10.0),
    "mountaincar-continuous-ppo": (20_000, 10.0),
    "lunarlander-ppo": (300_000, 3.0),
    "inverted-pendulum-ppo": (60_000, 3.0),
}


def measured(call: str, **arguments: Any) -> dict[str, Any]:
    """What a function of ours.py or peers.py returns in a new process."""
    module, function = call.split(".")
    code = (
        f"import json, sys; from {module} import {function}; "
        f"print('RESULT' + json.dumps({function}(**json.loads(sys.argv[1]))))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", code, json.dumps(arguments)]
    done = subprocess.run(
        command, cwd=os.path.dirname(__file__), env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.rpartition("RESULT")[2])


def duel(goal: float, seeds: int, ours: Callable[[int], dict], peer: Callable[[int], dict], key: str) -> dict[str, Any]:
    """Both in turn for every seed, and the ratio of the medians of `key` (CPU seconds, or steps per CPU second)."""
    pairs = [(peer(seed), ours(seed)) for seed in range(1, seeds + 1)]
    theirs, mine = (statistics.median(pair[side][key] for pair in pairs) for side in (0, 1))
    ratio = theirs / mine if key == "cpu_s" else mine / theirs
    return {"goal": goal, "ratio": ratio, "ours": [b for _, b in pairs], "peer": [a for a, _ in pairs]}


def peer_speed(preset: str, seed: int, budget: int) -> dict[str, Any]:
    row = measured("peers.train", preset=preset, seed=seed, budget=budget, threshold=None)
    return row | {"steps_per_cpu_s": row["env_steps"] / row["cpu_s"]}


def solved(preset: str, goal: float, seeds: int) -> dict[str, Any]:
    return duel(
        goal,
        seeds,
        lambda seed: measured("ours.to_solved", preset=preset, seed=seed),
        lambda seed: measured("peers.train", preset=preset, seed=seed, budget=300_000, threshold=475.0),
        "cpu_s",
    )


def final_return(preset: str, seeds: int) -> dict[str, Any]:
    budget, goal = FINAL[preset]
    scores: dict[int, float] = {}

    def peer(seed: int) -> dict[str, Any]:
        row = measured("peers.train", preset=preset, seed=seed, budget=budget, threshold=None)
        scores[seed] = row["score"]
        return row

    return duel(
        goal,
        seeds,
        lambda seed: measured("ours.to_return", preset=preset, seed=seed, threshold=scores[seed]),
        peer,
        "cpu_s",
    )


def steps(changes: str, goal: float, seeds: int) -> dict[str, Any]:
    """Env steps per CPU second of PPO on CartPole, the peer with its tuned settings."""
    from ours import AS_SB3, WIDE

    given, budget = {"wide": (WIDE, 400_000), "as_sb3": (AS_SB3, 40_000)}[changes]
    return duel(
        goal,
        seeds,
        lambda seed: measured("ours.speed", preset="cartpole-ppo", seed=seed, budget=budget, changes=given),
        lambda seed: peer_speed("cartpole-ppo", seed, 20_000),
        "steps_per_cpu_s",
    )


def share_of_bound(seeds: int) -> dict[str, Any]:
    """Our steps per CPU second over what the matrix products alone would allow."""
    from ours import WIDE

    pairs = []
    for seed in range(1, seeds + 1):
        limit = measured("ours.bound", minibatch=512, epochs=4)
        ours = measured("ours.speed", preset="cartpole-ppo", seed=seed, budget=400_000, changes=WIDE)
        pairs.append(ours["steps_per_cpu_s"] / limit["steps_per_cpu_s"])
    return {"goal": 0.6, "ratio": statistics.median(pairs), "all": pairs}


def recording_share(seeds: int) -> dict[str, Any]:
    """CPU seconds with metrics, store and checkpoints over those without, less one."""
    from ours import WIDE

    pairs = []
    for seed in range(1, seeds + 1):
        given = {"preset": "cartpole-ppo", "seed": seed, "budget": 800_000, "changes": WIDE}
        bare, whole = measured("ours.bare_speed", **given), measured("ours.speed", **given)
        pairs.append(bare["steps_per_cpu_s"] / whole["steps_per_cpu_s"] - 1)
    return {"goal": 0.03, "ratio": statistics.median(pairs), "all": pairs}


def first_metric(seeds: int) -> dict[str, Any]:
    times = [measured("ours.first_metric", preset="cartpole-ppo", seed=seed)["seconds"] for seed in range(1, seeds + 1)]
    return {"goal": 0.3, "ratio": statistics.median(times), "all": times}


MEASURES: dict[str, Callable[[int], dict[str, Any]]] = {
    "cartpole-solved": lambda seeds: solved("cartpole-ppo", 20.0, seeds),
    "cartpole-trpo-solved": lambda seeds: solved("cartpole-trpo", 12.0, seeds),
    "cartpole-steps-wide": lambda seeds: steps("wide", 35.0, seeds),
    "cartpole-share-of-bound": share_of_bound,
    "cartpole-steps-as-sb3": lambda seeds: steps("as_sb3", 6.0, seeds),
    **{f"{preset}-final": lambda seeds, preset=preset: final_return(preset, seeds) for preset in FINAL},
    "first-metric-s": first_metric,
    "recording-share": recording_share,
}
DEAR = {"cartpole-solved", "cartpole-trpo-solved", *(f"{preset}-final" for preset in FINAL)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(MEASURES))
    parser.add_argument("--seeds", type=int)
    options = parser.parse_args()
    report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    for name in options.only.split(","):
        report[name] = MEASURES[name](options.seeds or (1 if name in DEAR else 3))
        print(f"{name}: {report[name]['ratio']:.3g}", file=sys.stderr, flush=True)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
