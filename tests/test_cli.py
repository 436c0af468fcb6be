"""The command line: presets, schema, train, resume and the rest; wrong input, signals, what --json prints."""

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from command_line import call
from training_runs import gridworld

from engine import checkpoint, commands
from engine.config import config_schema
from engine.presets import PRESETS
from engine.service import Engine
from engine.store import open_store

SMALL = ["--set", "budget=4096", "--set", "algorithm.batch_size=1024", "--set", "evaluation.final_episodes=5"]


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "uphill.db")


@pytest.fixture
def trained(store):
    """The id of a finished run in `store`."""
    engine = Engine(open_store(store))
    run_id = engine.submit(gridworld(budget=640, name="=1+1"))
    assert engine.wait(run_id, 60)
    engine.close()
    return run_id


def test_every_command_file_is_registered():
    folder = Path(commands.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if "def configure(" in path.read_text()}
    assert found == set(commands.COMMANDS)


@pytest.mark.parametrize("name", ["maps", "map", "plan", "runs", "objectives", "score"])
def test_what_trains_nothing_does_not_wait_for_torch(name):
    read = f"import sys, engine.commands.answering; from engine.commands import load; load({name!r})"
    look = f"{read}; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", look], text=True).strip() == "False"


def test_presets_lists_all_of_them(capsys):
    code, out, _ = call(capsys, "presets")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(PRESETS)
    code, out, _ = call(capsys, "presets", "--json")
    assert json.loads(out)["cartpole-ppo"]["config"]["task"]["env_id"] == "CartPole-v1"


def test_schema_is_the_config_schema(capsys):
    code, out, _ = call(capsys, "schema")
    assert code == 0 and json.loads(out) == config_schema()


def test_the_page_of_settings_is_what_the_schema_says(capsys):
    code, out, _ = call(capsys, "settings")
    assert code == 0 and out == (Path(__file__).parent.parent / "docs" / "settings.md").read_text()
    clip_range = next(line for line in out.splitlines() if line.startswith("| `algorithm.clip_range`*"))
    assert "| `0.2` | number from 0.01 to 1.0 |" in clip_range


def test_train_prints_the_result_as_the_last_line(capsys, store):
    code, out, err = call(
        capsys, "train", "--preset", "gridworld-ppo", *SMALL, "--seed", "7", "--store", store, "--json"
    )
    assert code == 0
    result = json.loads(out.splitlines()[-1])
    assert result["state"] == "finished" and result["eval_episodes"] == 5
    assert result["env_steps"] > 0 and result["cpu_s"] > 0
    assert result["env_steps_per_cpu_s"] == pytest.approx(result["env_steps"] / result["cpu_s"])
    assert {"wall_s", "eval_return_mean", "eval_return_sd", "solved_at_env_steps"} <= set(result)
    with open_store(store) as opened:
        run = opened.get_run(result["run_id"])
    assert run.seed == 7 and run.config["algorithm"]["batch_size"] == 1024
    assert f"Run {result['run_id']}" in err


