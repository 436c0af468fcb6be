"""The main job in a browser: each card with each algorithm, points without a reload, steering, found again after."""

import re
import time

import pytest
from conftest import App
from playwright.sync_api import Page, expect

TASKS = ("gridworld", "gym", "molecules")
ALGORITHMS = ("PG", "TRPO", "PPO")
POINTS = "(node) => Math.max(0, ...(node.data ?? []).map((trace) => trace.x.length))"
ENOUGH = 10
PATIENCE_S = 240


def wait_for_points(page: Page, chart: str, enough: int) -> None:
    """Wait until so many points are drawn on a chart of the Run page."""
    plot = page.locator(".reward .plot" if chart == "reward" else f'[data-metric="{chart}"] .plot')
    plot.scroll_into_view_if_needed()
    deadline = time.monotonic() + PATIENCE_S
    while plot.evaluate(POINTS) < enough:
        assert time.monotonic() < deadline, f"{plot.evaluate(POINTS)} points on {chart}"
        page.wait_for_timeout(100)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("task", TASKS)
def test_a_card_shows_an_agent_learning(page: Page, app: App, task: str, algorithm: str) -> None:
    page.goto("/")
    card = page.locator(f".st-key-card-{task}")
    card.get_by_role("radio", name=algorithm, exact=True).click()
    expect(card.get_by_role("radio", name=algorithm, exact=True)).to_be_checked()
    card.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/run\?run=[0-9a-f]{12}"))
    run_id = page.url.split("run=")[1][:12]
    page.evaluate("window.stayed = true")
    for chart in ("reward", "kl", *(["clip_fraction"] if algorithm == "PPO" else [])):
        wait_for_points(page, chart, ENOUGH)
    run = app.ask(f"/api/runs/{run_id}")
    assert (run["task"], run["algorithm"]) == (task, algorithm.lower())
    if task == "molecules":  # it takes minutes: time to steer
        for button, state in (("Pause", "Paused"), ("Resume", "Training"), ("Stop", "Stopped")):
            page.get_by_role("button", name=button, exact=True).click()
            expect(page.locator(".top .badge")).to_have_text(state, timeout=90_000)
    else:
        app.wait_for(run_id, "finished")
    assert page.evaluate("window.stayed")


def test_all_of_them_are_found_after_a_restart(page: Page, app: App) -> None:
    runs = {(run["task"], run["algorithm"]): run for run in app.ask("/api/runs")["runs"]}
    assert set(runs) == {(task, algorithm.lower()) for task in TASKS for algorithm in ALGORITHMS}
    assert app.stop() == 0
    app.start()
    page.goto("/runs")
    expect(page.locator(".runs .body .row")).to_have_count(9)
    stopped = runs["molecules", "ppo"]
    page.locator(f'.runs .body a[href$="run={stopped["run_id"]}"]').click()
    expect(page.locator(".top .badge")).to_have_text("Stopped")
    wait_for_points(page, "reward", ENOUGH)
