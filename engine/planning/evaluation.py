"""What a fixed policy is worth: sweep by sweep, and exactly by solving the Bellman equation."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import splu

from engine.planning.mdp import Bools, Floats, TabularMDP, backup, evened_out, expected_rewards


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

    At gamma = 1 a policy that may go on for ever has no value where it is paid for going on: NaN there.
    """
    matrix = transition_matrix(mdp, policy)
    rewards = evened_out(policy * expected_rewards(mdp))
    values = np.zeros(mdp.n_states)
    solved = ~mdp.terminal
    if mdp.discount == 1.0:
        resting, paying = endless_states(mdp, policy, matrix)
        values[paying] = np.nan
        solved &= ~resting & ~paying
    inside = np.flatnonzero(solved)
    values[inside] = solve(matrix, inside, mdp.discount, rewards[inside])
    return PolicyValues(values, may_never_end(mdp, matrix))


def endless_states(mdp: TabularMDP, policy: Floats, matrix: csr_array) -> tuple[Bools, Bools]:
    """([S] where the policy goes round for ever for nothing, [S] from where it may come to go round and be paid).

    The recurrent classes of the policy's chain, apart from the ends: strongly connected parts that nothing leaves.
    """
    labels = connected_components(matrix, directed=True, connection="strong")[1]
    edges = matrix.tocoo()
    left = np.zeros(labels.max() + 1, dtype=bool)
    left[labels[edges.row[labels[edges.row] != labels[edges.col]]]] = True
    recurrent = ~left[labels] & ~mdp.terminal
    paid = np.zeros(len(left), dtype=bool)
    paid[labels[recurrent & (evened_out(policy * expected_rewards(mdp)) != 0.0)]] = True
    return recurrent & ~paid[labels], can_reach(matrix, recurrent & paid[labels])


def solve(matrix: csr_array, inside: np.ndarray, discount: float, right: Floats) -> Floats:
    """x of (I - discount * matrix) x = right, among the states `inside` alone.

    NaN where the system is singular in double precision: going on lasts longer than it can tell from for ever.
    """
    if not len(inside):
        return np.zeros(0)
    system = eye_array(len(inside)) - discount * matrix[inside][:, inside]
    try:
        return splu(system.tocsc()).solve(right)
    except RuntimeError:  # exactly singular
        return np.full(len(inside), np.nan)


def transition_matrix(mdp: TabularMDP, policy: Floats) -> csr_array:
    """P_pi [S, S], sparse, of a policy [S, A]; rows of terminal states are 0, so that nothing follows them."""
    weights = policy[:, :, None] * mdp.probabilities * ~mdp.terminal[:, None, None]
    used = weights > 0
    sources = np.broadcast_to(np.arange(mdp.n_states)[:, None, None], weights.shape)
    entries = (weights[used], (sources[used], mdp.next_states[used]))
    return csr_array(entries, shape=(mdp.n_states, mdp.n_states))


def may_never_end(mdp: TabularMDP, matrix: csr_array) -> Bools:
    """[S]: from here the policy behind P_pi `matrix` [S, S] reaches, with some probability, a place it never leaves."""
    ends = can_reach(matrix, mdp.terminal)
    return can_reach(matrix, ~ends) & ~mdp.terminal


def occupancy(mdp: TabularMDP, policy: Floats) -> Floats:
    """d [S]: expected discounted visits, d = (I - gamma P_pi')^-1 d_0 (terminal states count once).

    Sutton & Barto (2018), section 9.2, with the discount as in Sutton et al. (2000). Raises ValueError at gamma = 1
    for a policy that may never end, which would visit some states for ever.
    """
    matrix = transition_matrix(mdp, policy)
    reached = can_be_reached(matrix, mdp.start > 0)
    if mdp.discount == 1.0 and (may_never_end(mdp, matrix) & reached).any():
        raise ValueError("the policy may never end, so at discount 1 its visits have no finite expectation")
    seen = np.flatnonzero(reached)
    visits = np.zeros(mdp.n_states)
    visits[seen] = solve(csr_array(matrix.T), seen, mdp.discount, mdp.start[seen])
    return visits


def can_reach(matrix: csr_array, targets: Bools) -> Bools:
    """[S]: states from which some path of positive probability in `matrix` [S, S] leads to a target; targets too."""
    return can_be_reached(csr_array(matrix.T), targets)


def can_be_reached(matrix: csr_array, sources: Bools) -> Bools:
    """[S]: states that some path of positive probability leads to from a source, sources included."""
    n_states, entries = len(sources), matrix.tocoo()
    first = np.flatnonzero(sources)
    # One more node that leads to every source: the search starts there.
    rows = np.concatenate([entries.row, np.full(len(first), n_states)])
    columns = np.concatenate([entries.col, first])
    graph = csr_array((np.ones(len(rows)), (rows, columns)), shape=(n_states + 1, n_states + 1))
    found = np.zeros(n_states + 1, dtype=bool)
    found[breadth_first_order(graph, n_states, return_predecessors=False)] = True
    return found[:n_states]
