"""Back and Forward lead to where one was, with what was chosen there."""

import re

import pytest
from conftest import App
from playwright.sync_api import Page, expect


@pytest.fixture(scope="module")
def runs(app: App) -> list[str]:
    """A run of policy gradient and one of PPO, both finished."""
    return [app.finished_run(f"gridworld-{kind}", set={"name": kind})["run_id"] for kind in ("pg", "ppo")]


def test_back_from_a_started_run_leads_home_and_forward_to_the_run(page: Page, app: App) -> None:
    page.goto("/launch")
    page.goto("/")
    page.locator(".st-key-start-gridworld button").click()
    page.wait_for_url("**/run?run=*")
    run = page.url
    page.go_back()
    expect(page.locator(".st-key-start-gridworld button")).to_be_visible()
    expect(page).to_have_url(f"{app.address}/")
    page.go_forward()
    expect(page).to_have_url(run)
    expect(page.locator("article.metric").first).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page).to_have_url(f"{app.address}/launch")


def test_back_to_the_runs_finds_the_filter_that_was_set(page: Page, app: App, runs: list[str]) -> None:
    page.goto("/runs?algorithm=PPO")
    expect(page.get_by_role("link", name="ppo", exact=True)).to_be_visible()
    page.get_by_role("link", name="Launch").first.click()
    expect(page).to_have_url(re.compile("/launch"))
    page.go_back()
    expect(page).to_have_url(f"{app.address}/runs?algorithm=PPO")
    expect(page.get_by_role("link", name="ppo", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="pg", exact=True)).to_have_count(0)


def test_back_to_compare_finds_the_curves(page: Page, app: App, runs: list[str]) -> None:
    page.goto(f"/compare?compare={','.join(runs)}")
    expect(page.locator(".legend .entry")).to_have_count(2)
    page.get_by_role("link", name="Runs").first.click()
    expect(page).to_have_url(re.compile("/runs"))
    page.go_back()
    expect(page.locator(".legend .entry")).to_have_count(2)
