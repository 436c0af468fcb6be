"""The gridworld lab in Chromium: painting, planning sweep by sweep, learning on the same map, the address, mistakes."""

import re
import urllib.parse

import pytest
from conftest import App
from playwright.sync_api import Locator, Page, expect

SMALL = "starts = anywhere\n\nG...\n....\n....\n...G\n"


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f"[data-cell='{row},{column}']")


def middle(page: Page, row: int, column: int) -> tuple[float, float]:
    box = cell(page, row, column).locator(".ground").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, *cells: tuple[int, int]) -> None:
    """One stroke with the mouse through these cells."""
    page.mouse.move(*middle(page, *cells[0]))
    page.mouse.down()
    for row, column in cells[1:]:
        page.mouse.move(*middle(page, row, column))
    page.mouse.up()


def opened(page: Page, address: str = "/gridworld") -> None:
    page.goto(address)
    expect(page.locator(".board .value").filter(has_text=re.compile(".")).first).to_be_attached()


def text(page: Page) -> Locator:
    return page.get_by_label("The map as text", exact=True).locator("textarea")


def values(page: Page) -> list[str]:
    return page.locator(".board .value").all_text_contents()


def test_paint_plan_learn_and_find_it_again(page: Page, app: App) -> None:
    opened(page)
    # Sutton & Barto, figure 4.1: the random policy's values, greedy arrows
    expect(cell(page, 0, 1).locator(".value")).to_have_text("−14.00")
    expect(cell(page, 0, 3)).to_have_attribute("data-arrows", "SW")
    page.locator("[data-brush='wall']").first.click()
    drag(page, (1, 1), (1, 3))
    for column in (1, 2, 3):
        expect(cell(page, 1, column)).to_have_attribute("data-kind", "wall")
    expect(cell(page, 0, 3)).to_have_attribute("data-arrows", "W")
    expect(text(page)).to_have_value(SMALL.replace("G...\n....", "G...\n.###"))

    page.locator("[data-tab='plan']").click()
    page.locator(".chip[data-k='0']").click()
    expect(cell(page, 0, 3).locator(".value")).to_have_text("0.00")
    page.get_by_label("Speed", exact=True).select_option("30")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".count")).to_contain_text("converged")
    # Three moves along the top row; the far corner is three moves from either goal
    expect(cell(page, 0, 3).locator(".value")).to_have_text("−3.00")
    expect(cell(page, 3, 0).locator(".value")).to_have_text("−3.00")
    page.get_by_label("Sweep", exact=True).fill("1")
    expect(cell(page, 0, 3).locator(".value")).to_have_text("−1.00")

    page.locator("[data-brush='look']").first.click()
    page.locator(".chip[data-k='2']").click()
    page.mouse.click(*middle(page, 0, 2))
    made = page.locator(".made")
    expect(made).to_contain_text("row 1, column 3 · value iteration · sweep 2")
    # V_1 is −1 everywhere: each move costs 1 more
    expect(made.locator(".total")).to_have_text("max (−2.00, −2.00, −2.00, −2.00) = −2.00")

    page.locator("[data-tab='learn']").click()
    page.get_by_role("button", name="Start PPO").click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"))
    run_id = re.search(r"run=([0-9a-f]{12})", page.url).group(1)
    oracle = page.locator(".oracle")
    expect(oracle).to_contain_text(re.compile(r"Iteration \d+"))
    exact = oracle.locator("tr", has_text="Return J").locator("td").nth(1)
    run = app.wait_for(run_id, "finished")
    assert run["config"]["task"]["map"] == SMALL.replace("G...\n....", "G...\n.###")
    expect(oracle).to_contain_text("nothing is left to learn here")
    # Moves to the nearest goal from the 11 cells that are no goal: 1 2 3 | 1 | 2 3 2 1 | 3 2 1, so 21 / 11 on average
    expect(exact).to_have_text("−1.91")

    page.reload()
    expect(cell(page, 1, 2)).to_have_attribute("data-kind", "wall")
    expect(page.locator(".oracle")).to_contain_text("nothing is left to learn here")
    page.get_by_role("button", name="Open the run").click()
    page.wait_for_url(re.compile(rf"/run\?run={run_id}"))


