"""Takes a run away: metrics as CSV and TensorBoard event files, the policy as safetensors with a description."""

import csv
import json
import math
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import nn

from engine.environments.normalisation import CLIP, EPSILON
from engine.policies.closing import BARRED, Closing
from engine.policies.distributions import Categorical, Distribution, Gaussian, MultiCategorical
from engine.policies.mlp import MLPPolicy
from engine.policies.table import TablePolicy
from engine.policies.tokens import BOUNDARY, TokenPolicy
from engine.store import MetricTable, RunRecord
from engine.training import Training

CLOSING_RULE = (
    "At place t = 0, 1, ... a token's logit becomes `barred` where what is then open and the boundary would not fit "
    "into the longest - t - 1 tokens after it, where it closes a bracket and none is open, and where it is among "
    "`never`; the boundary's, where anything is open. brackets: 1 opens one, -1 closes one; pairs: the number of the "
    "pair that a token opens or closes by turns, -1 for none."
)
EVENTS_FILE = "events.out.tfevents.uphill"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_cell(value: Any) -> Any:
    """A cell no spreadsheet takes for a formula: text that begins like one gets an apostrophe; NaN becomes empty."""
    if isinstance(value, float) and not math.isfinite(value):
        return "" if math.isnan(value) else str(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def write_metrics_csv(path: Path, table: MetricTable) -> list[Path]:
    """One row per iteration: step, then every metric in the order of the table; empty where not measured. This and the
    next two return the files they wrote."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["step", *map(csv_cell, table.names)])
        for step, values in zip(table.steps.tolist(), table.values.tolist(), strict=True):
            rows.writerow([step, *map(csv_cell, values)])
    return [path]


def write_tensorboard(directory: Path, run: RunRecord, table: MetricTable) -> list[Path]:
    """An event file that TensorBoard reads: one scalar per metric over iterations, and the settings as text.

    It takes the place of an earlier export's: TensorBoard reads all files of a folder as one run, every point twice.
    Written here and now: SummaryWriter's own thread ends in a traceback where the disk is full.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter
    from torch.utils.tensorboard.summary import scalar, text

    began = run.started_at or run.created_at
    elapsed = table.values[:, table.names.index("wall_s")] if "wall_s" in table.names else table.steps
    settings = text("settings", f"    {json.dumps(run.config, indent=2)}".replace("\n", "\n    "))
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / EVENTS_FILE).open("wb") as file:
        events = RecordWriter(file)
        events.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
        events.write(Event(wall_time=began, summary=settings).SerializeToString())
        for column, name in enumerate(table.names):
            for step, value, seconds in zip(table.steps, table.values[:, column], elapsed, strict=True):
                if not math.isnan(value):
                    at = {"step": int(step), "wall_time": began + float(seconds)}
                    events.write(Event(**at, summary=scalar(name, value)).SerializeToString())
    return [directory / EVENTS_FILE]


def write_policy(directory: Path, training: Training, about: dict[str, Any]) -> list[Path]:
    """policy.safetensors and policy.json: the tensors, and how torch alone computes an action from them.

    `about` (the run it came from) is kept in the description as it is.
    """
    description: dict[str, Any] = {"format": "uphill-policy", "version": 1, "about": about}
    description |= describe(training.policy)
    if isinstance(training.policy, TokenPolicy):
        words = training.task.vocabulary  # type: ignore[attr-defined]
        description |= {"tokens": list(words.symbols), "language": words.language}
    weights = dict(training.policy.state_dict())
    scale = training.task.state_dict().get("collector", {}).get("observation_scale")
    if scale is not None:
        weights["observation.mean"] = scale["mean"]
        weights["observation.variance"] = scale["squares"] / max(1, scale["count"])
        description["observation"] |= {"normalised": "clip((x - mean) / sqrt(variance + epsilon), -clip, clip)"}
        description["observation"] |= {"epsilon": EPSILON, "clip": CLIP}
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    files = [directory / "policy.safetensors", directory / "policy.json"]
    files[0].write_bytes(save(tensors, metadata={"format": "uphill-policy"}))
    files[1].write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return files


def describe(policy: nn.Module) -> dict[str, Any]:
    """What the policy's tensors are: layers in order, and what the outputs mean."""
    if isinstance(policy, TokenPolicy):
        return {
            "kind": "gru",
            "reads": "tokens, beginning with the boundary; each output is the logits of the next token",
            "layers": ["embedding: actor.embedding", "torch.nn.GRU: actor.gru", "torch.nn.Linear: actor.head"],
            "sizes": {"embedding": policy.actor.gru.input_size, "hidden": policy.actor.gru.hidden_size}
            | {"layers": policy.actor.gru.num_layers, "vocabulary": policy.distribution.n},
            "boundary": BOUNDARY,
        } | ({} if policy.closing is None else {"closing": _closing(policy.closing)})
    if isinstance(policy, TablePolicy):
        return {
            "kind": "table",
            "observation": {"length": len(policy.log_probs), "reads": "one-hot: the place of the 1 is the table's row"},
            "action_values": "action_values: Q(s, a), of which the largest is the greedy action's",
            "distribution": _distribution(policy.distribution)
            | {"outputs": "log-probabilities, with a share `epsilon` of moves at random", "outputs_from": "log_probs"},
        }
    assert isinstance(policy, MLPPolicy)
    return {
        "kind": "perceptron",
        "observation": {"length": policy.actor[0].in_features},
        "actor": _layers(policy.actor, "actor"),
        "critic": _layers(policy.critic, "critic"),
        "distribution": _distribution(policy.distribution),
    }


def _closing(closing: Closing) -> dict[str, Any]:
    """Which tokens may not come, and when: the mask that belongs to the logits."""
    return {
        "rule": CLOSING_RULE,
        "brackets": closing.brackets.int().tolist(),
        "pairs": [-1 if pair == closing.pairs.max() else pair for pair in closing.pairs.tolist()],
        "never": closing.never.nonzero().flatten().tolist(),
        "longest": closing.longest,
        "barred": BARRED,
    }


def _layers(network: nn.Sequential, name: str) -> list[dict[str, Any]]:
    """Each layer in order: {"linear": prefix of its tensors, "bias": bool} or {"activation": name}."""
    return [
        {"linear": f"{name}.{index}", "bias": layer.bias is not None}
        if isinstance(layer, nn.Linear)
        else {"activation": type(layer).__name__.lower()}
        for index, layer in enumerate(network)
    ]


def _distribution(distribution: Distribution) -> dict[str, Any]:
    """What the actor's outputs are the parameters of."""
    match distribution:
        case Categorical(n):
            return {"kind": "categorical", "outputs": "logits", "n": n}
        case MultiCategorical(sizes):
            return {"kind": "multicategorical", "outputs": "logits side by side", "sizes": list(sizes)}
        case Gaussian(dim):
            return {"kind": "gaussian", "outputs": "mean", "dim": dim, "log_standard_deviation": "log_std"}
