"""What is taken away reads back elsewhere: CSV, TensorBoard's own reader, and torch alone for the policy."""

import csv
import json
import math
import struct

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_runs import gridworld

from engine.__main__ import main
from engine.commands.trained import choose, restore
from engine.config import RunConfig
from engine.export import csv_cell, write_metrics_csv
from engine.service import Engine
from engine.store import MetricTable, open_store

CONFIGS = {
    "table": gridworld(budget=640, name="=HYPERLINK(1)"),
    "normalised-gaussian": RunConfig.from_object(
        {
            "budget": 512,
            "task": {"kind": "gym", "env_id": "Pendulum-v1", "n_envs": 4, "normalise_observations": True},
            "algorithm": {"kind": "ppo", "batch_size": 256, "minibatch_size": 128},
            "policy": {"hidden_sizes": [16, 8], "activation": "relu"},
            "evaluation": {"final_episodes": 2, "episodes": 2},
        }
    ),
}


@pytest.fixture(scope="module", params=CONFIGS)
def exported(request, tmp_path_factory):
    """(store, run, folder) of a finished run that was exported."""
    folder = tmp_path_factory.mktemp(request.param)
    engine = Engine(open_store(folder / "uphill.db"))
    run_id = engine.submit(CONFIGS[request.param])
    assert engine.wait(run_id, 60)
    engine.close()
    assert main(["export", run_id, "--store", str(folder / "uphill.db"), "--out", str(folder / "out")]) == 0
    with open_store(folder / "uphill.db") as store:
        yield store, store.get_run(run_id), folder / "out"


def test_the_csv_has_every_number_of_the_store(exported):
    store, run, folder = exported
    table = store.metrics(run.run_id)
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == table.steps.tolist()
    for column, name in enumerate(table.names):
        read = [float(row[name]) if row[name] else math.nan for row in rows]
        np.testing.assert_array_equal(read, table.values[:, column])


def test_tensorboard_reads_the_event_files(exported):
    store, run, folder = exported
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    table = store.metrics(run.run_id, names=["kl"])
    scalars = events.Scalars("kl")
    assert [scalar.step for scalar in scalars] == table.steps.tolist()
    np.testing.assert_allclose([scalar.value for scalar in scalars], table.values[:, 0], rtol=1e-6)


