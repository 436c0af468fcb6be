"""What a fixed policy is worth: sweep by sweep, and exactly by solving the Bellman equation."""

from dataclasses import dataclass

import numpy as np

from engine.planning.mdp import Bools, Floats, TabularMDP, backup, expected_rewards, transition_matrix


@dataclass(frozen=True)
class PolicyValues:
    """values [S] float64, NaN where the sum of rewards has no limit; improper [S] bool, true where it may never end."""

    values: Floats
    improper: Bools


def evaluation_sweeps(mdp: TabularMDP, policy: Floats, sweeps: int) -> Floats:
    """[sweeps + 1, S]: the values after 0, 1, 2, ... synchronous sweeps of iterative policy evaluation from V = 0.

    Sutton & Barto (2018), section 4.1: V_{k+1}(s) = sum_a pi(a | s) Q_k(s, a).
    """
    rewards, history = expected_rewards(mdp), np.zeros((sweeps + 1, mdp.n_states))
    for k in range(sweeps):
        history[k + 1] = (policy * backup(mdp, rewards, history[k], mdp.discount)).sum(-1)
    return history


def policy_values(mdp: TabularMDP, policy: Floats) -> PolicyValues:
    """Solve V = r_pi + gamma P_pi V directly (equation 4.4), without a limit on time.

    At gamma = 1 a policy that may go on for ever has no value where the rewards of going on do not vanish: NaN there.
    Memory grows with S^2; meant for up to a few thousand states.
    """
    matrix = transition_matrix(mdp, policy)
    rewards = (policy * expected_rewards(mdp)).sum(-1)
    improper = may_never_end(mdp, matrix)
    values = np.zeros(mdp.n_states)
    solved = ~mdp.terminal
    if mdp.discount == 1.0:
        # A trap is where no end can be reached any more. One that pays nothing is worth 0, whatever happens in it.
        trapped = ~mdp.terminal & ~can_reach(matrix, mdp.terminal)
        paid = (policy[:, :, None] * mdp.probabilities * np.abs(mdp.rewards)).sum((1, 2)) > 0
        paying = can_reach(matrix, trapped & paid)
        values[paying] = np.nan
        solved &= ~trapped & ~paying
    inside = np.flatnonzero(solved)
    system = np.eye(len(inside)) - mdp.discount * matrix[np.ix_(inside, inside)]
    values[inside] = np.linalg.solve(system, rewards[inside])
    return PolicyValues(values, improper)


def may_never_end(mdp: TabularMDP, matrix: Floats) -> Bools:
    """[S]: from here the policy behind P_pi `matrix` [S, S] reaches, with some probability, a place it never leaves."""
    ends = can_reach(matrix, mdp.terminal)
    return can_reach(matrix, ~ends) & ~mdp.terminal


def occupancy(mdp: TabularMDP, policy: Floats) -> Floats:
    """d [S]: expected discounted visits, d = (I - gamma P_pi')^-1 d_0 (terminal states count once).

    Sutton & Barto (2018), section 9.2, with the discount as in Sutton et al. (2000). Raises ValueError at gamma = 1
    for a policy that may never end, which would visit some states for ever.
    """
    matrix = transition_matrix(mdp, policy)
    if mdp.discount == 1.0 and (may_never_end(mdp, matrix) & can_be_reached(matrix, mdp.start > 0)).any():
        raise ValueError("the policy may never end, so at discount 1 its visits have no finite expectation")
    seen = np.flatnonzero(can_be_reached(matrix, mdp.start > 0))
    visits = np.zeros(mdp.n_states)
    system = np.eye(len(seen)) - mdp.discount * matrix[np.ix_(seen, seen)].T
    visits[seen] = np.linalg.solve(system, mdp.start[seen])
    return visits


def can_reach(matrix: Floats, targets: Bools) -> Bools:
    """[S]: states from which some path of positive probability in `matrix` [S, S] leads to a target; targets too."""
    edges, found = matrix > 0, targets.copy()
    border = found
    while border.any():
        border = edges[:, border].any(1) & ~found
        found = found | border
    return found


def can_be_reached(matrix: Floats, sources: Bools) -> Bools:
    """[S]: states that some path of positive probability leads to from a source, sources included."""
    return can_reach(matrix.T, sources)
