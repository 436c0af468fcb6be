"""The screens without a browser: pages/shell.py over a real engine and store, and runs with curves that are known."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamlit.testing.v1 import AppTest

from engine.config import RunConfig
from engine.presets import PRESETS
from engine.service import Engine, hold
from engine.store import Store, open_store

SHELL = Path(__file__).parent.parent.parent / "pages" / "shell.py"


@contextmanager
def opened(folder: Path) -> Iterator[tuple[AppTest, Engine]]:
    """Home, just opened by a visitor, and the engine behind it."""
    engine = Engine(open_store(folder / "uphill.db"))
    hold(engine)
    try:
        yield AppTest.from_file(str(SHELL), default_timeout=30).run(), engine
    finally:
        hold(None)
        engine.close()


def recorded_run(
    store: Store,
    returns: Sequence[float],
    preset: str = "gridworld-ppo",
    seed: int = 1,
    name: str = "Known curve",
    group_id: str | None = None,
) -> str:
    """A finished run whose score at iteration i, after 100 i steps, is returns[i - 1]."""
    config = RunConfig.from_object({**PRESETS[preset].config, "seed": seed})
    kinds = config.task.kind, config.algorithm.kind
    run_id = store.create_run(config.to_json(), name, *kinds, seed, group_id)
    attempt = store.begin_attempt(run_id)
    for step, score in enumerate(returns, start=1):
        store.record(run_id, attempt, step, {"return_mean": score, "env_steps": 100.0 * step, "wall_s": 0.1 * step})
    store.flush()
    store.set_state(run_id, "finished")
    return run_id
