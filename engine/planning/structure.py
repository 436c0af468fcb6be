"""What can go on for ever: where an end can be reached, which places can be stayed in, and what staying pays.

At discount 1 this decides which states have a value at all, before any sweep is made.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from engine.planning.mdp import Bools, Floats, Ints, TabularMDP, backup, expected_rewards

GAIN_SWEEPS = 20_000


@dataclass(frozen=True)
class Endless:
    """endless [S]: some policy can collect reward for ever from here (the best value is +infinity);
    doomed [S]: no policy ends, or comes to rest where nothing is paid, for certain (the best value is -infinity);
    resting [S, A]: actions that stay where staying for ever pays nothing; resting_class [S]: equal where one can go
    back and forth by such actions, a class of its own elsewhere."""

    endless: Bools
    doomed: Bools
    resting: Bools
    resting_class: Ints

    @property
    def valued(self) -> Bools:
        """[S]: where a finite best value exists at discount 1."""
        return ~self.endless & ~self.doomed


def endless(mdp: TabularMDP) -> Endless:
    """Classify every state by what the best policy can do for ever, as if the discount were 1."""
    rewards = expected_rewards(mdp)
    everything = np.repeat(~mdp.terminal[:, None], mdp.n_actions, axis=1)
    labels, staying = end_components(mdp, everything)
    classes, resting = end_components(mdp, staying & (rewards == 0.0))
    paying = _gaining(mdp, rewards, labels, staying)
    without_limit = can_reach_by(mdp, everything, paying)
    targets = mdp.terminal | resting.any(-1)
    certain, _ = certain_end(mdp, everything & ~without_limit[:, None], targets)
    return Endless(without_limit, ~certain & ~without_limit, resting, classes)


def end_components(mdp: TabularMDP, allowed: Bools) -> tuple[Ints, Bools]:
    """([S] a number for each set of states that `allowed` actions [S, A] can keep the agent in, [S, A] those actions).

    Maximal end components (de Alfaro, 1997): split into strongly connected parts, drop the actions that may leave
    theirs, until none does. States outside every component have numbers of their own.
    """
    possible = mdp.probabilities > 0
    staying = allowed & ~mdp.terminal[:, None]
    sources = np.broadcast_to(np.arange(mdp.n_states)[:, None, None], possible.shape)
    while True:
        edges = possible & staying[:, :, None]
        graph = csr_array(
            (np.ones(int(edges.sum()), dtype=np.int8), (sources[edges], mdp.next_states[edges])),
            shape=(mdp.n_states, mdp.n_states),
        )
        labels = connected_components(graph, directed=True, connection="strong")[1].astype(np.int64)
        inside = ((labels[mdp.next_states] == labels[:, None, None]) | ~possible).all(-1)
        if not (staying & ~inside).any():
            return labels, staying
        staying = staying & inside


def certain_end(mdp: TabularMDP, allowed: Bools, targets: Bools) -> tuple[Bools, Bools]:
    """([S] where allowed actions can reach a target with probability 1, [S, A] those that stay among such states)."""
    possible = mdp.probabilities > 0
    certain = np.ones(mdp.n_states, dtype=bool)
    while True:
        safe = allowed & (certain[mdp.next_states] | ~possible).all(-1)
        reaching = can_reach_by(mdp, safe, targets)
        if (reaching == certain).all():
            return certain, safe
        certain = reaching


def can_reach_by(mdp: TabularMDP, allowed: Bools, targets: Bools) -> Bools:
    """[S]: states from which some path of allowed actions [S, A] leads to a target; targets too."""
    edges = (mdp.probabilities > 0) & allowed[:, :, None]
    reaching = targets.copy()
    while True:
        further = reaching | (reaching[mdp.next_states] & edges).any((1, 2))
        if (further == reaching).all():
            return reaching
        reaching = further


def nearer(mdp: TabularMDP, allowed: Bools, targets: Bools) -> Ints:
    """[S]: the allowed action [S, A] with the best chance of coming one move nearer to a target, 0 where there is none.

    Any chance would do in theory; but a way that hopes for slips takes 1 / chance for each move of it, and on a large
    map that product is beyond double precision.
    """
    weights = mdp.probabilities * allowed[:, :, None]
    reaching, chosen = targets.copy(), np.zeros(mdp.n_states, dtype=np.int64)
    while True:
        steps = (weights * reaching[mdp.next_states]).sum(-1)
        further = ~reaching & (steps > 0).any(-1)
        if not further.any():
            return chosen
        chosen[further] = steps[further].argmax(-1)
        reaching = reaching | further


def _gaining(mdp: TabularMDP, rewards: Floats, labels: Ints, staying: Bools) -> Bools:
    """[S]: members of a component in which going round pays more than nothing per move.

    Relative value iteration, half a step at a time so that it settles (Puterman, 1994, section 8.5.4): the gain lies
    between the smallest and the largest change of a sweep. What is still undecided at the end counts as not gaining.
    """
    inside = staying.any(-1)
    paid = np.where(staying, rewards, -np.inf)
    best_paid = np.full(labels.max() + 1, -np.inf)
    np.maximum.at(best_paid, labels[inside], paid.max(-1)[inside])
    open_ = inside & (best_paid[labels] > 0.0)
    gaining = np.zeros(mdp.n_states, dtype=bool)
    values = np.zeros(mdp.n_states)
    for _ in range(GAIN_SWEEPS):
        if not open_.any():
            break
        change = np.where(open_, backup(mdp, paid, values, 1.0).max(-1) - values, 0.0)
        least, most = np.full(best_paid.shape, np.inf), np.full(best_paid.shape, -np.inf)
        np.minimum.at(least, labels[open_], change[open_])
        np.maximum.at(most, labels[open_], change[open_])
        gaining |= open_ & (least[labels] > 0.0)
        open_ &= (least[labels] <= 0.0) & (most[labels] > 0.0)
        values += 0.5 * change
    return gaining
