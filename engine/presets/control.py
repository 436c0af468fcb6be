"""Presets of Gymnasium's control tasks; figures to begin with are those of rl-baselines3-zoo."""

from engine.presets.subjects import Recipe, Subject

SUBJECTS = {
    "cartpole": Subject(
        title="Keep the pole up",
        sentence="A cart moves left and right to balance a pole.",
        task={"kind": "gym", "env_id": "CartPole-v1"},
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "pg": Recipe(
                budget=600_000,
                takes="10 s",
                task={"n_envs": 16},
                algorithm={
                    "batch_size": 4096,
                    "learning_rate": 0.01,
                    "discount": 0.99,
                    "baseline": "value",
                    "critic_learning_rate": 0.01,
                },
            ),
            "trpo": Recipe(
                budget=400_000,
                takes="10 s",
                task={"n_envs": 16},
                algorithm={"batch_size": 2048, "discount": 0.99, "gae_lambda": 0.95, "critic_learning_rate": 0.003},
            ),
            "ppo": Recipe(
                budget=500_000,
                takes="4 s",
                task={"n_envs": 128},
                algorithm={
                    "batch_size": 4096,
                    "minibatch_size": 512,
                    "epochs": 4,
                    "learning_rate": 0.003,
                    "schedule": "linear",
                    "discount": 0.98,
                    "gae_lambda": 0.9,
                },
            ),
        },
    ),
    "acrobot": Subject(
        title="Swing up the double arm",
        sentence="Two linked arms learn to swing up to a line.",
        task={
            "kind": "gym",
            "env_id": "Acrobot-v1",
            "n_envs": 16,
            "normalise_observations": True,
            "normalise_rewards": True,
        },
        policy={"hidden_sizes": [64, 64]},
        stop_when_solved=False,  # it counts as solved at -100, a third worse than what can be had
        algorithms={
            "pg": Recipe(
                budget=1_000_000,
                takes="30 s",
                task={"normalise_rewards": False},
                algorithm={
                    "batch_size": 4096,
                    "learning_rate": 0.01,
                    "discount": 0.99,
                    "baseline": "gae",
                    "critic_learning_rate": 0.003,
                },
            ),
            "trpo": Recipe(
                budget=100_000,
                takes="10 s",
                algorithm={"batch_size": 1024, "discount": 0.99, "gae_lambda": 0.95},
            ),
            "ppo": Recipe(
                budget=500_000,
                takes="20 s",
                task={"n_envs": 64},
                algorithm={
                    "batch_size": 4096,
                    "minibatch_size": 256,
                    "epochs": 6,
                    "learning_rate": 0.001,
                    "schedule": "linear",
                    "discount": 0.99,
                    "gae_lambda": 0.94,
                },
            ),
        },
    ),
    "mountaincar": Subject(
        title="Get the car up the hill",
        sentence="An engine too weak for the hill: the car has to rock back and forth to gather speed.",
        task={
            "kind": "gym",
            "env_id": "MountainCar-v0",
            "n_envs": 16,
            "normalise_observations": True,
            "normalise_rewards": True,
        },
        policy={"hidden_sizes": [64, 64]},
        stop_when_solved=False,
        algorithms={
            "trpo": Recipe(
                budget=100_000,
                takes="10 s",
                algorithm={"batch_size": 2048, "discount": 0.99, "critic_steps": 20},
            ),
            "ppo": Recipe(
                budget=500_000,
                takes="20 s",
                algorithm={
                    "batch_size": 2048,
                    "minibatch_size": 256,
                    "epochs": 6,
                    "learning_rate": 0.001,
                    "schedule": "linear",
                    "discount": 0.99,
                    "gae_lambda": 0.98,
                },
            ),
        },
    ),
    "mountaincar-continuous": Subject(
        title="Get the car up the hill, gently",
        sentence="The same hill with an engine of any strength; what it burns is taken off the 100 for arriving.",
        task={
            "kind": "gym",
            "env_id": "MountainCarContinuous-v0",
            "n_envs": 16,
            "normalise_observations": True,
            "normalise_rewards": True,
        },
        policy={"hidden_sizes": [64, 64]},
        stop_when_solved=False,
        algorithms={
            "trpo": Recipe(
                budget=50_000,
                takes="5 s",
                task={"normalisation_discount": 0.999},
                algorithm={
                    "batch_size": 2048,
                    "max_kl": 0.02,
                    "discount": 0.999,
                    "gae_lambda": 0.98,
                    "critic_steps": 20,
                },
            ),
            "ppo": Recipe(
                budget=20_000,
                takes="3 s",
                task={"n_envs": 8, "normalisation_discount": 0.999},
                algorithm={
                    "batch_size": 2000,
                    "minibatch_size": 128,
                    "epochs": 15,
                    "learning_rate": 0.001,
                    "discount": 0.999,
                    "gae_lambda": 0.95,
                },
            ),
        },
    ),
    "pendulum": Subject(
        title="Swing the pendulum up",
        sentence="A weak motor swings a pendulum up and holds it there.",
        task={
            "kind": "gym",
            "env_id": "Pendulum-v1",
            "n_envs": 16,
            "normalise_rewards": True,
            "normalisation_discount": 0.9,
        },
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "pg": Recipe(
                budget=2_000_000,
                takes="60 s",
                algorithm={"batch_size": 4000, "learning_rate": 0.01, "discount": 0.9, "baseline": "gae"},
            ),
            "trpo": Recipe(
                budget=100_000,
                takes="10 s",
                task={"n_envs": 4},
                algorithm={
                    "batch_size": 2048,
                    "max_kl": 0.02,
                    "discount": 0.9,
                    "gae_lambda": 0.95,
                    "critic_steps": 15,
                    "critic_minibatch_size": 64,
                },
            ),
            "ppo": Recipe(
                budget=100_000,
                takes="10 s",
                algorithm={
                    "batch_size": 2048,
                    "minibatch_size": 64,
                    "epochs": 10,
                    "learning_rate": 0.001,
                    "schedule": "linear",
                    "discount": 0.9,
                    "gae_lambda": 0.95,
                },
            ),
        },
    ),
    "lunarlander": Subject(
        title="Land on the moon",
        sentence="A lander with three engines learns to touch down between the flags.",
        task={"kind": "gym", "env_id": "LunarLander-v3"},
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "pg": Recipe(
                budget=2_000_000,
                takes="3 min",
                task={"n_envs": 32},
                algorithm={"batch_size": 8192, "learning_rate": 0.005, "discount": 0.99, "baseline": "gae"},
            ),
            "trpo": Recipe(
                budget=1_000_000,
                takes="2 min",
                task={"n_envs": 8},
                algorithm={
                    "batch_size": 1024,
                    "discount": 0.99,
                    "gae_lambda": 0.98,
                    "damping": 0.01,
                    "critic_steps": 15,
                },
            ),
            "ppo": Recipe(
                budget=1_000_000,
                takes="2 min",
                task={"n_envs": 16},
                algorithm={
                    "batch_size": 4096,
                    "minibatch_size": 128,
                    "epochs": 6,
                    "learning_rate": 7e-4,
                    "schedule": "linear",
                    "discount": 0.999,
                    "gae_lambda": 0.98,
                    "entropy_coefficient": 0.01,
                },
            ),
        },
    ),
    "lunarlander-continuous": Subject(
        title="Land on the moon, throttle in hand",
        sentence="The same lander with engines that can be opened half-way.",
        task={"kind": "gym", "env_id": "LunarLanderContinuous-v3"},
        policy={"hidden_sizes": [64, 64]},
        algorithms={
            "trpo": Recipe(
                budget=1_000_000,
                takes="2 min",
                task={"n_envs": 16, "normalise_observations": True, "normalise_rewards": True},
                algorithm={"batch_size": 2048, "discount": 0.99, "gae_lambda": 0.95, "critic_steps": 20},
            ),
            "ppo": Recipe(
                budget=1_000_000,
                takes="2 min",
                task={"n_envs": 16},
                algorithm={
                    "batch_size": 16384,
                    "minibatch_size": 64,
                    "epochs": 4,
                    "learning_rate": 3e-4,
                    "discount": 0.999,
                    "gae_lambda": 0.98,
                    "entropy_coefficient": 0.01,
                },
            ),
        },
    ),
}
