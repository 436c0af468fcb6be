"""`evaluate`: plays test episodes with what a run has learned."""

import argparse

import numpy as np

from engine.commands.options import whole_number
from engine.commands.stores import add_run_argument, add_store_option, existing_store, find_run
from engine.commands.text import number, print_json
from engine.commands.trained import add_checkpoint_option, choose, restore

MOST_EPISODES = 100_000


def configure(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    add_store_option(parser)
    add_checkpoint_option(parser)
    episodes = whole_number("--episodes", 1, MOST_EPISODES)
    parser.add_argument("--episodes", type=episodes, default=100, metavar="N", help="how many (default 100)")
    seed = whole_number("--seed", 0, 2**31 - 1)
    parser.add_argument("--seed", type=seed, default=1, help="seed of the test episodes (default 1)")
    parser.add_argument("--sampled", action="store_true", help="sample the actions instead of the most likely one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    with existing_store(arguments.store) as store:
        found = find_run(store, arguments.run_id)
        saved = choose(store, found, arguments.checkpoint)
    training = restore(found, saved)
    try:
        tested = training.task.evaluate(training.policy, arguments.episodes, arguments.seed, not arguments.sampled)
    finally:
        training.task.close()
    returns = tested.returns
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    result = {
        "run_id": found.run_id,
        "checkpoint": saved.step,
        "eval_return_mean": float(np.mean(returns)),
        "eval_return_sd": deviation,
        "eval_return_min": float(np.min(returns)),
        "eval_return_max": float(np.max(returns)),
        "eval_length_mean": float(np.mean(tested.lengths)),
        "eval_episodes": len(returns),
        "sampled": arguments.sampled,
    }
    if arguments.json:
        print_json(result | tested.metrics)
        return 0
    print(f"Average score {number(result['eval_return_mean'])} (sd {number(deviation)}) over {len(returns)} test tries")
    for name, value in tested.metrics.items():
        print(f"{name}: {number(value) if isinstance(value, float | int) else value}")
    return 0
