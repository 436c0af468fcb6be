"""The molecule studio's goals in words: what each asks for, and the settings of the run that goes for it."""

from dataclasses import dataclass, field
from typing import Any

from engine.algorithms import ALGORITHMS
from engine.chemistry.objectives import OBJECTIVES
from engine.presets import PRESETS

PRESET = "molecules-qed"  # its algorithms' settings serve every goal
ALGORITHMS_IN_WORDS = {
    "ppo": "Takes several small, guarded steps from each round. A good first choice.",
    "pg": "Takes one plain step from each round. The simplest, and quick.",
    "trpo": "Measures each step so that it never goes too far. Careful, and slower.",
}
EXAMPLES = [
    ("Paracetamol", "CC(=O)Nc1ccc(O)cc1"),
    ("Caffeine", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"),
    ("Ibuprofen", "CC(C)Cc1ccc(cc1)C(C)C(=O)O"),
]


@dataclass(frozen=True)
class Goal:
    """A card on the page. `set` is laid over the preset; ask names what else is to be given: reference, window, any."""

    name: str
    title: str
    sentence: str
    set: dict[str, Any] = field(default_factory=dict)
    ask: str = ""


GOALS = [
    Goal("drug-like", "Drug-like", "Looks like a medicine that one can swallow.", {"task.objective": "qed"}),
    Goal(
        "soluble",
        "Dissolves in water",
        "Dissolves well, by a model taught measured molecules, and looks like a medicine.",
        {"task.objective": "soluble_drug"},
    ),
    Goal(
        "better",
        "Like mine, but better",
        "A relative of a molecule you name, easier to make and more drug-like.",
        {"task.objective": "similar_but_better"},
        "reference",
    ),
    Goal(
        "rediscover",
        "Find mine again",
        "Writes a molecule you name, without ever having been shown it.",
        {"task.objective": "rediscover"},
        "reference",
    ),
    Goal(
        "balance",
        "Oil and water in balance",
        "Its logP lies between two numbers that you choose.",
        {"task.objective": "logp"},
        "window",
    ),
    Goal("expert", "Something else", "Any of the goals that chemists compare generators on.", {}, "any"),
]


def handed() -> dict[str, Any]:
    """Everything that the goal component draws."""
    algorithms = [kind for kind in ALGORITHMS_IN_WORDS if f"{PRESET}-{kind}" in PRESETS]
    return {
        "goals": [vars(goal) for goal in GOALS],
        "algorithms": [
            {
                "kind": kind,
                "label": ALGORITHMS[kind].label,
                "words": ALGORITHMS_IN_WORDS[kind],
                "preset": f"{PRESET}-{kind}",
                "takes": PRESETS[f"{PRESET}-{kind}"].takes,
                "budget": PRESETS[f"{PRESET}-{kind}"].config["budget"],
            }
            for kind in algorithms
        ],
        "objectives": [
            {"name": name, "title": ready.title, "sentence": ready.sentence, "reference": ready.needs_reference}
            for name, ready in OBJECTIVES.items()
        ],
        "examples": [{"name": name, "smiles": smiles} for name, smiles in EXAMPLES],
    }
