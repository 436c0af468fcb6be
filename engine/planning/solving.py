"""Run a solver by name, for so many sweeps or to a proven error, and say what came out and what has no answer."""

from dataclasses import dataclass, replace

import numpy as np

from engine.planning import bounds, sweeps
from engine.planning.evaluation import endless_states, may_never_end, policy_values, transition_matrix
from engine.planning.mdp import Bools, Floats, TabularMDP, backup, expected_rewards, uniform_policy
from engine.planning.optimum import TIE_TOLERANCE, Domain, Optimum, greedy_actions, optimum
from engine.planning.sweeps import Sweep, Sweeps

METHODS = (
    "value-iteration",
    "policy-evaluation",
    "policy-iteration",
    "modified-policy-iteration",
    "prioritised-sweeping",
)
IN_PLACE = ("value-iteration", "policy-evaluation")
MAX_SWEEPS = 100_000
TOLERANCE = 1e-8
SETTLED = (
    "sweeps from V = 0 settled on values that are not the best, since at discount 1 going round for nothing ties; "
    "they went on from the values of a policy that ends or stays"
)


@dataclass(frozen=True)
class Plan:
    """What a solver came to.

    values [S], NaN where there is no finite one; q [S, A] looked ahead from them, -inf where that is not defined;
    greedy [S, A], the best actions by that q, and policy [S, A], the policy evaluated or a best one that ends soonest;
    ended [S], where no move is made any more; delta, the last sweep's largest change; error_bound, proven, on the
    largest error of the values that are finite, None where `notes` say why; improper [S], where the policy may never
    end; best, the exact optimum beside.
    """

    values: Floats
    q: Floats
    greedy: Bools
    policy: Floats
    ended: Bools
    sweeps: int
    backups: int
    delta: float
    error_bound: float | None
    improper: Bools
    notes: tuple[str, ...]
    best: Optimum


@dataclass(frozen=True)
class Problem:
    """What is to be found: in `domain`, the values of `policy` [S, A], or the best ones where that is None.

    exact [S], exact_q [S, A], and their proven error at discount 1, where sweeps by themselves prove nothing.
    """

    domain: Domain
    policy: Floats | None
    exact: Floats
    exact_q: Floats
    exact_error: float | None

    def error(self, values: Floats) -> float | None:
        """A proven bound on the largest error of `values` [S] in the domain."""
        mdp = self.domain.mdp
        if mdp.discount < 1.0:
            return bounds.discounted(mdp, self.domain.rewards, values, self.policy)
        if self.exact_error is None:
            return None
        return float(np.abs(values - self.exact)[~mdp.terminal].max(initial=0.0)) + self.exact_error

    def greedy(self, q: Floats, values: Floats, error: float | None, sweeps: int) -> Bools:
        """[S, A]: the best actions by q [S, A], looked ahead from the `values` [S] that so many sweeps have made."""
        rounding = bounds.rounding(self.domain.rewards, values) * max(1, sweeps)
        if error is not None and error < TIE_TOLERANCE:
            rounding = error
        return greedy_actions(q, error, rounding, self.exact_q) & ~self.domain.mdp.terminal[:, None]


def best_values(best: Optimum) -> Problem:
    """The problem of finding the best values."""
    return Problem(best.domain, None, best.values, best.q, best.error)


def values_of(mdp: TabularMDP, policy: Floats) -> Problem:
    """The problem of finding the values of `policy` [S, A]."""
    rewards = expected_rewards(mdp)
    if mdp.discount < 1.0:
        exact = policy_values(mdp, policy).values
        return Problem(Domain(mdp, rewards), policy, exact, backup(mdp, rewards, exact, mdp.discount), None)
    matrix = transition_matrix(mdp, policy)
    _, paying = endless_states(mdp, policy, matrix)
    inner = replace(mdp, terminal=mdp.terminal | paying)
    losing = (paying[mdp.next_states] & (mdp.probabilities > 0)).any(-1)
    rewards = np.where(losing & ~inner.terminal[:, None], -np.inf, rewards)
    exact = np.where(paying, 0.0, policy_values(mdp, policy).values)
    error = bounds.undiscounted_evaluation(inner, rewards, policy, exact)
    return Problem(Domain(inner, rewards), policy, exact, backup(inner, rewards, exact, 1.0), error)


def sweeps_of(problem: Problem, method: str, in_place: bool = False, begin: Floats | None = None) -> Sweeps:
    """The sweeps of `method` on a problem, one after the other, without end, from `begin` [S] or V = 0."""
    mdp, rewards, policy = problem.domain.mdp, problem.domain.rewards, problem.policy
    if method == "policy-evaluation" and policy is not None:
        evaluate = sweeps.policy_evaluation_in_place if in_place else sweeps.policy_evaluation
        return evaluate(mdp, rewards, policy)
    match method:
        case "value-iteration":
            return (sweeps.value_iteration_in_place if in_place else sweeps.value_iteration)(mdp, rewards, begin)
        case "policy-iteration":
            ending = problem.domain.ending
            return sweeps.policy_iteration(mdp, rewards, uniform_policy(mdp) if ending is None else ending)
        case "modified-policy-iteration":
            return sweeps.modified_policy_iteration(mdp, rewards, begin)
        case "prioritised-sweeping":
            return sweeps.prioritised_sweeping(mdp, rewards, begin)
    raise ValueError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")


