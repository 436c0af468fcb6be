"""METRICS: what every recorded number means, its unit, how it is estimated and which range is healthy."""

from dataclasses import dataclass

RATIO_EDGES = [round(0.5 + 0.05 * index, 2) for index in range(21)]
LINE_SEARCH_TRIES = 10


@dataclass(frozen=True)
class Metric:
    """One number per iteration. healthy: (low, high) of the range a good run stays in; None where none is known."""

    label: str
    unit: str
    meaning: str
    estimator: str
    healthy: tuple[float | None, float | None] | None = None


METRICS: dict[str, Metric] = {
    "env_steps": Metric("Steps", "steps", "steps taken so far (molecules: molecules made)", "count of valid rows"),
    "wall_s": Metric("Time", "s", "seconds spent training, over all attempts", "monotonic clock"),
    "return_mean": Metric(
        "Score per try", "reward", "average score of the tries that ended", "mean of un-normalised episode returns"
    ),
    "return_median": Metric("Median score", "reward", "half of the tries scored more", "median of episode returns"),
    "return_min": Metric("Worst score", "reward", "the worst try of this round", "minimum of episode returns"),
    "return_max": Metric("Best score", "reward", "the best try of this round", "maximum of episode returns"),
    "episode_length": Metric("Length of a try", "steps", "how long a try lasts", "mean of episode lengths"),
    "episodes": Metric("Tries", "episodes", "tries that ended in this round", "count"),
    "kl": Metric(
        "KL per update",
        "nats",
        "how far one update moved the policy",
        "KL(collecting policy || policy after the update), exact per state, mean over valid rows",
        (0.0005, 0.03),
    ),
    "kl_k1": Metric("KL, k1", "nats", "sampled KL, may be negative", "mean(-log r), after the update"),
    "kl_k2": Metric("KL, k2", "nats", "sampled KL, biased", "mean((log r)^2) / 2, after the update"),
    "kl_k3": Metric("KL, k3", "nats", "sampled KL, never negative", "mean(r - 1 - log r), after the update"),
    "minibatch_kl": Metric(
        "KL within the update",
        "nats",
        "how far the policy had moved at an average minibatch",
        "k3, mean of minibatches",
    ),
    "reference_kl": Metric(
        "Distance from taught",
        "nats per token",
        "how far the policy is from the reference it started from",
        "KL(policy || reference), exact per token, mean over valid rows, after the update",
    ),
    "reference_kl_coefficient": Metric(
        "Pull to the reference", "per nat", "price of moving away from the reference", "coefficient after adaptation"
    ),
    "clip_fraction": Metric(
        "Clip fraction",
        "share",
        "share of steps where PPO held back",
        "share of valid rows with |r - 1| > clip range, mean over minibatches",
        (0.02, 0.3),
    ),
    "entropy": Metric("Entropy", "nats", "how undecided the policy is", "exact per state, mean, after the update"),
    "policy_loss": Metric("Policy loss", "", "what the update minimises for the policy", "mean over minibatches"),
    "value_loss": Metric(
        "Value loss", "reward^2", "the critic's error", "0.5 * mean squared error (PPO: mean over minibatches)"
    ),
    "explained_variance": Metric(
        "Explained variance",
        "share",
        "how well the critic predicts returns",
        "1 - Var(R - V) / Var(R), V of the collecting critic",
        (0.5, 1.0),
    ),
    "gradient_norm": Metric(
        "Gradient norm", "", "length of the gradient before clipping", "global 2-norm, mean over minibatches"
    ),
    "learning_rate": Metric("Learning rate", "", "size of Adam's steps", "as used in this update"),
    "epochs": Metric("Epochs", "passes", "passes over the batch before a stop", "count"),
    "step_accepted": Metric("Step accepted", "0 or 1", "whether TRPO's line search found a step", "1 accepted, 0 kept"),
    "step_fraction": Metric("Step length", "share", "share of TRPO's full step that was taken", "shrink ^ tries"),
    "line_search_steps": Metric("Line search tries", "tries", "step lengths TRPO tried", "count"),
    "surrogate_predicted": Metric(
        "Predicted gain", "advantage", "what the linear model promised of the step", "gradient . step"
    ),
    "surrogate_gain": Metric(
        "Achieved gain", "advantage", "what the step brought on this batch", "surrogate after - before"
    ),
    "exact_return": Metric(
        "Exact score",
        "reward",
        "what the policy that made this round's moves is worth",
        "expected return J under the time limit, without discount, by backward induction (gridworlds, where asked for)",
    ),
    "return_z": Metric(
        "Sampled against exact score",
        "standard errors",
        "how far the average score was from the exact one",
        "(return_mean - J) / (exact standard deviation of the return / sqrt(episodes)); both of the collecting policy",
        (-3.0, 3.0),
    ),
    "gradient_cosine": Metric(
        "Cosine with the exact gradient",
        "-1 to 1",
        "how much the batch's gradient points where the score rises fastest",
        "batch's policy gradient . exact gradient of the discounted return, both in the logits of each observation",
    ),
    "followed_cosine": Metric(
        "Cosine with the followed gradient",
        "-1 to 1",
        "how much the batch's gradient points where its expectation does",
        "as before, but visits do not count gamma^t; the same at discount 1",
    ),
    "natural_cosine": Metric(
        "Cosine of step and natural gradient",
        "-1 to 1",
        "how much the update moved the policy along the natural gradient",
        "change of the logits . exact advantages, both centred per observation",
    ),
    "kl_exact": Metric(
        "Exact KL per update",
        "nats",
        "how far one update moved the policy where it would go on average",
        "KL(before || after) per observation, weighted by the policy's exact visits",
    ),
    "clipped_after": Metric(
        "Clipped after the update",
        "share",
        "share of the batch beyond the clip range in the end",
        "share of rows with |r - 1| > clip range, r after the update",
    ),
    "clipped_exact": Metric(
        "Exactly clipped after the update",
        "share",
        "share of all moves beyond the clip range in the end",
        "sum of visits(o) pi(a | o) over the pairs with |r - 1| > clip range",
    ),
    "epsilon": Metric("Epsilon", "share", "share of moves made at random", "as set for this rollout, by the schedule"),
    "td_error": Metric(
        "Error of the table",
        "reward",
        "how far what was seen was from what the table said",
        "mean |target - Q(s, a)|, each just before its entry moved (Monte Carlo: the target is the return)",
    ),
    "visited_share": Metric(
        "Tried so far",
        "share",
        "share of the table's entries, one per observation and action, that were tried",
        "entries with at least one visit / all entries; what is never reached, as walls, counts among all",
    ),
    "start_value": Metric(
        "Value at the start",
        "reward",
        "what the greedy policy is thought to bring from the start",
        "max_a Q(s, a) after the update, mean over the starts of all episodes so far",
    ),
    "steps_per_second": Metric("Speed", "steps/s", "steps per second, tests left out", "steps / wall seconds"),
    "time_environment": Metric("Time in the environment", "s", "stepping and scoring", "wall seconds"),
    "time_inference": Metric("Time choosing actions", "s", "the policy's forward passes", "wall seconds"),
    "time_update": Metric("Time learning", "s", "advantages and gradient steps", "wall seconds"),
    "time_record": Metric("Time recording", "s", "metrics, pictures and checkpoints, one round late", "wall seconds"),
    "time_evaluation": Metric("Time evaluating", "s", "test episodes", "wall seconds"),
    "eval_return_mean": Metric(
        "Test score", "reward", "average score of separate test tries, most likely action", "mean of evaluation returns"
    ),
    "eval_return_sd": Metric("Spread of test scores", "reward", "how much test tries differ", "standard deviation"),
    "eval_return_sampled": Metric(
        "Test score, sampled",
        "reward",
        "average score of test tries with sampled actions",
        "mean of evaluation returns",
    ),
    "eval_length": Metric("Length of a test try", "steps", "how long a test try lasts", "mean of evaluation lengths"),
    "valid": Metric("Real molecules", "share", "share that follows chemistry's rules", "valid / sampled", (0.8, 1.0)),
    "unique": Metric("Different molecules", "share", "share that differs from the rest", "unique / valid", (0.7, 1.0)),
    "new": Metric("Never seen before", "share", "share that the prior was not taught", "not in corpus / unique"),
    "lowered": Metric(
        "Held back",
        "share",
        "share of real molecules that earn less than their score: repeated, taught before, or of a full scaffold",
        "earns less / valid, by the diversity filter",
    ),
    "restarts": Metric(
        "Started over", "times", "how often it started over, having found nothing better for long", "count, by patience"
    ),
    "score_mean": Metric("Average score", "0 to 1", "average score of real molecules", "mean over valid molecules"),
    "score_expected": Metric(
        "Expected score",
        "0 to 1",
        "what the model of the scores had expected of those scored",
        "mean of those chosen, Gaussian process",
    ),
    "score_best": Metric("Best score", "0 to 1", "best molecule so far", "maximum over the run"),
    "scaffolds": Metric("Different shapes", "scaffolds", "different ring systems so far", "Murcko scaffolds, count"),
    "molecule_size": Metric("Size", "heavy atoms", "how large the molecules are", "mean over valid molecules"),
    "oracle_calls": Metric("Scored molecules", "molecules", "different molecules scored so far", "count"),
    "top10_mean": Metric("Ten best", "0 to 1", "average score of the ten best so far", "mean"),
    "auc_top10": Metric(
        "Area under the ten best",
        "0 to 1",
        "how early the ten best were good",
        "mean of top-10 over oracle calls (PMO)",
    ),
}
METRICS |= {
    f"ratio_bin_{index:02d}": Metric(
        f"Ratios {RATIO_EDGES[index]} to {RATIO_EDGES[index + 1]}",
        "share",
        "share of steps whose probability changed by this factor",
        "new / old probability after the update, over valid rows; the outer bins are open",
    )
    for index in range(len(RATIO_EDGES) - 1)
}
for _try in range(LINE_SEARCH_TRIES):
    METRICS[f"line_search_kl_{_try}"] = Metric(
        f"KL at try {_try + 1}", "nats", "KL at this step length", "KL(old || tried), exact, mean"
    )
    METRICS[f"line_search_gain_{_try}"] = Metric(
        f"Gain at try {_try + 1}", "advantage", "surrogate gained at this step length", "surrogate after - before"
    )
