"""GridWorldEnv against the checkers, Gymnasium's FrozenLake, and its own P."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from engine.gridworlds import ENV_ID
from engine.gridworlds.presets import MAPS

NORTH, EAST, SOUTH, WEST = range(4)


def made(name, **arguments):
    return gym.make(ENV_ID, map=name, **arguments).unwrapped


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("render_mode", ["ansi", "rgb_array"])
@pytest.mark.parametrize("name", MAPS)
def test_both_checkers_pass(name, render_mode):
    check_env(made(name, render_mode=render_mode))
    check_env_sb3(made(name, render_mode=render_mode))


@pytest.mark.parametrize(
    ("name", "theirs"), [("frozenlake-4x4", "FrozenLake-v1"), ("frozenlake-8x8", "FrozenLake8x8-v1")]
)
def test_p_is_that_of_gymnasiums_frozenlake(name, theirs):
    ours, lake = made(name), gym.make(theirs).unwrapped
    assert ours.initial_state_distrib == pytest.approx(lake.initial_state_distrib)
    their_action = {NORTH: 3, EAST: 2, SOUTH: 1, WEST: 0}
    for state, actions in lake.P.items():
        for action, their in their_action.items():
            assert summed(ours.P[state][action]) == pytest.approx(summed(actions[their])), (state, action)


def summed(outcomes):
    chances = {}
    for chance, state, reward, terminated in outcomes:
        key = (int(state), float(reward), bool(terminated))
        chances[key] = chances.get(key, 0.0) + chance
    return chances


@pytest.mark.parametrize("name", [name for name in MAPS if not name.startswith("maze")])
def test_sampled_transitions_follow_p(name):
    """Chi-square of every (state, action); its 99.9999 % point for 3 degrees of freedom at most is 30.7."""
    env = made(name)
    env.reset(seed=1)
    samples = 300 if env.grid.slip or env.grid.gusts else 3
    for state, actions in env.P.items():
        if env.mdp.terminal[state]:
            continue
        for action, outcomes in actions.items():
            seen = {}
            for _ in range(samples):
                env._state, env._steps = state, 0
                _, reward, terminated, truncated, place = env.step(action)
                assert not truncated
                assert place["row"] * env.grid.cols + place["column"] == (
                    env._state if env._state < env.grid.size else state
                )
                key = (env._state, reward, terminated)
                seen[key] = seen.get(key, 0) + 1
            expected = {(s, r, t): p * samples for p, s, r, t in outcomes}
            assert set(seen) <= set(expected), (state, action)
            chi_square = sum((seen.get(key, 0) - n) ** 2 / n for key, n in expected.items())
            assert chi_square < 30.7, (state, action, seen, expected)


def test_starts_follow_the_initial_distribution():
    env = made("small-4x4")
    env.reset(seed=5)
    counts = np.zeros(16)
    for _ in range(2800):
        counts[env.reset()[0]] += 1
    assert counts[0] == counts[15] == 0
    chi_square = ((counts[1:15] - 200) ** 2 / 200).sum()
    assert chi_square < 45.1  # 99.998 % point for 13 degrees of freedom


def test_the_cliff_sends_back_to_the_start_and_the_episode_goes_on():
    env = made("cliff")
    assert env.reset(seed=1)[0] == 36
    assert env.step(EAST)[:4] == (36, -100.0, False, False)
    assert env.step(NORTH)[:4] == (24, -1.0, False, False)
    assert env.step(WEST)[:4] == (24, -1.0, False, False)


def test_the_time_limit_truncates_and_a_goal_on_the_last_move_terminates():
    text = "time_limit = 2\n\nS.G\n###\n"
    env = made(text)
    env.reset(seed=1)
    assert env.step(WEST)[2:4] == (False, False)
    assert env.step(WEST)[2:4] == (False, True)
    env.reset()
    env.step(EAST)
    assert env.step(EAST)[1:4] == (-1.0, True, False)


def test_a_cells_own_reward_replaces_the_step_reward():
    env = made("step_reward = -1\ngoal_reward = 7\n\nS.G\n###\n\nreward 1 2 = 2.5\n")
    env.reset(seed=1)
    assert [env.step(action)[1] for action in (WEST, EAST, EAST)] == [-1.0, 2.5, 7.0]


def test_an_ended_episode_must_be_reset():
    env = made("SG\n##\n")
    env.reset(seed=1)
    env.step(EAST)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(EAST)


def test_a_wrong_action_and_a_wrong_observation_are_refused():
    env = made("small-4x4")
    env.reset(seed=1)
    with pytest.raises(ValueError, match="action is 4; it must be between 0 and 3"):
        env.step(4)
    with pytest.raises(ValueError, match="observation is 'ears'; it must be one of map, cell, walls"):
        made("small-4x4", observation="ears")


def test_in_the_aliased_grid_two_cells_feel_alike():
    env = made("aliased")
    env.reset(seed=1)
    codes = []
    for state in range(5):
        env._state = state - 1 if state else 1
        codes.append(int(env.step(EAST if state else WEST)[0]))
    # north 1, east 2, south 4, west 8: the top row from left to right.
    assert codes == [1 + 8, 1 + 4, 1, 1 + 4, 1 + 2]


def test_pictures_show_the_agent():
    env = made("cliff", render_mode="ansi")
    env.reset(seed=1)
    assert env.render() == "............\n............\n............\n@PPPPPPPPPPG\n"
    env = made("cliff", render_mode="rgb_array")
    env.reset(seed=1)
    before = env.render()
    env.step(NORTH)
    changed = (before != env.render()).any(-1)
    rows, cols = np.nonzero(changed)
    assert before.shape == (4 * 32, 12 * 32, 3)
    assert rows.min() >= 2 * 32 and cols.max() < 32  # only the first column's two lowest cells