def test_settings_come_from_file_set_and_options_and_the_last_one_counts(capsys, store, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(gridworld(budget=64).to_json())
    options = ["--algorithm.clip-range", "0.1", "--set", "algorithm.clip_range=0.15", "--policy.hidden-sizes", "[8]"]
    code, out, _ = call(capsys, "train", "--config", str(path), *options, "--name", "123", "--store", store, "--json")
    assert code == 0
    with open_store(store) as opened:
        run = opened.get_run(json.loads(out.splitlines()[-1])["run_id"])
    assert run.config["algorithm"]["clip_range"] == 0.15
    assert run.config["policy"]["hidden_sizes"] == [8]
    assert run.config["name"] == "123"


def test_another_kind_starts_its_section_afresh(capsys, store):
    options = ["--algorithm.batch-size", "1024", "--set", "algorithm.kind=pg", "--budget", "1024"]
    code, out, _ = call(capsys, "train", "--preset", "gridworld-ppo", *options, "--store", store, "--json")
    assert code == 0
    with open_store(store) as opened:
        algorithm = opened.get_run(json.loads(out.splitlines()[-1])["run_id"]).config["algorithm"]
    assert algorithm["kind"] == "pg" and algorithm["batch_size"] == 1024


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (["trian"], ["'trian'"]),
        ([], ["required"]),
        (["train"], ["Nothing to train: give --preset"]),
        (["train", "--preset", "cartpole-pp"], ['preset is "cartpole-pp"; did you mean cartpole-ppo?']),
        (["train", "--preset", ""], ['preset is ""; there are gridworld-pg']),
        (["train", "--config", "/nowhere.json"], ["'/nowhere.json' cannot be read: No such file or directory"]),
        (["train", "--config", "/"], ["'/' cannot be read: Is a directory"]),
        (["train", "--preset", "cartpole-ppo", "--config", "x"], ["--config: not allowed with argument --preset"]),
        (["train", "--preset", "cartpole-ppo", "--set", "seed"], ["--set seed has no value; write --set seed=VALUE"]),
        (["train", "--preset", "cartpole-ppo", "--sead", "1"], ["--sead is not an option; did you mean --seed?"]),
        (["train", "--preset", "cartpole-ppo", "extra"], ["'extra' was not expected here"]),
        (["train", "--preset", "cartpole-ppo", "--set", "seed.x=1"], ["seed.x is not a setting: seed has no parts"]),
        (
            ["train", "--preset", "cartpole-ppo", "--set", "algorithm.clip_range=3", "--set", "algorithm.gama=1"],
            ["algorithm.clip_range is 3; it must be a number between 0.01 and 1.0", "algorithm.gama is not a setting"],
        ),
        (["train", "--preset", "cartpole-ppo", "--algorithm.learning-rate", "NaN"], ["algorithm.learning_rate is NaN"]),
        (["train", "--preset", "cartpole-ppo", "--task.env-id", "os:system"], ["an id may not name a module"]),
        (["train", "--preset", "cartpole-ppo", "--device", "tpu"], ['device is "tpu"; it must be one of auto, cpu']),
        (["runs", "--store", "/nowhere/uphill.db"], ["There is no store at /nowhere/uphill.db"]),
        (["runs", "--state", "done"], ["--state: invalid choice: 'done'"]),
        (["show"], ["required: RUN"]),
        (["evaluate", "x", "--episodes", "0"], ["--episodes is '0'; it must be a whole number between 1 and 100000"]),
    ],
)
def test_wrong_input_is_refused_in_sentences_with_exit_code_2(capsys, monkeypatch, tmp_path, arguments, sentences):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == ""
    lines = err.strip().splitlines()
    assert len(lines) == len(sentences) and "Traceback" not in err
    for sentence in sentences:
        assert any(sentence in line for line in lines), err
    assert not (tmp_path / "store").exists(), "a refused command left something behind"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1]", "holds no object"),
        (b"{" * 9, "is not JSON"),
        (b'{"a":' * 10_000, "nested more than 12 levels deep"),
        (b" " * 20_000_000, "more than 65,536 bytes"),
        (b'{"seed": "1"}', 'seed is "1"; it must be a whole number'),
    ],
)
def test_a_bad_settings_file_is_refused_at_once(capsys, tmp_path, body, sentence):
    path = tmp_path / "config.json"
    path.write_bytes(body)
    began = time.monotonic()
    code, _, err = call(capsys, "train", "--config", str(path), "--store", str(tmp_path / "uphill.db"))
    assert code == 2 and sentence in err and "Traceback" not in err
    assert time.monotonic() - began < 1


def test_every_setting_has_an_option_and_help(capsys):
    code, out, _ = call(capsys, "train", "--help")
    assert code == 0
    for option in ("--algorithm.clip-range", "--task.env-id", "--algorithm.kind", "--evaluation.stop-when-solved"):
        assert option in out
    assert "between 0.01 and 1.0" in " ".join(out.split())


