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
        },
        stop_when_solved=False,
    ),
}
