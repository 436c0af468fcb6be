"""Links that are old or wrong lead to something that helps, and pages say what there is not."""

import json

import pytest
from conftest import App, serve
from playwright.sync_api import Page, expect

from engine.presets import PRESETS
from engine.store import open_store


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory):
    """An app whose store holds a run of one point, and one that was stopped before its first."""
    folder = tmp_path_factory.mktemp("store")
    config = json.dumps(PRESETS["cartpole-ppo"].config | {"name": "", "seed": 1})
    with open_store(folder / "uphill.db") as store:
        single, none = (store.create_run(config, name, "gym", "ppo", 1) for name in ("One point", "None"))
        row = {"return_mean": 5.0, "kl": 0.01, "env_steps": 100.0, "wall_s": 1.0}
        store.record(single, store.begin_attempt(single), 1, row)
        store.flush()
        store.set_state(single, "finished")
        store.set_state(none, "stopped")
    served = serve(folder)
    served.single, served.none = single, none  # type: ignore[attr-defined]
    yield served
    served.stop()


def test_metrics_that_there_are_no_more_leave_the_usual_ones(page: Page, app: App) -> None:
    page.goto(f"/run?run={app.single}&show=bogus,gone")
    expect(page.locator('[data-metric="kl"]')).to_be_visible()
    page.goto(f"/run?run={app.single}&show=")
    expect(page.locator(".uphill .hood")).to_be_visible()
    expect(page.locator("article.metric")).to_have_count(0)  # somebody chose none


def test_an_unknown_start_is_told(page: Page) -> None:
    page.goto("/launch?from=nonsense")
    expect(page.get_by_text("There is no preset or run called 'nonsense'")).to_be_visible()


def test_a_run_that_ended_without_a_picture_says_so(page: Page, app: App) -> None:
    page.goto(f"/run?run={app.none}")
    expect(page.get_by_text("No picture was made.")).to_be_visible()
    expect(page.get_by_text("No points were recorded.")).to_be_visible()


def test_a_run_that_ended_can_be_started_again_with_other_settings(page: Page, app: App) -> None:
    page.goto(f"/run?run={app.single}")
    page.get_by_role("link", name="Change settings").click()
    expect(page.get_by_role("combobox", name="Start from")).to_have_value(f"Copy of One point · {app.single[:6]}")
    expect(page.get_by_label("Environment", exact=True)).to_have_value("CartPole-v1")


def test_the_studio_shows_the_first_round_of_a_search(page: Page, app: App) -> None:
    page.goto("/api/health")
    drawn = page.evaluate(
        "async (address) => (await import(address))"
        ".curve([128], [{ name: 'best', values: [0.9] }], null, 'x').outerHTML",
        f"{app.address}/assets/studio_plot.js",
    )
    assert "<circle" in drawn and "NaN" not in drawn


def test_a_curve_of_one_point_is_seen(page: Page, app: App) -> None:
    page.goto(f"/compare?compare={app.single}")
    expect(page.locator('[data-metric="return_mean"] .scatterlayer path.point').first).to_be_visible()


def test_a_rule_that_is_refused_is_named_as_its_field(page: Page) -> None:
    page.goto("/gridworld")
    field = page.get_by_label("Each move pays", exact=True)
    field.fill("much")
    field.press("Tab")
    wrong = page.locator(".uphill .problem").first
    expect(wrong).to_contain_text("Each move pays is 'much'; it must be a number")
    expect(wrong).not_to_contain_text("line")
