"""What Stable-Baselines3 and sb3-contrib do with their tuned settings (rl-baselines3-zoo), in CPU seconds."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sb3_contrib import TRPO
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecNormalize

ALGORITHMS: dict[str, Any] = {"ppo": PPO, "trpo": TRPO}


def falling(start: float) -> Callable[[float], float]:
    """A rate that falls in a line to 0; SB3 asks with the share that is left."""
    return lambda left: left * start


TUNED: dict[str, dict[str, Any]] = {
    "cartpole-ppo": {
        "env": "CartPole-v1", "n_envs": 8, "n_steps": 32, "batch_size": 256, "n_epochs": 20, "gamma": 0.98,
        "gae_lambda": 0.8, "learning_rate": falling(1e-3), "clip_range": falling(0.2),
    },
    "cartpole-trpo": {
        "env": "CartPole-v1", "n_envs": 2, "n_steps": 512, "batch_size": 512, "cg_damping": 1e-3, "gae_lambda": 0.98,
        "gamma": 0.99, "learning_rate": 1e-3, "n_critic_updates": 20,
    },
    "acrobot-ppo": {
        "env": "Acrobot-v1", "normalise": True, "n_envs": 16, "n_steps": 256, "gae_lambda": 0.94, "gamma": 0.99,
        "n_epochs": 4, "ent_coef": 0.0,
    },
    "mountaincar-ppo": {
        "env": "MountainCar-v0", "normalise": True, "n_envs": 16, "n_steps": 16, "gae_lambda": 0.98, "gamma": 0.99,
        "n_epochs": 4, "ent_coef": 0.0,
    },
    "pendulum-ppo": {
        "env": "Pendulum-v1", "n_envs": 4, "n_steps": 1024, "gae_lambda": 0.95, "gamma": 0.9, "n_epochs": 10,
        "ent_coef": 0.0, "learning_rate": 1e-3, "clip_range": 0.2, "use_sde": True, "sde_sample_freq": 4,
    },
    "mountaincar-continuous-ppo": {
        "env": "MountainCarContinuous-v0", "normalise": True, "n_envs": 1, "n_steps": 8, "batch_size": 256,
        "gamma": 0.9999, "learning_rate": 7.77e-5, "ent_coef": 0.00429, "clip_range": 0.1, "n_epochs": 10,
        "gae_lambda": 0.9, "max_grad_norm": 5, "vf_coef": 0.19, "use_sde": True,
        "policy_kwargs": {"log_std_init": -3.29, "ortho_init": False},
    },
    "lunarlander-ppo": {
        "env": "LunarLander-v3", "n_envs": 16, "n_steps": 1024, "batch_size": 64, "gae_lambda": 0.98, "gamma": 0.999,
        "n_epochs": 4, "ent_coef": 0.01,
    },
    "inverted-pendulum-ppo": {
        "env": "InvertedPendulum-v5", "normalise": True, "n_envs": 1, "n_steps": 32, "batch_size": 64, "gamma": 0.999,
        "learning_rate": 2.22425e-4, "ent_coef": 1.37976e-7, "clip_range": 0.4, "n_epochs": 5, "gae_lambda": 0.9,
        "max_grad_norm": 0.3, "vf_coef": 0.19816,
    },
}  # fmt: skip


class Solved(BaseCallback):
    """Ends training once the mean of the last 100 episodes and then 100 test episodes reach a return.

    The seconds that tests take are not counted, which favours the peer.
    """

    def __init__(self, threshold: float):
        super().__init__()
        self.threshold, self.testing, self.score = threshold, 0.0, float("nan")

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        recent = [episode["r"] for episode in self.model.ep_info_buffer]
        if len(recent) == 100 and np.mean(recent) >= self.threshold and not self.score >= self.threshold:
            start = time.process_time()
            self.score = test(self.model)
            self.testing += time.process_time() - start
            if self.score >= self.threshold:
                self.model._total_timesteps = self.model.num_timesteps  # learn() ends after this update


def build(preset: str, seed: int) -> Any:
    settings = dict(TUNED[preset])
    envs = make_vec_env(settings.pop("env"), settings.pop("n_envs"), seed=seed)
    if settings.pop("normalise", False):
        envs = VecNormalize(envs, gamma=settings["gamma"])
    return ALGORITHMS[preset.rpartition("-")[2]]("MlpPolicy", envs, seed=seed, device="cpu", **settings)


def test(model: Any) -> float:
    """The mean return of 100 test episodes with the most likely action."""
    envs = model.get_env()
    envs.seed(10_000)
    if isinstance(envs, VecNormalize):
        envs.training, envs.norm_reward = False, False
    score = float(evaluate_policy(model, envs, n_eval_episodes=100)[0])
    if isinstance(envs, VecNormalize):
        envs.training, envs.norm_reward = True, True
    model._last_obs = envs.reset()
    return score


def train(preset: str, seed: int, budget: int, threshold: float | None) -> dict[str, Any]:
    """Train for `budget` steps, or until `threshold` is reached; CPU seconds without building and testing."""
    torch.set_num_threads(1)
    model = build(preset, seed)
    solved = Solved(float("inf") if threshold is None else threshold)
    start = time.process_time()
    model.learn(budget, callback=solved)
    cpu_s = time.process_time() - start - solved.testing
    score = test(model) if threshold is None else solved.score
    reached = threshold is None or score >= threshold
    return {"cpu_s": cpu_s, "env_steps": model.num_timesteps, "score": score, "reached": reached}
