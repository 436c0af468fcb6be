"""PPO on CartPole with environments, rollout and update on the device, beside the same on the CPU. Prints JSON.

python benchmarks/gpu.py [--envs 1024,4096,16384,65536] [--seconds 10] [--small]
Through Training, metrics included: env steps per second of whole iterations (rollout of 32 steps, 4 epochs of 8
minibatches) and of rollouts alone, and the share of an iteration in which the GPU works, from the profiler's kernels.
"solved": seconds from submitting a run to the engine until its test of 100 episodes scores 475, store included.
Where there is no CUDA, the device's functions run on the CPU, as they are, so that they are tried; --small does it in
seconds. A ratio above 1 says that the device is so many times as fast as the CPU with its own.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any

import torch
from ours import Changes, config, engine
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from engine.config import RunConfig
from engine.devices import prepare_threads
from engine.training import Training

GOAL = 5e6  # env steps per second, on an H200
HORIZON, MINIBATCHES, EPOCHS = 32, 8, 4
UNTIL_CAPTURED = 4  # iterations after which all is captured
CUDA = torch.cuda.is_available()
Device = tuple[str, str]  # where networks compute, and on which devices environments live there
THERE: Device = ("cuda" if CUDA else "cpu", "cuda" if CUDA else "cpu")
HERE: Device = ("cpu", "none")


def wide(envs: int, *changes: Changes, seed: int = 1, budget: int | None = None) -> RunConfig:
    """PPO on `envs` copies of CartPole, its batch and minibatches as wide as they."""
    batch = envs * HORIZON
    algorithm = {"batch_size": batch, "minibatch_size": batch // MINIBATCHES, "epochs": EPOCHS}
    return config("cartpole-ppo", seed, budget, {"task": {"n_envs": envs}, "algorithm": algorithm}, *changes)


def wait() -> None:
    if CUDA:
        torch.cuda.synchronize()


def begun(envs: int, device: Device) -> Training:
    """A training whose next iteration is like all that follow."""
    name, os.environ["UPHILL_RESIDENT"] = device
    training = Training(wide(envs, budget=10**10), torch.device(name))
    for _ in range(UNTIL_CAPTURED if name == "cuda" else 1):
        training.iterate()
    return training


def speed(envs: int, device: Device, seconds: float) -> dict[str, Any]:
    """Env steps per second over at least two iterations."""
    training = begun(envs, device)
    times, steps = [], training.progress.env_steps
    while sum(times) < seconds or len(times) < 2:
        start = time.perf_counter()
        training.iterate()
        times.append(time.perf_counter() - start)
    rate = (training.progress.env_steps - steps) / sum(times)
    found = {"steps_per_s": rate, "iteration_s": statistics.median(times), "iterations": len(times)}
    update = training.algorithm.on_device
    return found | {
        "rollout_steps_per_s": rollout_speed(training, len(times)),
        "captured": update is not None and update.descend.captured,
        "busy_share": busy_share(training) if device[0] == "cuda" else None,
    }


def rollout_speed(training: Training, count: int) -> float:
    """Env steps per second of rollouts alone, rows that begin an episode included."""
    wait()
    start = time.perf_counter()
    for _ in range(count):
        training.task.collect(training.policy, training.settings.batch_size, training.generator, False)
    wait()
    return count * training.settings.batch_size / (time.perf_counter() - start)


def busy_share(training: Training, iterations: int = 3) -> float:
    """The share of a few iterations' time in which the GPU works at something."""
    with profile(activities=[ProfilerActivity.CUDA]) as watched:
        wait()
        start = time.perf_counter()
        for _ in range(iterations):
            training.iterate()
        wait()
        seconds = time.perf_counter() - start
    kernels = [event.time_range for event in watched.events() if event.device_type == DeviceType.CUDA]
    return covered((kernel.start, kernel.end) for kernel in kernels) / (seconds * 1e6)


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """How long at least one of the spans (from, to) lasts."""
    total, end = 0.0, float("-inf")
    for first, last in sorted(spans):
        total += max(0.0, last - max(first, end))
        end = max(end, last)
    return total


def solved(envs: int, device: Device, seed: int, budget: int) -> dict[str, Any]:
    """Seconds of a whole run until its test says that CartPole is solved, or its budget is spent."""
    name, os.environ["UPHILL_RESIDENT"] = device
    run = wide(envs, {"evaluation": {"every": 5}}, seed=seed, budget=budget)
    with engine() as running:
        start = time.perf_counter()
        run_id = running.submit(run.model_copy(update={"device": name}))
        running.wait(run_id)
        seconds, record = time.perf_counter() - start, running.store.get_run(run_id)
    at = (record.result or {}).get("solved_at_env_steps")
    return {"seconds": seconds, "env_steps": record.env_steps, "reached": at is not None, "state": record.state}


def beside(there: dict[str, Any], here: dict[str, Any], key: str) -> float:
    return there[key] / here[key]


def report(envs: list[int], seconds: float, seeds: int, solving: int, budget: int) -> dict[str, Any]:
    """Everything, device and CPU in turns."""
    found: dict[str, Any] = {
        "gpu": torch.cuda.get_device_name() if CUDA else None,
        "machine": platform.machine(),
        "torch": torch.__version__,
        "sizes": [],
        "solved": [],
    }
    for count in envs:
        pair = {"device": speed(count, THERE, seconds), "cpu": speed(count, HERE, seconds)}
        ratio = beside(pair["device"], pair["cpu"], "steps_per_s")
        found["sizes"].append({"envs": count, **pair, "ratio": ratio})
        print(f"{count} envs: {pair['device']['steps_per_s']:.3g} steps/s, {ratio:.3g} x", file=sys.stderr, flush=True)
    for seed in range(1, seeds + 1):
        pair = {"device": solved(solving, THERE, seed, budget), "cpu": solved(solving, HERE, seed, budget)}
        found["solved"].append(
            {"envs": solving, "seed": seed, **pair, "ratio": beside(pair["cpu"], pair["device"], "seconds")}
        )
    best = max(size["device"]["steps_per_s"] for size in found["sizes"])
    return found | {"goal": {"steps_per_s": GOAL, "best": best, "reached": best >= GOAL if CUDA else None}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", default="1024,4096,16384,65536")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    prepare_threads()
    if options.small:
        found = report([32, 64], 0.0, seeds=1, solving=32, budget=5 * 32 * HORIZON)
    else:
        found = report([int(count) for count in options.envs.split(",")], options.seconds, 3, 1024, 3_000_000)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