def test_runs_show_and_metrics_print_what_was_recorded(capsys, store, trained):
    code, out, _ = call(capsys, "runs", "--store", store, "--json")
    assert code == 0 and [run["run_id"] for run in json.loads(out)["runs"]] == [trained]
    code, out, _ = call(capsys, "runs", "--store", store)
    assert trained in out and "finished" in out
    code, out, _ = call(capsys, "show", trained[:6], "--store", store, "--json")
    shown = json.loads(out)
    assert code == 0 and shown["run_id"] == trained and shown["sentence"].startswith("Finished")
    code, out, _ = call(capsys, "show", trained, "--store", store)
    assert code == 0 and "settings as they stand now" in out
    code, out, _ = call(capsys, "metrics", trained, "--store", store, "--json", "--only", "kl,return_mean")
    table = json.loads(out)
    assert table["names"] == ["kl", "return_mean"] and len(table["values"]) == table["last_step"] == shown["iteration"]
    code, out, _ = call(capsys, "metrics", trained, "--store", store, "--since", "2")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[0]["step"] == "3" and float(rows[-1]["env_steps"]) == shown["env_steps"]
    code, _, err = call(capsys, "metrics", trained, "--store", store, "--only", "kll")
    assert code == 2 and "no metric 'kll'" in err


def test_evaluate_plays_the_episodes_that_were_asked_for(capsys, store, trained):
    code, out, _ = call(capsys, "evaluate", trained, "--store", store, "--episodes", "7", "--json")
    first = json.loads(out)
    assert code == 0 and first["eval_episodes"] == 7
    torch.set_num_threads(2)
    code, out, _ = call(capsys, "evaluate", trained, "--store", store, "--episodes", "7", "--json")
    assert json.loads(out) == first
    assert torch.get_num_threads() == 1  # as UPHILL_THREADS says, or says not
    code, _, err = call(capsys, "evaluate", trained, "--store", store, "--checkpoint", "12345")
    assert code == 2 and "this run has last, or one of the iterations 11" in err
    code, _, err = call(capsys, "evaluate", "zzz", "--store", store)
    assert code == 2 and "There is no run 'zzz'" in err


def test_resume_of_a_finished_run_is_refused(capsys, store, trained):
    code, _, err = call(capsys, "resume", trained, "--store", store)
    assert code == 2 and "This run is finished" in err
    with open_store(store) as opened:
        assert not opened.owner_alive()


def test_a_store_in_use_is_refused_with_the_pid_and_a_hint(capsys, store):
    engine = Engine(open_store(store))
    code, _, err = call(capsys, "train", "--preset", "gridworld-ppo", "--store", store)
    engine.close()
    assert code == 2 and str(os.getpid()) in err and "choose another store" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_checkpoints_says_how_to_go_on_and_resume_does(capsys, store, tmp_path, number):
    path = tmp_path / "config.json"
    path.write_text(gridworld().to_json())
    command = [sys.executable, "-m", "engine", "train", "--config", str(path), "--store", store, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (os.path.exists(store) and (runs := open_runs(store)) and runs[0].iteration >= 5):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 10 and process.returncode == 0
    result = json.loads(out.splitlines()[-1])
    assert result["state"] == "interrupted" and "Traceback" not in err
    assert f"To go on: python -m engine resume {result['run_id']} --store {store}" in err
    run = open_runs(store)[0]
    assert run.checkpoint_step == run.iteration


def test_a_run_that_waits_for_room_on_the_disk_says_so_once(capsys, store, tmp_path, monkeypatch):
    save, failed = checkpoint.save, []

    def full_at_first(*arguments):
        if len(failed) < 3:
            failed.append(1)
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(*arguments)

    monkeypatch.setattr(checkpoint, "save", full_at_first)
    path = tmp_path / "config.json"
    path.write_text(gridworld(budget=640).to_json())
    code, out, err = call(capsys, "train", "--config", str(path), "--store", store, "--json")
    assert code == 0 and json.loads(out)["state"] == "finished" and len(failed) == 3
    assert err.count("The disk is full, so the run waits.") == 1


def open_runs(path):
    with open_store(path) as opened:
        return opened.runs()


def test_a_device_that_is_not_here_is_refused_and_leaves_no_engine_behind(capsys, store):
    other = "mps" if not torch.backends.mps.is_available() else "cuda"
    code, _, err = call(capsys, "train", "--preset", "gridworld-ppo", "--set", f"device={other}", "--store", store)
    assert code == 2 and f"device is {other}" in err
    with open_store(store) as opened:
        assert not opened.owner_alive() and opened.count_runs() == 0
