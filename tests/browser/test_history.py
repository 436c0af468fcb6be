"""History: search, open, edit, delete and undo; everything is there again after the app was ended and started."""

import signal

import pytest
from conftest import App
from playwright.sync_api import Page, expect

TICKED_IN_TURN = """async (boxes, moment) => {
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  let lost = false;
  boxes[0].click();
  await pause(moment);
  boxes[1].click();
  for (let look = 0; look < 60; look += 1) {
    await pause(10);
    lost ||= !boxes[0].checked || !boxes[1].checked;
  }
  return lost;
}"""


@pytest.fixture(scope="module")
def runs(app: App) -> list[dict]:
    short = {"task.map": "cliff", "budget": 8192}
    return [app.finished_run("gridworld-ppo", seed=1), app.finished_run("gridworld-ppo", seed=2, set=short)]


def test_a_search_stands_in_the_address(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    rows = page.locator(".runs .body .row")
    expect(rows).to_have_count(2)
    page.get_by_label("Search").fill("cliff")
    page.get_by_label("Search").press("Enter")
    expect(rows).to_have_count(1)
    page.wait_for_url("**search=cliff*")
    page.reload()
    expect(rows).to_have_count(1)
    page.goto("/runs?search=nothing-is-called-this")
    expect(page.get_by_text("No run fits this search.")).to_be_visible()


def test_a_name_opens_the_run(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    page.locator(".runs .body .row a").first.click()
    page.wait_for_url(f"**/run?run={runs[1]['run_id']}*")
    page.go_back()
    expect(page.locator(".runs .body .row")).to_have_count(2)


def test_names_tags_and_notes_can_be_written(page: Page, app: App, runs: list[dict]) -> None:
    page.goto("/runs")
    page.locator(".runs .body .row").first.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("x" * 200)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("The name has 200 characters; it must have 1 to 120")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("<b>Bold</b> =1+1 ![](http://localhost:1/x.png)")
    dialog.get_by_label("Tags", exact=True).fill("first, second, first")
    dialog.get_by_label("Notes", exact=True).fill("Seen at the cliff")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".runs .body .row a").first).to_have_text("<b>Bold</b> =1+1 ![](http://localhost:1/x.png)")
    run = app.ask(f"/api/runs/{runs[1]['run_id']}")
    assert (run["tags"], run["notes"]) == (["first", "second"], "Seen at the cliff")


def test_a_deleted_run_comes_back(page: Page, app: App, runs: list[dict]) -> None:
    page.goto("/runs")
    rows = page.locator(".runs .body .row")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    assert app.ask("/api/runs")["total"] == 1
    expect(page.get_by_text("1 run was deleted.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)


def test_chosen_runs_are_compared(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    for place in (0, 1):
        page.locator(".runs .body .row input").nth(place).check()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_role("button", name="Compare (up to 8)").click()
    page.wait_for_url("**/compare?compare=*")
    expect(page.get_by_text("Settings that differ")).to_be_visible()


def test_a_tick_stays_while_the_page_answers_the_one_before(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    boxes = page.locator(".runs .body .row input")
    expect(boxes).to_have_count(2)
    page.wait_for_timeout(2000)  # the page is whole
    for moment in (0, 20, 60, 120):
        lost = boxes.evaluate_all(TICKED_IN_TURN, moment)
        assert not lost, f"ticked {moment} ms after the other, it was unticked"
        expect(page.get_by_text("2 chosen")).to_be_visible()
        for place in (0, 1):
            boxes.nth(place).evaluate("box => box.click()")
        expect(page.get_by_text("Choose runs to compare or delete them.")).to_be_visible()


def test_what_is_chosen_stays_so_beside_another_search(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    expect(page.locator(".runs .body .row")).to_have_count(2)
    page.wait_for_timeout(2000)  # the page is whole
    page.get_by_label("Choose Find the way home").check()
    expect(page.get_by_text("1 chosen", exact=True)).to_be_visible()
    page.get_by_label("Search").fill("cliff")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("1 chosen, 1 of them not shown here")).to_be_visible()
    expect(page.locator(".runs .body .row")).to_have_count(1)
    page.locator(".runs .body .row input").check()
    expect(page.get_by_text("2 chosen, 1 of them not shown here")).to_be_visible()
    page.get_by_role("button", name="Compare (up to 8)").click()
    page.wait_for_url(lambda address: all(run["run_id"] in address for run in runs))


def test_what_is_chosen_outlives_a_search_that_finds_nothing_and_a_look_at_a_run(page: Page, runs: list[dict]) -> None:
    page.goto("/runs")
    expect(page.locator(".runs .body .row")).to_have_count(2)
    page.get_by_label("Choose Find the way home").check()
    expect(page.get_by_text("1 chosen", exact=True)).to_be_visible()
    page.get_by_label("Search").fill("nothing-is-called-this")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("No run fits this search.")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("1 chosen", exact=True)).to_be_visible()
    expect(page.get_by_label("Choose Find the way home")).to_be_checked()
    page.locator(".runs .body .row a").first.click()
    page.wait_for_url("**/run?run=*")
    page.go_back()
    expect(page.get_by_label("Choose Find the way home")).to_be_checked()
    expect(page.get_by_text("1 chosen", exact=True)).to_be_visible()


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_everything_is_there_after_a_restart(page: Page, app: App, runs: list[dict], with_signal: int) -> None:
    page.goto("/runs")
    expect(page.locator(".runs .body .row")).to_have_count(2)
    assert app.stop(with_signal) == 0
    app.start()
    page.goto("/runs")
    expect(page.locator(".runs .body .row")).to_have_count(2)
    page.goto(f"/run?run={runs[0]['run_id']}")
    expect(page.locator("h1")).to_contain_text("Find the way home")


def test_a_run_that_trains_is_not_deleted_with_the_ticked_ones(page: Page, app: App, runs: list[dict]) -> None:
    endless = {"budget": 10**10, "evaluation.stop_when_solved": False}
    run_id = app.ask("/api/runs", {"preset": "gridworld-ppo", "set": endless})["run_id"]
    app.wait_for(run_id, "training")
    page.goto("/runs")
    boxes = page.locator(".runs .body .row input")
    expect(boxes).to_have_count(3)
    page.wait_for_timeout(2000)  # the page is whole
    for place in range(3):
        boxes.nth(place).check()
    expect(page.get_by_text("3 chosen")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).first.click()
    expect(page.get_by_text("is still training; stop it before you delete it")).to_be_visible()
    expect(page.get_by_text("2 runs were deleted.")).to_be_visible()
    expect(boxes).to_have_count(1)
    assert app.ask(f"/api/runs/{run_id}")["state"] == "training"
    app.ask(f"/api/runs/{run_id}/stop", {})