def test_a_second_export_takes_the_place_of_the_first_and_lists_its_own_files_only(exported, capsys):
    store, run, folder = exported
    (folder / "notes.txt").write_text("mine")
    (folder / "tensorboard" / "events.out.tfevents.1.mine").write_bytes(b"")
    assert main(["export", run.run_id, "--store", str(store.path), "--out", str(folder), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    names = sorted(path.removeprefix(f"{folder}/") for path in files)
    assert [name for name in names if "tfevents" not in name] == ["metrics.csv", "policy.json", "policy.safetensors"]
    assert len(names) == 4 and (folder / "notes.txt").exists()
    scalars = EventAccumulator(str(folder / "tensorboard")).Reload().Scalars("kl")
    assert [scalar.step for scalar in scalars] == store.metrics(run.run_id, names=["kl"]).steps.tolist()


@pytest.mark.parametrize("format_", ["csv", "tensorboard", "policy"])
def test_an_export_that_cannot_be_written_is_told_in_a_sentence(exported, capfd, tmp_path, format_):
    store, run, _ = exported
    for name in ("metrics.csv", "policy.safetensors", "tensorboard/events.out.tfevents.uphill"):
        (tmp_path / name).mkdir(parents=True)  # where a file should come
    words = ["export", run.run_id, "--store", str(store.path), "--out", str(tmp_path), "--format", format_]
    assert main(words) == 2
    assert capfd.readouterr() == ("", f"The export to {tmp_path} failed: Is a directory\n")


def read_safetensors(path):
    """The published format, by torch alone: 8 bytes header length, JSON header, then the tensors' bytes."""
    body = path.read_bytes()
    (length,) = struct.unpack("<Q", body[:8])
    header = json.loads(body[8 : 8 + length])
    header.pop("__metadata__", None)
    types = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
    tensors = {}
    for name, about in header.items():
        begin, end = (8 + length + offset for offset in about["data_offsets"])
        tensors[name] = torch.frombuffer(bytearray(body[begin:end]), dtype=types[about["dtype"]]).view(about["shape"])
    return tensors


def act_like_the_description(folder, observations):
    """The actor's outputs [N, K], computed from policy.json and policy.safetensors with nothing of this project."""
    description = json.loads((folder / "policy.json").read_text())
    tensors = read_safetensors(folder / "policy.safetensors")
    x = observations
    about = description["observation"]
    if "normalised" in about:
        x = (x - tensors["observation.mean"]) / torch.sqrt(tensors["observation.variance"] + about["epsilon"])
        x = x.clamp(-about["clip"], about["clip"]).float()
    for layer in description["actor"]:
        if "activation" in layer:
            x = getattr(torch, layer["activation"])(x)
        else:
            bias = tensors[layer["linear"] + ".bias"] if layer["bias"] else None
            x = torch.nn.functional.linear(x, tensors[layer["linear"] + ".weight"], bias)
    return x, description, tensors


def test_the_policy_acts_the_same_with_torch_alone(exported):
    store, run, folder = exported
    training = restore(run, choose(store, run, "last"))
    length = training.task.spec.observation_shape[0]
    observations = torch.randn(32, length, generator=torch.Generator().manual_seed(0))
    outputs, description, tensors = act_like_the_description(folder, observations)
    seen = observations
    if training.config.task.kind == "gym":
        seen = torch.empty_like(observations)
        training.task._collector.observation_scale.apply(observations.numpy(), seen.numpy())
    params = training.policy.params(seen)
    if description["distribution"]["kind"] == "gaussian":
        expected_log_std = params[0, description["distribution"]["dim"] :]
        torch.testing.assert_close(tensors[description["distribution"]["log_standard_deviation"]], expected_log_std)
        params = params[:, : description["distribution"]["dim"]]
    torch.testing.assert_close(outputs, params.detach(), rtol=1e-5, atol=1e-5)
    training.task.close()


def test_the_description_names_the_run_and_its_settings(exported):
    _, run, folder = exported
    about = json.loads((folder / "policy.json").read_text())["about"]
    assert about["run_id"] == run.run_id and about["config"] == run.config
    assert about["iteration"] == run.checkpoint_step


def exported_policy(config, folder):
    """(description, tensors, training) of a finished run's policy."""
    store, out = str(folder / "uphill.db"), folder / "out"
    engine = Engine(open_store(store))
    run_id = engine.submit(RunConfig.from_object(config))
    assert engine.wait(run_id, 60)
    engine.close()
    assert main(["export", run_id, "--store", store, "--out", str(out), "--format", "policy"]) == 0
    with open_store(store) as opened:
        run = opened.get_run(run_id)
        training = restore(run, choose(opened, run, "last"))
    return json.loads((out / "policy.json").read_text()), read_safetensors(out / "policy.safetensors"), training


@pytest.mark.parametrize("kind", ["q-learning", "sarsa", "expected-sarsa", "monte-carlo"])
def test_a_table_of_action_values_acts_the_same_with_torch_alone(tmp_path, kind):
    """Sutton & Barto (2018), p. 100-101: epsilon / |A| for every action, and the rest for the greedy ones."""
    config = {"budget": 640, "task": {"kind": "gridworld", "n_envs": 8}, "evaluation": {"final_episodes": 2}}
    config |= {"algorithm": {"kind": kind, "batch_size": 64, "epsilon": 0.3}}
    description, tensors, training = exported_policy(config, tmp_path)
    assert description["kind"] == "table" and description["distribution"]["n"] == 4
    places = torch.eye(description["observation"]["length"])
    expected = torch.softmax(training.policy.params(places), -1)
    torch.testing.assert_close(torch.softmax(tensors[description["distribution"]["outputs_from"]], -1), expected)
    best = tensors["action_values"] == tensors["action_values"].amax(-1, keepdim=True)
    by_hand = 0.3 / 4 + 0.7 * best / best.sum(-1, keepdim=True)
    torch.testing.assert_close(by_hand, expected, check_dtype=False)
    training.task.close()


@pytest.mark.parametrize("constrained", [False, True])
def test_a_generator_writes_with_the_same_probabilities_with_torch_alone(tmp_path, constrained):
    config = {"budget": 32, "task": {"kind": "molecules", "workers": 1, "max_length": 40, "constrained": constrained}}
    config |= {"algorithm": {"kind": "pg", "batch_size": 32}, "evaluation": {"episodes": 4, "final_episodes": 4}}
    description, tensors, training = exported_policy(config, tmp_path)
    size = description["sizes"]
    embedding = torch.nn.Embedding(size["vocabulary"], size["embedding"])
    gru = torch.nn.GRU(size["embedding"], size["hidden"], size["layers"])
    head = torch.nn.Linear(size["hidden"], size["vocabulary"])
    for name, module in (("embedding", embedding), ("gru", gru), ("head", head)):
        prefix = f"actor.{name}."
        module.load_state_dict({key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)})
    drawn = training.policy.sample(16, 40, torch.Generator().manual_seed(1))
    logits = head(gru(embedding(drawn.read))[0])
    if constrained:
        bar(logits, drawn.read, description["closing"], description["boundary"])
    else:
        assert "closing" not in description
    expected = torch.softmax(training.policy.params(drawn.read), -1)
    torch.testing.assert_close(torch.softmax(logits, -1)[drawn.mask], expected[drawn.mask], rtol=1e-4, atol=1e-5)
    assert len(description["tokens"]) == size["vocabulary"] and description["language"] == "smiles"
    for column in range(16):
        written = drawn.written[drawn.mask[:, column], column].tolist()
        text = "".join(description["tokens"][token] for token in written if token != description["boundary"])
        assert text == training.task.vocabulary.decode(written)
    training.task.close()


def bar(logits, read, closing, boundary):
    """What the description says of closing, one sequence and one place at a time."""
    for column in range(read.shape[1]):
        opened, pairs = 0, set()
        for t in range(len(read)):
            token = int(read[t, column])
            opened += closing["brackets"][token]
            pairs ^= {closing["pairs"][token]} - {-1}
            for following in range(logits.shape[2]):
                after = opened + closing["brackets"][following]
                unclosed = after + len(pairs ^ ({closing["pairs"][following]} - {-1}))
                barred = unclosed + 1 > closing["longest"] - t - 1 or after < 0 or following in closing["never"]
                if opened + len(pairs) > 0 if following == boundary else barred:
                    logits.data[t, column, following] = closing["barred"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(text):
    assert csv_cell(text) == "'" + text


def test_numbers_stay_numbers_and_unmeasured_cells_are_empty(tmp_path):
    table = MetricTable(["=a", "b"], np.array([1, 2]), np.array([[-1.5, math.nan], [0.1, 1e-300]]), np.ones(2), 2)
    write_metrics_csv(tmp_path / "metrics.csv", table)
    assert (tmp_path / "metrics.csv").read_text().splitlines() == ["step,'=a,b", "1,-1.5,", "2,0.1,1e-300"]
