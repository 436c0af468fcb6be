"""Starting runs from the page: changed settings, what is refused and stays, groups, double clicks, the way back."""

import json
import re

from conftest import App
from playwright.sync_api import Page, Route, expect

REFUSED = ["3.0", "abc", "NaN", "-1", "1e999", "０.２", "", "<b>x</b>", "[link](http://a)"]


def run_id_of(page: Page) -> str:
    page.wait_for_url(re.compile(r"/run\?run=[0-9a-f]{12}"))
    return page.url.split("run=")[1][:12]


def test_two_quick_clicks_start_one_run(page: Page, app: App) -> None:
    before = {run["run_id"] for run in app.ask("/api/runs")["runs"]}
    page.goto("/")
    page.locator(".st-key-start-gridworld button").dblclick()
    run_id = run_id_of(page)
    app.wait_for(run_id, "finished")
    assert {run["run_id"] for run in app.ask("/api/runs")["runs"]} - before == {run_id}


def test_a_widget_that_could_not_be_fetched_comes_all_the_same(page: Page) -> None:
    asked: list[str] = []

    def lose_the_first(route: Route) -> None:
        asked.append(route.request.url)
        return route.abort() if len(asked) == 1 else route.continue_()

    page.route(re.compile(r"/static/js/Selectbox\."), lose_the_first)
    page.goto("/launch?from=cartpole-ppo")
    expect(page.get_by_role("combobox", name="Start from")).to_be_visible()
    assert len(asked) == 2


def test_settings_can_be_changed_first(page: Page, app: App) -> None:
    page.goto("/")
    page.locator(".st-key-card-gym").get_by_role("button", name="Change settings first").click()
    expect(page.get_by_label("Clip range", exact=True)).to_have_value("0.2")
    page.wait_for_url("**from=cartpole-ppo*")
    page.get_by_label("Clip range", exact=True).fill("0.15")
    page.get_by_label("Seeds", exact=True).fill("7")
    page.get_by_label("Name", exact=True).fill("Narrow clip")
    page.locator(".st-key-summary").get_by_role("button", name="Start", exact=True).click()
    run_id = run_id_of(page)
    run = app.ask(f"/api/runs/{run_id}")
    assert run["config"]["algorithm"]["clip_range"] == 0.15
    assert (run["name"], run["seed"]) == ("Narrow clip", 7)
    app.ask(f"/api/runs/{run_id}/stop", {})


def test_another_start_fills_the_form_each_time_and_back_leaves_the_page_at_once(page: Page) -> None:
    page.goto("/runs")
    page.get_by_role("link", name="Launch", exact=True).click()
    start = page.get_by_role("combobox", name="Start from")
    for name, title in (("cartpole-trpo", "Keep the pole up (TRPO)"), ("pendulum-ppo", "Swing the pendulum up (PPO)")):
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        start.fill(title)
        page.get_by_role("option", name=title, exact=True).click()
        page.wait_for_url(f"**from={name}*")
        expect(start).to_have_value(title)
    page.goto("/runs")
    page.get_by_role("link", name="Home", exact=True).click()
    page.get_by_role("link", name="Launch", exact=True).click()
    expect(start).to_be_visible()
    page.go_back()
    expect(page.locator(".st-key-card-gym")).to_be_visible()


def test_what_is_refused_stays_with_the_reason(page: Page, app: App) -> None:
    before = app.ask("/api/runs")["total"]
    page.goto("/launch?from=cartpole-ppo")
    page.get_by_label("Learning rate", exact=True).fill("0.0007")
    for typed in REFUSED:
        page.get_by_label("Clip range", exact=True).fill(typed)
        page.get_by_label("Clip range", exact=True).press("Enter")
        sentence = page.locator(".st-key-summary").get_by_text("Clip range is")
        told = re.escape(json.dumps(typed).strip('"'))
        expect(sentence).to_have_text(
            re.compile(f'^Clip range is "?{told}"?; it must be a number between 0.01 and 1.0')
        )
        page.locator(".st-key-summary").get_by_role("button", name="Start", exact=True).click()
        expect(sentence).to_be_visible()
        expect(page.get_by_label("Clip range", exact=True)).to_have_value(typed)
        expect(page.get_by_label("Learning rate", exact=True)).to_have_value("0.0007")
    assert app.ask("/api/runs")["total"] == before


def test_three_seeds_make_a_group_side_by_side(page: Page, app: App) -> None:
    page.goto("/launch?from=gridworld-ppo")
    page.get_by_label("Seeds", exact=True).fill("1-3")
    page.get_by_label("Seeds", exact=True).press("Enter")
    expect(page.locator(".st-key-summary")).to_contain_text(re.compile("3 runs of [0-9,]+ steps each"))
    page.locator(".st-key-summary").get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"/compare\?compare=[0-9a-f]{12}"))
    runs = app.ask("/api/runs?limit=3")["runs"]
    assert sorted(run["seed"] for run in runs) == [1, 2, 3]
    assert len({run["group_id"] for run in runs}) == 1
    for run in runs:
        app.wait_for(run["run_id"], "finished")


def test_a_billion_steps_are_asked_about_first(page: Page, app: App) -> None:
    before = app.ask("/api/runs")["total"]
    page.goto("/launch?from=gridworld-ppo")
    page.get_by_label("Budget", exact=True).fill("1e9")
    page.locator(".st-key-summary").get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Start anyway")).to_be_visible()
    assert app.ask("/api/runs")["total"] == before


def test_back_leads_from_the_run_to_home(page: Page, app: App) -> None:
    page.goto("/")
    page.locator(".st-key-start-gridworld button").click()
    run_id_of(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Watch an agent learn")).to_be_visible()
    page.go_forward()
    expect(page.locator("h1")).not_to_have_text("Watch an agent learn")
