"""A plan on a map as rows of cells: the one object that `plan --json` prints and that screens draw."""

import math
from typing import Any

import numpy as np

from engine.gridworlds.dynamics import deciding
from engine.gridworlds.maps import GridMap, in_rows
from engine.gridworlds.policies import as_words
from engine.planning.horizon import optimal_return
from engine.planning.mdp import Bools, Floats, Ints, TabularMDP
from engine.planning.memoryless import best_of_each_kind
from engine.planning.solving import Plan


def plan_object(grid: GridMap, plan: Plan) -> dict[str, Any]:
    """V, Q and the rest as rows of cells; null for walls and wherever there is no finite number."""
    states = grid.size
    open_ = [grid.open(*divmod(state, grid.cols)) for state in range(states)]
    choosing = deciding(grid)
    return {
        "V": in_rows(grid, [v if here else None for v, here in zip(_plain(plan.values), open_, strict=False)]),
        "Q": in_rows(grid, [q if here else None for q, here in zip(_plain(plan.q), open_, strict=False)]),
        "greedy_actions": in_rows(grid, _words(grid, plan.greedy, choosing)),
        "optimal_actions": in_rows(grid, _words(grid, plan.best.optimal, choosing)),
        "policy": in_rows(grid, [p if here else None for p, here in zip(_plain(plan.policy), choosing, strict=False)]),
        "sweeps": plan.sweeps,
        "backups": plan.backups,
        "delta": plan.delta,
        "error_bound": plan.error_bound,
        "improper": bool(plan.improper.any()),
        "improper_cells": in_rows(grid, plan.improper[:states].tolist()),
        "notes": list(plan.notes),
    }


def memoryless_object(grid: GridMap, mdp: TabularMDP, seen: Ints, deadline: float = math.inf) -> dict[str, Any]:
    """What an agent can earn that sees `seen` [S] alone: with certainty, with dice, and with full sight beside."""
    found = best_of_each_kind(mdp, seen, deadline)
    choosing = deciding(grid)
    dice = [p if here else None for p, here in zip(_plain(found.stochastic.round(9)), choosing, strict=False)]
    return {
        "seen": in_rows(grid, [int(code) if here else None for code, here in zip(seen, choosing, strict=False)]),
        "deterministic": {
            "return": found.deterministic_return,
            "proven": found.proven,
            "policy": in_rows(grid, _words(grid, found.deterministic > 0, choosing)),
        },
        "stochastic": {"return": found.stochastic_return, "policy": in_rows(grid, dice)},
        "observed": {"return": found.observed_return},
    }


def limited_object(grid: GridMap, mdp: TabularMDP, moves: int) -> dict[str, Any]:
    """The optimum within so many moves, under the map's discount; its policy depends on the moves that are left."""
    values, actions = optimal_return(mdp, moves, mdp.discount)
    open_ = [grid.open(*divmod(cell, grid.cols)) for cell in range(grid.size)]
    return {
        "moves": moves,
        "return": float(mdp.start @ values),
        "V": in_rows(grid, [v if here else None for v, here in zip(_plain(values), open_, strict=False)]),
        "first_actions": in_rows(grid, _words(grid, np.eye(mdp.n_actions)[actions[0]] > 0, deciding(grid))),
    }


def _words(grid: GridMap, chosen: Bools, choosing: Bools) -> list[str]:
    rows = zip(chosen[: grid.size], choosing, strict=True)
    return [as_words(row, grid.actions) if chooses else "" for row, chooses in rows]


def _plain(numbers: Floats) -> list[Any]:
    """As lists, with -0.0 written 0.0, since both are the same value."""
    return (np.asarray(numbers) + 0.0).tolist()
