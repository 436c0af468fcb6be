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
                budget=11_520,
                takes="2 min",
                algorithm={
                    "batch_size": 128,
                    "learning_rate": 5e-4,
                    "discount": 1.0,
                    "baseline": "mean",
                    "max_gradient_norm": 1.0,
                    "reference_kl_coefficient": 0.08,
                },
            ),
            "trpo": Recipe(
                budget=5_120,
                takes="4 min",
                algorithm={
                    "batch_size": 128,
                    "max_kl": 0.05,
                    "discount": 1.0,
                    "gae_lambda": 1.0,
                    "damping": 0.2,
                    "conjugate_gradient_steps": 4,
                    "critic_minibatch_size": 64,
                    "critic_steps": 3,
                    "reference_kl_coefficient": 0.05,
                },
            ),
            "ppo": Recipe(
                budget=7_680,
                takes="2 min",
                algorithm={
                    "batch_size": 128,
                    "minibatch_size": 64,
                    "epochs": 2,
                    "learning_rate": 5e-4,
                    "discount": 1.0,
                    "gae_lambda": 1.0,
                    "max_gradient_norm": 1.0,
                    "reference_kl_coefficient": 0.1,
                },
            ),
        },
    ),
}
