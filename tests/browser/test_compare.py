"""Compare: groups with bands, figures, files, and the state of the view in the address."""

import csv
import io
import re

import pytest
from conftest import App
from playwright.sync_api import Page, expect

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def runs(app: App) -> list[dict]:
    short = {"budget": 8192, "evaluation.stop_when_solved": False, "evaluation.final_episodes": 5}
    return [app.finished_run(f"gridworld-{kind}", set=short) for kind in ("ppo", "trpo")]


def test_runs_lie_over_one_another_with_their_figures(page: Page, runs: list[dict]) -> None:
    page.goto(f"/compare?compare={runs[0]['run_id']},{runs[1]['run_id']}")
    expect(page.locator(".legend .entry")).to_have_count(2)
    plot = page.locator('[data-metric="return_mean"] .plot')
    expect(plot.locator(".scatterlayer path.js-line").first).to_be_attached()
    expect(page.get_by_text("Settings that differ")).to_be_visible()
    expect(page.get_by_text("Start the other two on the task and seeds")).to_be_visible()


def test_the_files_hold_what_is_shown(page: Page, app: App, runs: list[dict]) -> None:
    page.goto(f"/compare?compare={runs[0]['run_id']}")
    expect(page.locator('[data-metric="return_mean"] .scatterlayer path.js-line').first).to_be_attached()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text())))
    table = app.ask(f"/api/runs/{runs[0]['run_id']}/metrics")
    returns = [row[table["names"].index("return_mean")] for row in table["values"]]
    assert [float(row["value"]) for row in rows if row["metric"] == "return_mean"] == returns
    with page.expect_download() as saved:
        page.get_by_role("button", name="HTML report").click()
    assert saved.value.path().read_text().startswith("<!doctype html>")
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG", exact=True).click()
    assert saved.value.path().read_bytes().startswith(PNG)


def test_what_is_chosen_stands_in_the_address(page: Page, runs: list[dict]) -> None:
    page.goto("/compare")
    page.get_by_label("Runs and groups").click()
    page.get_by_role("option", name=re.compile(runs[0]["run_id"][:6])).click()
    expect(page.locator(".legend .entry")).to_have_count(1)
    page.wait_for_url(f"**compare={runs[0]['run_id']}*")
    page.reload()
    expect(page.locator(".legend .entry")).to_have_count(1)


def test_the_view_stays_when_another_run_joins(page: Page, runs: list[dict]) -> None:
    page.goto(f"/compare?compare={runs[0]['run_id']}")
    page.get_by_label("Horizontal axis").select_option("iterations")
    page.locator(".legend .entry input").uncheck()
    page.get_by_label("Runs and groups").click()
    page.get_by_role("option", name=re.compile(runs[1]["run_id"][:6])).click()
    expect(page.locator(".legend .entry")).to_have_count(2)
    expect(page.get_by_label("Horizontal axis")).to_have_value("iterations")
    expect(page.locator(".legend .entry input").first).not_to_be_checked()
    expect(page.locator(".legend .entry input").last).to_be_checked()
    page.wait_for_url(f"**{runs[1]['run_id']}*x=iterations*")


@pytest.mark.parametrize("asked", ["zzz", "%00", "a," * 500, "<script>alert(1)</script>", "../../etc/passwd"])
def test_what_is_unknown_gets_a_sentence(page: Page, app: App, asked: str) -> None:
    page.goto(f"/compare?compare={asked}")
    expect(page.get_by_text("There is no run or group").first).to_be_visible()
    expect(page.get_by_role("button", name="Start all three")).to_be_visible()


def test_three_algorithms_start_with_one_click(page: Page, app: App) -> None:
    before = app.ask("/api/runs")["total"]
    page.goto("/compare")
    page.get_by_label("Seeds", exact=True).fill("1, 2")
    page.get_by_role("button", name="Start all three").click()
    expect(page.locator(".legend .entry")).to_have_count(3)
    found = app.ask("/api/runs")
    assert found["total"] == before + 6
    for run in found["runs"][:6]:
        app.wait_for(run["run_id"], "finished", timeout=240)  # six runs, one after the other
    expect(page.locator(".legend")).to_contain_text("2 of 2 seeds")
