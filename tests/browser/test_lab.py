"""The gridworld lab in Chromium: painting, planning sweep by sweep, learning on the same map, the address, mistakes."""

import json
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

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
    expect(oracle).to_contain_text(re.compile(r"After iteration \d+"))
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
    page.mouse.click(*middle(page, 2, 2))
    board.press("p")  # the keyboard has chosen no cell any more
    expect(page.locator(".board [data-kind='pit']")).to_have_count(0)


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


def test_a_painted_policy_is_evaluated_kept_in_the_address_and_taken_away(page: Page, app: App, tmp_path: Path) -> None:
    opened(page)
    page.locator("[data-brush='arrow']").first.click()
    drag(page, (3, 0), (2, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    # One move each along the way, so its cells are worth minus the moves that are left
    for place, (row, column) in enumerate([(0, 1), (1, 1), (1, 0), (2, 0), (3, 0)], start=1):
        expect(cell(page, row, column).locator(".value")).to_have_text(f"−{place}.00")
    expect(cell(page, 1, 0)).to_have_attribute("data-arrows", "E")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save policy").click()
    download.value.save_as(tmp_path / "policy.txt")
    command = ["-m", "engine", "plan", "--map", "small-4x4", "--method", "policy-evaluation", "--json", "--policy"]
    told = subprocess.run(
        [sys.executable, *command, tmp_path / "policy.txt"], capture_output=True, text=True, timeout=60, check=True
    )
    assert [row[0] for row in json.loads(told.stdout)["V"]] == pytest.approx([0, -3, -4, -5], abs=1e-6)
    page.reload()
    expect(cell(page, 3, 0).locator(".value")).to_have_text("−5.00")
    page.locator("[data-brush='arrow']").first.click()
    x, y = middle(page, 0, 1)
    page.mouse.click(x - 30, y)  # its arrow to the west goes again
    expect(cell(page, 0, 1)).to_have_attribute("data-arrows", "NESW")
    page.get_by_role("button", name="Undo").click()
    expect(cell(page, 0, 1)).to_have_attribute("data-arrows", "W")


def test_a_table_learns_and_its_visits_and_policy_can_be_looked_at(page: Page, app: App) -> None:
    opened(page, f"/gridworld?tab=learn&map={urllib.parse.quote('S..G' + chr(10) + '....' + chr(10))}")
    page.locator("[data-algorithm='q-learning']").click()
    page.get_by_label("Epsilon schedule").select_option("constant")
    page.get_by_label("Epsilon", exact=True).fill("0.2")
    page.get_by_role("button", name="Start Q-learning").click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"))
    run = app.wait_for(re.search(r"run=([0-9a-f]{12})", page.url).group(1), "finished")
    assert (run["config"]["algorithm"]["epsilon"], run["config"]["algorithm"]["epsilon_schedule"]) == (0.2, "constant")
    expect(page.locator(".oracle")).to_contain_text("Finished")
    expect(page.locator("[data-row='start']")).to_be_visible()
    page.get_by_label("Values").select_option("beside")
    expect(cell(page, 0, 2).locator(".value")).to_have_text("−1.00")
    expect(cell(page, 0, 2).locator(".under")).to_have_text("−1.00")
    page.get_by_label("Values").select_option("visits")
    expect(cell(page, 0, 0).locator(".value")).to_contain_text("%")
    expect(cell(page, 0, 0).locator(".under")).to_contain_text("%")
    page.get_by_role("button", name="Step").first.click()
    expect(page.locator(".replay .at")).to_contain_text("move 0 of")
    page.locator("[data-tab='evaluate']").click()
    page.get_by_label("Policy", exact=True).select_option("learned")
    # Three moves if all went east; a fifth is made at random, so it takes a little longer
    expect(cell(page, 0, 0).locator(".value")).to_have_text(re.compile(r"^−3\.\d"))


def test_seeing_only_walls_three_answers_stand_side_by_side(page: Page, app: App) -> None:
    plain = "step_reward = 0\ngoal_reward = 1\npit_reward = -1\ndiscount = 0.9\n\nS...S\nP#G#P\n"
    opened(page, f"/gridworld?tab=plan&map={urllib.parse.quote(plain)}")
    page.locator(".blind").get_by_role("button", name="Compare").click()
    # By hand, for the money worth 1: g^2 / 2 with certainty, g^2 / (2 - g^2) with dice, g^2 with full sight
    expect(page.locator(".answer b")).to_have_text(["0.405", "0.6807", "0.81"])
    page.get_by_label("Cells show").select_option("walls")
    for column in (1, 3):
        expect(cell(page, 0, column).locator(".value")).to_have_text("N S")


def test_a_race_of_learners_ends_with_their_bands(page: Page, app: App) -> None:
    opened(page, "/gridworld?tab=learn")
    page.get_by_label("Seeds of the race").fill("2")
    page.get_by_label("Moves of each runner").fill("2048")
    page.locator("[data-racer='pg']").click()
    page.get_by_role("button", name="Race", exact=True).click()
    expect(page.locator(".contest")).to_contain_text("mean of 2 seeds", timeout=60_000)
    expect(page.locator(".contest .band")).to_have_count(2)
    page.get_by_role("button", name="Open in Compare").click()
    page.wait_for_url(re.compile(r"/compare\?compare="))


def test_another_map_ends_the_painted_policy_and_undo_brings_it_back(page: Page, app: App) -> None:
    opened(page)
    page.locator("[data-brush='arrow']").first.click()
    drag(page, (0, 3), (0, 2), (0, 1), (0, 0))
    page.locator("[data-tab='plan']").click()
    expect(cell(page, 0, 3)).to_have_attribute(
        "data-arrows", "SW"
    )  # greedy, as Plan shows: what was painted is no plan
    page.locator("[data-tab='evaluate']").click()
    expect(cell(page, 0, 3).locator(".value")).to_have_text("−3.00")
    page.locator("select.preset").select_option("cliff")
    expect(page.locator(".board .cell")).to_have_count(48)
    expect(page.get_by_label("Policy", exact=True)).to_have_value("random")
    page.locator("body").press("Control+z")
    expect(cell(page, 0, 3).locator(".value")).to_have_text("−3.00")
    expect(page.get_by_label("Policy", exact=True)).to_have_value("painted")


def test_where_walls_say_too_little_dice_are_said_to_help(page: Page, app: App) -> None:
    opened(page, "/gridworld?map=maze-20x20&tab=plan")
    page.locator(".blind").get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Tossing dice beats every fixed choice")).to_be_visible()


def test_a_refused_race_says_so_beside_a_run(page: Page, app: App) -> None:
    opened(page, "/gridworld?tab=learn")
    page.get_by_role("button", name=re.compile("^Start ")).first.click()
    expect(page.locator(".oracle")).to_contain_text(re.compile(r"After iteration \d+"))
    page.get_by_label("Seeds of the race").fill("50")
    page.get_by_role("button", name="Race", exact=True).click()
    page.wait_for_timeout(3000)  # the run is looked at again meanwhile
    expect(page.locator(".contest")).to_contain_text("seeds is 50; it must be a whole number between 1 and 10")