def solve(
    mdp: TabularMDP,
    method: str,
    policy: Floats | None = None,
    n_sweeps: int | None = None,
    tolerance: float = TOLERANCE,
    in_place: bool = False,
) -> Plan:
    """`n_sweeps` sweeps from V = 0, or as many as bring the proven error down to `tolerance`.

    Policy evaluation is of `policy` [S, A], the uniform one where that is None. After a given number of sweeps every
    state has a value, that of so many moves; in the limit some may have none.
    """
    best = optimum(mdp)
    if method == "policy-evaluation":
        followed = uniform_policy(mdp) if policy is None else policy
        problem = values_of(mdp, followed)
    else:
        followed, problem = best.policy, best_values(best)
    lost = problem.domain.mdp.terminal & ~mdp.terminal
    if n_sweeps is not None and method != "policy-iteration":
        open_ = Domain(mdp, expected_rewards(mdp), problem.domain.forever, problem.domain.ending)
        problem = replace(problem, domain=open_, exact_error=None if lost.any() else problem.exact_error)
    last, notes = _run(problem, method, in_place, n_sweeps, tolerance)
    inner = problem.domain.mdp
    q = backup(inner, problem.domain.rewards, last.values, mdp.discount)
    bound = problem.error(last.values)
    improper = may_never_end(mdp, transition_matrix(mdp, followed)) | lost
    return Plan(
        values=np.where(inner.terminal & ~mdp.terminal, np.nan, last.values),
        q=q,
        greedy=problem.greedy(q, last.values, bound, last.number),
        policy=followed,
        ended=mdp.terminal,
        sweeps=last.number,
        backups=last.backups,
        delta=last.delta,
        error_bound=bound,
        improper=improper,
        notes=tuple(_remarks(problem, improper, lost, bound, n_sweeps) + notes),
        best=best,
    )


def _run(problem: Problem, method: str, in_place: bool, n_sweeps: int | None, tolerance: float) -> tuple[Sweep, list]:
    """(the last sweep, remarks on why it was the last where that was not asked for)."""
    if n_sweeps == 0:
        return Sweep(0, np.zeros(problem.domain.mdp.n_states), np.nan, 0), []
    running, made = sweeps_of(problem, method, in_place), Sweep(0, np.zeros(0), 0.0, 0)
    notes: list[str] = []
    for _ in range(MAX_SWEEPS):
        sweep = next(running)
        sweep = replace(sweep, number=sweep.number + made.number, backups=sweep.backups + made.backups)
        if sweep.number == n_sweeps:
            return sweep, []
        if n_sweeps is not None:
            continue
        if _near(sweep, problem, tolerance):
            error = problem.error(sweep.values)
            if error is None or error <= tolerance:
                return sweep, notes
        if sweep.delta <= 4 * np.finfo(float).eps * np.abs(sweep.values).max(initial=0.0) and sweep.number > 1:
            ending = problem.domain.ending
            if ending is None or problem.policy is not None or notes:
                return sweep, [*notes, f"rounding in double precision leaves the proven error above {tolerance:g}"]
            begin = policy_values(problem.domain.mdp, ending).values
            running, made, notes = sweeps_of(problem, method, in_place, begin), sweep, [SETTLED]
    return sweep, [*notes, f"stopped after {MAX_SWEEPS:,} sweeps"]


def _near(sweep: Sweep, problem: Problem, tolerance: float) -> bool:
    """Whether it is worth computing the proven error after this sweep."""
    discount = problem.domain.mdp.discount
    if discount < 1.0:
        return discount * sweep.delta <= tolerance * (1.0 - discount)
    # Where nothing can be proven, three digits more than asked for must do.
    return sweep.delta <= (tolerance if problem.exact_error is not None else tolerance * 1e-3)


def _remarks(problem: Problem, improper: Bools, lost: Bools, bound: float | None, n_sweeps: int | None) -> list[str]:
    said = []
    if improper.any():
        policy = "the best policy" if problem.policy is None else "the policy"
        said.append(f"improper policy: from {improper.sum()} of the cells {policy} may never end")
    if lost.any() and n_sweeps is None:
        said.append(f"{lost.sum()} of the cells have no finite value at discount 1; they are null")
    if bound is None and lost.any():
        said.append("no error bound: some cells have no finite value at discount 1 to compare with")
    elif bound is None:
        said.append(
            "no error bound: at discount 1 none could be proven, because going on for ever costs almost nothing"
        )
    return said
