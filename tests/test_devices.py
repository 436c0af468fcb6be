"""The choice of a device: what is asked for, what is fastest by measurement, and where a checkpoint goes on."""

import pytest
import torch

from engine import devices, placing
from engine.config import RunConfig
from engine.settings import InvalidSettings
from engine.training import Training


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(devices, "_fastest", {})


class Speeds:
    """Env steps per second by device, and which devices were asked."""

    def __init__(self, **speeds):
        self.speeds, self.asked = speeds, []

    def __call__(self, device):
        self.asked.append(device.type)
        if self.speeds[device.type] is None:
            raise RuntimeError("CUDA out of memory")
        return self.speeds[device.type]


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ({"cuda": 5e6, "cpu": 8e4}, "cuda"),
        ({"cuda": 4e4, "cpu": 8e4}, "cpu"),
        ({"cuda": 4e4, "mps": 9e4, "cpu": 8e4}, "mps"),
        ({"cuda": None, "cpu": 8e4}, "cpu"),
        ({"cuda": 8e4, "cpu": 8e4}, "cuda"),
    ],
)
def test_auto_takes_what_was_fastest(speeds, expected):
    measure = Speeds(**speeds)
    assert devices.choose("auto", "a kind", measure, list(speeds)) == torch.device(expected)
    assert measure.asked == list(speeds)


def test_a_kind_of_run_is_measured_once_in_a_process():
    here, first, second = ["cuda", "cpu"], Speeds(cuda=2.0, cpu=1.0), Speeds(cuda=1.0, cpu=2.0)
    assert [devices.choose("auto", "one", first, here).type for _ in range(3)] == ["cuda"] * 3
    assert devices.choose("auto", "one", second, here).type == "cuda" and second.asked == []
    assert devices.choose("auto", "another", second, here).type == "cpu"
    assert (first.asked, second.asked) == (here, here)


def test_nothing_is_measured_where_there_is_no_choice():
    measure = Speeds(cuda=2.0, cpu=1.0)
    assert devices.choose("auto", "a kind", measure, ["cpu"]).type == "cpu"
    assert devices.choose("cpu", "a kind", measure, ["cuda", "cpu"]).type == "cpu"
    assert devices.choose("cuda", "a kind", measure, ["cuda", "cpu"]).type == "cuda"
    assert measure.asked == []


def test_a_device_that_is_not_here_is_refused():
    for refusal in (devices.check, lambda device, names: devices.choose(device, "", Speeds(), names)):
        with pytest.raises(InvalidSettings, match="device is mps; it must be auto or one of cuda, cpu on this machine"):
            refusal("mps", ["cuda", "cpu"])


class Clock:
    """A clock that iterations move: iteration k takes seconds[k] and does rates[k] env steps per second."""

    def __init__(self, seconds, rates):
        self.now, self.made, self.seconds, self.rates = 0.0, 0, seconds, rates

    def __call__(self):
        return self.now

    def iterate(self):
        self.now += self.seconds[self.made]
        self.made += 1
        return self.rates[self.made - 1]


@pytest.mark.parametrize(
    ("seconds", "rates", "made", "best"),
    [
        ([0.1] * 9, [1, 2, 3, 9, 8, 7, 99, 99, 99], 6, 9),
        ([60, 0.1, 0.1, 0.1, 0.1, 0.1], [1, 2, 2, 9, 9, 9], 6, 9),  # a slow beginning is not held against it
        ([1, 2, 2, 2, 2, 2], [1, 2, 3, 9, 9, 9], 3, 3),
        ([60, 60, 60], [1, 2, 3], 2, 2),
    ],
)
def test_a_trial_is_a_few_iterations_or_a_few_seconds(seconds, rates, made, best):
    clock = Clock(seconds, rates)
    assert devices.speed(clock.iterate, clock) == best
    assert clock.made == made


def run(**changes):
    algorithm = {"kind": "ppo", "batch_size": 64, "minibatch_size": 64, "epochs": 1}
    return RunConfig.from_object(
        {"budget": 10_000, "task": {"kind": "gridworld", "n_envs": 8}, "algorithm": algorithm} | changes
    )


def test_a_run_is_measured_by_iterations_of_its_own(monkeypatch):
    """Two names for the CPU stand for two devices: both are really tried, and a run that learns a table tries none."""
    tried = []
    speed = devices.speed
    monkeypatch.setattr(devices, "available", lambda: ["cpu", "cpu:0"])
    monkeypatch.setattr(devices, "speed", lambda iterate: tried.append(speed(iterate)) or tried[-1])
    training = Training(run())
    assert len(tried) == 2 and min(tried) > 0 and training.progress.iteration == 0
    assert Training(run(seed=7, name="another")).device == training.device and len(tried) == 2
    tabular = {"kind": "q-learning", "batch_size": 64}
    assert Training(run(algorithm=tabular, policy={"hidden_sizes": []})).device == torch.device("cpu")
    assert len(tried) == 2


def test_a_checkpoint_goes_on_where_it_was_made_if_that_is_here():
    assert placing.kept(run(), {"device": "cpu"}) == torch.device("cpu")
    assert placing.kept(run(), {"device": "tpu"}) is None
    assert placing.kept(run(), {}) is None
    assert placing.kept(run(device="cpu"), {"device": "cpu"}) is None, "what the config says holds"


def test_a_checkpoint_of_another_device_is_taken_up_with_new_random_numbers():
    first, second = Training(run()), Training(run())
    first.iterate()
    state = first.state_dict() | {"device": "cuda", "generator": torch.zeros(16, dtype=torch.uint8)}
    second.load_state_dict(state)
    expected = torch.Generator().manual_seed(1 + 1)
    assert torch.equal(second.generator.get_state(), expected.get_state()) and second.progress.iteration == 1
    second.iterate()
