"""Takes the pictures of docs/gridworlds.md and docs/molecules.md from the app: `.venv/bin/python docs/pictures/take.py
[evaluating ...]`. Without names it takes all; `searching` trains for some minutes."""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "browser"))

from conftest import ARGUMENTS, App, serve  # noqa: E402

MOST_BYTES = 200_000
LONGEST_SEARCH_S = 200.0  # two minutes where nothing else runs


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".board .value").filter(has_text=re.compile(".")).first).to_be_attached()
    if "tab=learn" not in address:
        expect(page.locator(".count")).to_contain_text("converged")


def middle(page: Page, row: int, column: int) -> tuple[float, float]:
    box = page.locator(f"[data-cell='{row},{column}'] .ground").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def taken(part: Locator, name: str) -> None:
    part.page.mouse.move(0, 0)
    part.page.wait_for_timeout(600)
    path = HERE / f"{name}.png"
    part.screenshot(path=path)
    assert path.stat().st_size < MOST_BYTES, f"{name}.png has {path.stat().st_size} bytes"


def started(page: Page, app: App, label: str) -> None:
    before = page.url
    page.get_by_role("button", name=f"Start {label}").click()
    page.wait_for_url(lambda address: address != before and "run=" in address)
    found = re.search(r"run=([0-9a-f]{12})", page.url)
    assert found
    app.wait_for(found.group(1), "finished", timeout=120)
    expect(page.locator(".oracle .badge")).to_contain_text("Finished")


def evaluating(page: Page, app: App) -> None:
    opened(page, "/gridworld")
    page.locator(".chip[data-k='3']").click()
    page.mouse.click(*middle(page, 1, 2))
    expect(page.locator(".made .total")).to_be_visible()
    taken(page.locator(".mapcard"), "evaluate")
    taken(page.locator(".made"), "backup")
    taken(page.locator(".close"), "bound")


def painting(page: Page, app: App) -> None:
    opened(page, "/gridworld")
    page.locator("[data-brush='arrow']").first.click()
    page.mouse.move(*middle(page, 3, 0))
    page.mouse.down()
    for cell in ((2, 0), (1, 0), (1, 1), (0, 1), (0, 0)):
        page.mouse.move(*middle(page, *cell))
    page.mouse.up()
    expect(page.locator("[data-cell='3,0'] .value")).to_have_text("−5.00")
    taken(page.locator(".board"), "painted")


def planning(page: Page, app: App) -> None:
    opened(page, "/gridworld?map=russell-4x3&tab=plan")
    page.get_by_role("button", name="Race the solvers").click()
    expect(page.locator(".race [data-line]")).to_have_count(5)
    taken(page.locator(".board"), "russell")
    taken(page.locator(".race"), "solvers")
    opened(page, "/gridworld?map=aliased&tab=plan")
    page.locator(".blind").get_by_role("button", name="Compare").click()
    expect(page.locator(".answer")).to_have_count(3)
    taken(page.locator(".blind"), "walls")


def learning(page: Page, app: App) -> None:
    opened(page, "/gridworld?tab=learn")
    started(page, app, "PPO")
    taken(page.locator(".board"), "learned")
    page.get_by_label("Iteration", exact=True).fill("12")
    taken(page.locator(".oracle"), "oracle")
    page.locator("[data-algorithm='q-learning']").click()
    started(page, app, "Q-learning")
    page.get_by_label("Values").select_option("ever")
    taken(page.locator(".board"), "visits")
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.locator(".contest")).to_contain_text("mean of 3 seeds", timeout=240_000)
    taken(page.locator(".contest"), "race")


def searching(page: Page, app: App) -> None:
    page.goto("/molecules?goal=better")
    page.get_by_role("button", name="Ibuprofen").click()
    expect(page.locator("#studio-smiles-said")).to_contain_text("drug-likeness")
    taken(page.locator(".goalform"), "studio-goal")
    page.locator("[data-choice='drug-like']").click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"))
    found = re.search(r"run=([0-9a-f]{12})", page.url)
    assert found
    ends = time.monotonic() + LONGEST_SEARCH_S
    while app.ask(f"/api/runs/{found.group(1)}")["state"] != "finished" and time.monotonic() < ends:
        page.wait_for_timeout(1000)
    if time.monotonic() >= ends:
        app.ask(f"/api/runs/{found.group(1)}/stop", {})
    app.wait_for(found.group(1), "finished", "stopped")
    expect(page.locator(".badge")).to_contain_text(re.compile("Finished|Stopped"))
    expect(page.locator(".change")).to_contain_text("atoms changed", timeout=60_000)
    expect(page.locator(".spread .plotted svg")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(2000)
    taken(page.locator(".finding"), "studio-best")
    taken(page.locator(".studio > .aside").last, "studio-why")


def teaching(page: Page, app: App) -> None:
    page.goto("/molecules")
    expect(page.get_by_text("Tested on")).to_be_visible()
    taken(page.locator(".st-key-card-table"), "studio-table")


LESSON = {
    "evaluating": evaluating,
    "painting": painting,
    "planning": planning,
    "learning": learning,
    "searching": searching,
    "teaching": teaching,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = serve(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 1600}, base_url=app.address)
            for name in sys.argv[1:] or LESSON:
                LESSON[name](page, app)
        finally:
            app.stop()


if __name__ == "__main__":
    main()
