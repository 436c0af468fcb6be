"""Presets that draw molecules, from a generator that was taught real ones."""

from engine.presets.subjects import Recipe, Subject

# Of four molecules drawn the one is scored of which a model of the scores so far expects most: scores are what is dear.
THRIFT = {"screen": 4, "patience": 2_400}
# What the best of the published and tried recipes have in common: a small batch of which the better half is learned
# from, beside a replay of the best so far, and scores to the third power. A molecule pays once, and what is scored is
# chosen among the new ones, so the best may be replayed as often as chance has it.
REPLAY = THRIFT | {
    "replay": 50,
    "replay_top": 100,
    "best_share": 0.5,
    "score_power": 3.0,
    "prior_weight": 0.001,
    "relative_rewards": True,
    "repeat_multiplier": 0.0,
}
SEARCH = {
    "pg": Recipe(
        budget=25_728,
        takes="2 min",
        task=REPLAY,
        algorithm={
            "batch_size": 48,
            "learning_rate": 1e-3,
            "discount": 1.0,
            "baseline": "none",
            "standardise_advantages": False,
            "max_gradient_norm": 1.0,
        },
    ),
    "trpo": Recipe(
        budget=10_240,
        takes="4 min",
        task=THRIFT | {"replay": 24, "score_power": 2.0},
        algorithm={
            "batch_size": 64,
            "max_kl": 0.03,
            "discount": 1.0,
            "gae_lambda": 1.0,
            "damping": 0.2,
            "fisher_share": 0.25,
            "conjugate_gradient_steps": 8,
            "critic_minibatch_size": 64,
            "critic_steps": 3,
        },
    ),
    "ppo": Recipe(
        budget=20_480,
        takes="4 min",
        task=THRIFT | {"replay": 24},
        algorithm={
            "batch_size": 64,
            "minibatch_size": 64,
            "epochs": 4,
            "learning_rate": 5e-4,
            "discount": 1.0,
            "gae_lambda": 1.0,
            "max_gradient_norm": 1.0,
        },
    ),
}

# Many good molecules rather than the very best: near the prior, from all of a batch.
NEAR_PRIOR = {
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
        takes="2 min",
        algorithm={
            "batch_size": 128,
            "max_kl": 0.05,
            "discount": 1.0,
            "gae_lambda": 1.0,
            "damping": 0.2,
            "fisher_share": 0.25,
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
}

SUBJECTS = {
    "molecules-celecoxib": Subject(
        title="Find celecoxib again",
        sentence="A generator that has never been told of this medicine is led to it by likeness alone.",
        task={"kind": "molecules", "objective": "celecoxib_rediscovery"},
        policy={},
        algorithms=SEARCH,
    ),
    "molecules-qed": Subject(
        title="Draw drug-like molecules",
        sentence="A generator that was taught real molecules learns to write ones that look like medicines.",
        task={"kind": "molecules", "objective": "qed"},
        policy={},
        algorithms=NEAR_PRIOR,
    ),
    "molecules-soluble": Subject(
        title="Draw medicines that dissolve",
        sentence="Drug-like molecules that a predictor, learned from measured ones, expects to dissolve in water.",
        task={"kind": "molecules", "objective": "soluble_drug"},
        policy={},
        algorithms=NEAR_PRIOR,
    ),
}