def test_a_wrong_text_names_its_place_and_keeps_the_last_good_map(page: Page, app: App) -> None:
    opened(page, "/gridworld?map=cliff")
    before = values(page)
    text(page).fill("S..\n.X.\n..G\n")
    problem = page.locator(".text .problem")
    expect(problem).to_have_text(
        "The map, line 2, column 2: 'X' is no cell; allowed are . (free), # (wall), S (start), G (goal), P (pit)"
    )
    assert values(page) == before
    page.locator("[data-tab='plan']").click()
    expect(cell(page, 0, 0).locator(".value")).to_have_text("−14.00")
    expect(problem).to_be_visible()
    text(page).fill("<img src=x onerror=alert(1)>\n\nS.G\n...\n")
    expect(problem).to_contain_text("<img src")
    text(page).fill("S.G\n...\n")
    expect(problem).to_be_hidden()
    expect(page.locator(".board .cell")).to_have_count(6)
    expect(cell(page, 0, 0).locator(".value")).to_have_text("−2.00")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".board .cell")).to_have_count(48)


def test_the_keyboard_paints_and_takes_back(page: Page, app: App) -> None:
    opened(page)
    board = page.locator(".board")
    board.focus()
    for key in ("ArrowRight", "ArrowRight", "w"):
        board.press(key)
    expect(cell(page, 0, 2)).to_have_attribute("data-kind", "wall")
    board.press("ArrowDown")
    expect(page.locator(".reading")).to_contain_text("Row 2, column 3: free, value")
    board.press("p")
    expect(cell(page, 1, 2)).to_have_attribute("data-kind", "pit")
    board.press("Control+z")
    expect(cell(page, 1, 2)).to_have_attribute("data-kind", "free")
    board.press("Control+z")
    expect(text(page)).to_have_value(SMALL)
    board.press("Control+y")
    expect(cell(page, 0, 2)).to_have_attribute("data-kind", "wall")


def test_rewards_rules_and_size_change_the_map_and_the_address_carries_them(page: Page, app: App) -> None:
    opened(page)
    page.locator("[data-brush='reward']").first.click()
    page.get_by_label("Reward to paint").fill("2.5")
    drag(page, (1, 1), (1, 2))
    expect(text(page)).to_have_value(f"{SMALL}\nreward 2 2 = 2.5\nreward 2 3 = 2.5\n")
    page.get_by_label("Discount", exact=True).fill("0.9")
    page.get_by_label("Discount", exact=True).press("Enter")
    expect(text(page)).to_have_value(re.compile("discount = 0.9"))
    page.get_by_label("Columns", exact=True).fill("6")
    page.get_by_label("Columns", exact=True).press("Enter")
    expect(page.locator(".board .cell")).to_have_count(24)
    expect(cell(page, 1, 1).locator(".note")).to_have_text("+2.5")
    written = text(page).input_value()
    page.wait_for_url(lambda url: urllib.parse.parse_qs(urllib.parse.urlparse(url).query).get("map") == [written])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().read_text() == written
    page.reload()
    expect(text(page)).to_have_value(written)
    expect(page.get_by_label("Discount", exact=True)).to_have_value("0.9")


def test_an_improper_policy_is_named(page: Page, app: App) -> None:
    walled = urllib.parse.quote("S.G\n###\n...\n")
    opened(page, f"/gridworld?map={walled}")
    expect(page.locator(".remark")).to_contain_text("Improper policy: from 3 cells it may never end")
    expect(cell(page, 2, 0).locator(".value")).to_have_text("–")
    page.locator(".chip[data-k='3']").click()
    expect(cell(page, 2, 0).locator(".value")).to_have_text("−3.00")
    page.locator("[data-tab='plan']").click()
    expect(page.locator(".remark")).to_contain_text("From 3 cells no policy ends")


def test_an_unknown_map_in_the_address_gets_a_sentence(page: Page, app: App) -> None:
    opened(page, "/gridworld?map=clif")
    expect(page.locator(".remark")).to_contain_text("'clif' is no preset; did you mean cliff?")


@pytest.mark.parametrize("name", ["windy-king", "sutton-5x5", "cs188", "maze-20x20"])
def test_q_and_gaps_are_drawn_on_every_kind_of_map(page: Page, app: App, name: str) -> None:
    opened(page, f"/gridworld?map={name}&tab=plan")
    page.get_by_label("Cells show").select_option("q")
    moves = 8 if name == "windy-king" else 4
    expect(page.locator(".cell[data-kind='free'] .wedges").first.locator("polygon")).to_have_count(moves)
    page.get_by_label("Cells show").select_option("gap")
    expect(page.locator(".wedges polygon")).to_have_count(0)
    page.get_by_role("button", name="Race the solvers").click()
    expect(page.locator(".race [data-line]")).to_have_count(5)
