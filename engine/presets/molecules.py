"""Presets that draw molecules, from a generator that was taught real ones."""

from engine.presets.subjects import Recipe, Subject

SUBJECTS = {
    "molecules-qed": Subject(
        title="Draw drug-like molecules",
        sentence="A generator that was taught real molecules learns to write ones that look like medicines.",
        task={"kind": "molecules", "objective": "qed"},
        policy={},
        algorithms={
            "pg": Recipe(
                budget=20_000,
                takes="4 min",
                algorithm={"batch_size": 128, "learning_rate": 0.001, "discount": 1.0, "baseline": "mean"},
            ),
            "trpo": Recipe(
                budget=20_000, takes="5 min", algorithm={"batch_size": 256, "discount": 1.0, "gae_lambda": 1.0}
            ),
            "ppo": Recipe(
                budget=20_000,
                takes="4 min",
                algorithm={
                    "batch_size": 128,
                    "minibatch_size": 64,
                    "epochs": 2,
                    "learning_rate": 0.0005,
                    "discount": 1.0,
                    "gae_lambda": 1.0,
                },
            ),
        },
    ),
}
