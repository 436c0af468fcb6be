"""Right of way: who trains waits for a visitor, and not for one visitor after another."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
from routes_client import served

from engine.environments import vectors
from engine.right_of_way import EVERY, MOMENT, VISITORS, RightOfWay
from pages.routes.screens import SCREENS


class Clock:
    """Seconds that pass only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the right of way that the environments give; nobody has asked for it."""
    ticking = Clock()
    monkeypatch.setattr(vectors, "VISITORS", RightOfWay(ticking, ticking.sleep))
    return ticking


def test_an_environment_in_python_holds_still_for_a_visitor(clock: Clock) -> None:
    envs = vectors.SerialVectorEnv(lambda: gymnasium.make("CartPole-v1"), 2)
    envs.reset(seed=1)
    envs.step(np.zeros(2, np.int64))
    assert clock.now == 100.0
    vectors.VISITORS.ask()
    clock.now += 0.5
    envs.step(np.zeros(2, np.int64))
    assert clock.now == 100.0 + MOMENT
    envs.step(np.zeros(2, np.int64))
    assert clock.now == 100.0 + MOMENT
    envs.close()


def test_one_visitor_after_another_takes_a_fifth_of_the_time_at_most() -> None:
    clock = Clock()
    road, lost = RightOfWay(clock, clock.sleep), 0.0
    while clock.now < 100.0 + 20 * EVERY:
        road.ask()
        before = clock.now
        road.give()
        lost += clock.now - before
        clock.now += 0.01
    assert lost == pytest.approx(20 * MOMENT) and MOMENT <= EVERY / 5


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_asks(screen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(type(VISITORS), "ask", lambda self: asked.append(screen))
    with served(tmp_path) as (client, _):
        assert client.get(screen).status_code == 200
        assert client.get("/api/runs").status_code == 200
    assert asked == [screen]
