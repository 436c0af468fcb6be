"""Presets on grids: small maps on which every algorithm can be watched cell by cell."""

from engine.presets.subjects import Recipe, Subject

# Set down at the start only, policy gradients settle for the safe way round: they stop trying the edge too early.
CLIFF = """\
pit_reward = -100
starts = anywhere

............
............
............
SPPPPPPPPPPG
"""
# Everything at random at first, and hardly anything in the end.
FALLING = {"epsilon": 1.0, "epsilon_schedule": "linear", "epsilon_floor": 0.05}
# Sutton & Barto (2018), example 6.6: an agent that never stops trying does not fall off the cliff for nothing. SARSA
# takes that into account and walks far from the edge, Q-learning does not and walks along it.
EXAMPLE_6_6 = Recipe(
    budget=24_000,
    takes="2 s",
    task={"map": "cliff", "n_envs": 4},
    algorithm={"batch_size": 32, "discount": 1.0, "step_size": 0.1, "epsilon": 0.1},
)
SUBJECTS = {
    "gridworld": Subject(
        title="Find the way home",
        sentence="From every cell of a small grid, the agent learns the way to the nearest corner.",
        task={"kind": "gridworld", "map": "small-4x4"},
        policy={"hidden_sizes": []},
        algorithms={
            "pg": Recipe(
                budget=61_440,
                takes="2 s",
                algorithm={
                    "batch_size": 512,
                    "learning_rate": 0.05,
                    "discount": 1.0,
                    "baseline": "gae",
                    "critic_learning_rate": 0.1,
                },
            ),
            "trpo": Recipe(
                budget=61_440,
                takes="4 s",
                algorithm={
                    "batch_size": 512,
                    "discount": 1.0,
                    "critic_learning_rate": 0.1,
                    "critic_minibatch_size": 512,
                },
            ),
            "ppo": Recipe(
                budget=61_440,
                takes="3 s",
                algorithm={"batch_size": 512, "minibatch_size": 256, "learning_rate": 0.03, "discount": 1.0},
            ),
            **{
                kind: Recipe(
                    budget=20_480,
                    takes="2 s",
                    task={"n_envs": 8},
                    algorithm={"batch_size": 64, "discount": 1.0} | FALLING,
                )
                for kind in ("q-learning", "sarsa", "expected-sarsa", "monte-carlo")
            },
        },
        stop_when_solved=False,
    ),
    "cliff": Subject(
        title="Walk past the cliff",
        sentence="The shortest way runs along an edge, and falling off costs 100. The agent is set down anywhere.",
        task={"kind": "gridworld", "map": CLIFF},
        policy={"hidden_sizes": []},
        algorithms={
            "pg": Recipe(
                budget=600_000,
                takes="10 s",
                algorithm={
                    "batch_size": 4096,
                    "learning_rate": 0.1,
                    "discount": 1.0,
                    "baseline": "gae",
                    "critic_learning_rate": 0.1,
                    "critic_steps": 50,
                },
            ),
            "trpo": Recipe(
                budget=300_000,
                takes="20 s",
                algorithm={"batch_size": 2048, "discount": 1.0, "critic_learning_rate": 0.1},
            ),
            "ppo": Recipe(
                budget=200_000,
                takes="5 s",
                algorithm={"batch_size": 2048, "minibatch_size": 512, "learning_rate": 0.05, "discount": 1.0},
            ),
            "q-learning": EXAMPLE_6_6,
            "sarsa": EXAMPLE_6_6,
        },
        stop_when_solved=False,
    ),
    "aliased": Subject(
        title="Find the money in the fog",
        sentence="The agent feels only the walls around it, and two cells feel alike: it must be undecided there.",
        task={"kind": "gridworld", "map": "aliased"},
        policy={"hidden_sizes": []},
        algorithms={
            "pg": Recipe(
                budget=40_960,
                takes="2 s",
                algorithm={
                    "batch_size": 1024,
                    "learning_rate": 0.2,
                    "discount": 1.0,
                    "baseline": "gae",
                    "critic_learning_rate": 0.1,
                },
            ),
            "trpo": Recipe(
                budget=40_960,
                takes="2 s",
                algorithm={
                    "batch_size": 1024,
                    "discount": 1.0,
                    "critic_learning_rate": 0.1,
                    "critic_minibatch_size": 1024,
                },
            ),
            "ppo": Recipe(
                budget=40_960,
                takes="2 s",
                algorithm={
                    "batch_size": 1024,
                    "minibatch_size": 512,
                    "learning_rate": 0.05,
                    "schedule": "linear",
                    "discount": 1.0,
                },
            ),
            # Cannot solve it, and is here to be watched: the best of a table's actions is always the same one.
            "q-learning": Recipe(
                budget=20_480,
                takes="2 s",
                task={"n_envs": 8},
                algorithm={"batch_size": 64, "discount": 1.0} | FALLING,
            ),
        },
        stop_when_solved=False,
        deterministic=False,
    ),
}
