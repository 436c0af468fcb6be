"""Settings that several algorithms share: label, help and bounds of each, written once."""

from typing import Any

BATCH_SIZE: dict[str, Any] = {
    "label": "Batch size",
    "help": "What is collected for one update: env steps, or molecules.",
    "ge": 1,
    "le": 10_000_000,
}
DISCOUNT: dict[str, Any] = {
    "label": "Discount",
    "help": "How much a reward one step later counts (gamma). 1 counts all rewards of an episode alike.",
    "ge": 0.0,
    "le": 1.0,
}
GAE_LAMBDA: dict[str, Any] = {
    "label": "GAE lambda",
    "help": "0 trusts the critic's next value, 1 the rewards that were seen; between them lies a compromise.",
    "ge": 0.0,
    "le": 1.0,
}
LEARNING_RATE: dict[str, Any] = {
    "label": "Learning rate",
    "help": "Size of Adam's steps.",
    "gt": 0.0,
    "le": 1.0,
    "live": True,
}
CRITIC_LEARNING_RATE: dict[str, Any] = {
    "label": "Critic learning rate",
    "help": "Size of Adam's steps when the value function is fitted.",
    "gt": 0.0,
    "le": 1.0,
    "live": True,
    "expert": True,
}
CRITIC_STEPS: dict[str, Any] = {
    "label": "Critic steps",
    "help": "Passes over the batch that fit the value function, per update.",
    "ge": 1,
    "le": 1000,
    "expert": True,
}
ENTROPY_COEFFICIENT: dict[str, Any] = {
    "label": "Entropy bonus",
    "help": "Reward for staying undecided; keeps the policy exploring.",
    "ge": 0.0,
    "le": 10.0,
    "live": True,
}
MAX_GRADIENT_NORM: dict[str, Any] = {
    "label": "Gradient norm limit",
    "help": "A longer gradient is scaled down to this length.",
    "gt": 0.0,
    "le": 1e6,
    "expert": True,
}
SCHEDULE: dict[str, Any] = {
    "label": "Learning rate schedule",
    "help": "Constant, or falling in a straight line to zero at the end of the budget.",
    "expert": True,
}
REFERENCE_KL_COEFFICIENT: dict[str, Any] = {
    "label": "Pull to the reference",
    "help": "Price of moving away from the reference policy (for molecules: the prior), per nat of KL and token.",
    "ge": 0.0,
    "le": 100.0,
    "live": True,
}
