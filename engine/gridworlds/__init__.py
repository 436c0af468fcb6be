"""Gridworlds: maps as text, their environments for Gymnasium, and their exact dynamics."""

import gymnasium as gym

ENV_ID = "Uphill/GridWorld-v0"

if ENV_ID not in gym.registry:
    gym.register(
        id=ENV_ID,
        entry_point="engine.gridworlds.env:GridWorldEnv",
        vector_entry_point="engine.gridworlds.vector:GridWorldVectorEnv",
    )
