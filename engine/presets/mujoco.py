"""Presets of tasks in the MuJoCo simulator; figures to begin with: Schulman et al. 2017 and rl-baselines3-zoo."""

from typing import Any

from engine.presets.subjects import Recipe, Subject

SCALED = {"normalise_observations": True, "normalise_rewards": True}


def _runner(title: str, sentence: str, env_id: str) -> Subject:
    """A body that is paid for getting forward: a million steps with the settings of the PPO paper, table 3."""
    ppo: dict[str, Any] = {
        "batch_size": 2048,
        "minibatch_size": 64,
        "epochs": 10,
        "learning_rate": 3e-4,
        "schedule": "linear",
        "discount": 0.99,
        "gae_lambda": 0.95,
    }
    trpo = {
        "batch_size": 2048,
        "discount": 0.99,
        "gae_lambda": 0.95,
        "conjugate_gradient_steps": 25,
        "critic_steps": 20,
    }
    return Subject(
        title=title,
        sentence=sentence,
        task={"kind": "gym", "env_id": env_id, "n_envs": 8, **SCALED},
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "trpo": Recipe(budget=1_000_000, takes="6 min", algorithm=trpo),
            "ppo": Recipe(budget=1_000_000, takes="6 min", algorithm=ppo),
        },
    )


SUBJECTS = {
    "inverted-pendulum": Subject(
        title="Balance a pole in 3D physics",
        sentence="A cart in the MuJoCo simulator balances a pole with forces of any size.",
        task={"kind": "gym", "env_id": "InvertedPendulum-v5"},
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "pg": Recipe(
                budget=600_000,
                takes="30 s",
                task={"n_envs": 16, "normalise_observations": True},
                algorithm={"batch_size": 4096, "learning_rate": 0.01, "discount": 0.99, "baseline": "gae"},
            ),
            "trpo": Recipe(
                budget=300_000,
                takes="20 s",
                task={"n_envs": 16, "normalise_observations": True},
                algorithm={"batch_size": 2048, "discount": 0.99, "gae_lambda": 0.95},
            ),
            "ppo": Recipe(
                budget=300_000,
                takes="20 s",
                task={"n_envs": 16, "normalise_observations": True},
                algorithm={
                    "batch_size": 2048,
                    "minibatch_size": 256,
                    "epochs": 10,
                    "learning_rate": 0.001,
                    "schedule": "linear",
                    "discount": 0.99,
                    "gae_lambda": 0.95,
                },
            ),
        },
    ),
    "halfcheetah": _runner("Run on two legs", "Half a cheetah, seen from the side, learns to run.", "HalfCheetah-v5"),
    "hopper": _runner("Hop on one leg", "A single leg learns to hop forward without falling over.", "Hopper-v5"),
}
