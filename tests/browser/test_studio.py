"""The molecule studio in Chromium: a goal in words, cards that improve, why they score, playback, files, the demo."""

import csv
import io
import re
from pathlib import Path

import pytest
from conftest import App
from playwright.sync_api import Page, expect
from rdkit import Chem, RDConfig
from rdkit.Chem import QED, Crippen

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
ROUNDS = 4
LEFT = "node => node.getBoundingClientRect().left"


def score(page: Page) -> float:
    """What the first card says."""
    return float(page.locator(".finds .molecule b").first.inner_text())


def carried() -> list[str]:
    """Some of the molecules that RDKit carries."""
    lines = Path(RDConfig.RDDataDir, "NCI", "first_200.props.sdf")
    return [Chem.MolToSmiles(molecule) for molecule in Chem.SDMolSupplier(str(lines)) if molecule][:80]


def table(molecules: list[str]) -> bytes:
    """A CSV of molecules with a number that can be learned from their atoms, and two lines that hold none."""
    written = io.StringIO()
    rows = [(smiles, round(Crippen.MolLogP(Chem.MolFromSmiles(smiles)), 3)) for smiles in molecules]
    csv.writer(written).writerows([("smiles", "oil"), *rows, ("C1CC", 2), ("CCO", "many")])
    return written.getvalue().encode()


@pytest.fixture(scope="module")
def stopped(app: App) -> str:
    """A run of some rounds, stopped."""
    config = {"task.workers": 1, "algorithm.batch_size": 64, "evaluation.every": 1000, "evaluation.final_episodes": 5}
    run_id = app.ask("/api/runs", {"preset": "molecules-qed-pg", "set": {**config, "budget": 64 * ROUNDS}})["run_id"]
    return str(app.wait_for(run_id, "finished", timeout=120)["run_id"])


def test_a_goal_in_words_starts_a_search_that_can_be_watched(page: Page, app: App) -> None:
    page.goto("/molecules")
    page.locator("[data-choice='drug-like']").click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"), timeout=60_000)
    run_id = re.search(r"run=([0-9a-f]{12})", page.url).group(1)
    expect(page.locator(".badge")).to_contain_text("Training")
    stop = page.get_by_role("button", name="Stop", exact=True)
    place = stop.evaluate(LEFT)
    expect(page.locator(".finds .molecule")).to_have_count(12, timeout=60_000)
    expect(page.get_by_text("Take away")).to_be_visible()
    assert stop.evaluate(LEFT) == place, "it moved away under a finger"
    first = score(page)
    expect(page.locator(".five")).to_contain_text(re.compile(r"Real molecules\s*\d+ %"))
    page.wait_for_function("first => Number(document.querySelector('.finds .molecule b').innerText) > first", arg=first)
    stop.click()
    app.wait_for(run_id, "stopped")
    expect(page.locator(".badge")).to_contain_text("Stopped")
    assert app.ask(f"/api/runs/{run_id}")["config"]["task"]["objective"] == "qed"
    page.reload()
    expect(page.locator(".finds .molecule")).to_have_count(12)


def test_why_this_score_opens_and_follows_the_chosen_card(page: Page, stopped: str) -> None:
    page.goto(f"/molecules?run={stopped}")
    third = page.locator(".finds .molecule").nth(2)
    third.click()
    expect(third).to_have_attribute("aria-pressed", "true")
    why = page.get_by_role("region", name="Why this score")
    smiles = why.locator("code").inner_text()
    assert third.get_attribute("title") == smiles
    expect(why.locator(".score")).to_have_text(f"{QED.qed(Chem.MolFromSmiles(smiles)):.2f}")
    why.get_by_role("button", name=re.compile("Drug-likeness")).press("Enter")
    expect(why.get_by_role("img", name=re.compile("becomes a score"))).to_be_visible()
    expect(why.locator(".curve")).to_contain_text("measured 0.")
    change = page.get_by_role("region", name="Start and now")
    expect(change).to_contain_text(re.compile("atoms changed|nothing in common|Nothing was added"), timeout=40_000)


def test_a_run_is_played_back(page: Page, stopped: str) -> None:
    page.goto(f"/molecules?run={stopped}")
    slider = page.get_by_label("Step through the run")
    expect(slider).to_have_attribute("max", str(ROUNDS))
    expect(page.locator(".finds .molecule")).to_have_count(12)
    newest = score(page)
    slider.fill("0")
    expect(page.locator(".playing .reading")).to_have_text("round 1")
    expect(page.get_by_role("region", name="This round")).to_contain_text("round 1")
    assert score(page) <= newest
    expect(page.get_by_role("region", name="How what it writes is spread")).to_contain_text(
        "in the middle at first", timeout=40_000
    )
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".playing .reading")).to_have_text("now")
    assert score(page) == newest


def test_each_file_is_downloaded_and_read_again(page: Page, stopped: str) -> None:
    page.goto(f"/molecules?run={stopped}")
    paths: dict[str, Path] = {}
    for kind in ("sdf", "csv", "html"):
        page.locator(".take summary").click()
        with page.expect_download() as download:
            page.locator(f".take a[data-kind='{kind}']").click()
        assert download.value.suggested_filename == f"molecules-{stopped}.{kind}"
        paths[kind] = download.value.path()
        page.keyboard.press("Escape")
    rows = list(csv.DictReader(paths["csv"].open()))
    molecules = list(Chem.SDMolSupplier(str(paths["sdf"])))
    assert [Chem.MolToSmiles(molecule) for molecule in molecules] == [row["smiles"] for row in rows]
    page.set_content(paths["html"].read_text())
    expect(page.locator("figure")).to_have_count(min(24, len(rows)))
    expect(page.locator("figure code").first).to_have_text(rows[0]["smiles"])


def test_a_molecule_is_typed_and_wrong_ones_get_the_reason(page: Page, app: App) -> None:
    page.goto("/molecules?goal=better")
    field, start = page.get_by_label("Which molecule?"), page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_disabled()
    for text, reason in (
        ("C1CC", "do not match"),
        ("CN(C)(C)(C)C", "more bonds than it can have"),
        ("aspirin", "Names are not read here"),
        ("苯", "Names are not read here"),
        ("c1ccccc1 benzene", "Names are not read here"),
        ("InChI=1S/CH4/h1H4", "An InChI is not read here"),
        ("<b>x</b>", "it holds '<'"),
        ("C" * 1000, "1,000 characters; at most 300"),
    ):
        field.fill(text)
        expect(page.locator("#studio-smiles-said")).to_contain_text(reason)
        expect(start).to_be_disabled()
    field.fill(f"\u200b {PARACETAMOL}\ufeff ")
    expect(page.get_by_alt_text(f"Drawing of {PARACETAMOL}")).to_be_visible()
    start.press("Enter")
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"), timeout=60_000)
    run_id = re.search(r"run=([0-9a-f]{12})", page.url).group(1)
    run = app.ask(f"/api/runs/{run_id}")
    assert run["config"]["task"]["reference"] == PARACETAMOL
    page.get_by_role("button", name="Stop", exact=True).click()
    app.wait_for(run_id, "stopped")


def test_a_window_that_is_none_is_refused_in_words(page: Page) -> None:
    page.goto("/molecules?goal=balance")
    start = page.get_by_role("button", name="Start", exact=True)
    for low, high, reason in (
        ("4", "1", "at most the highest"),
        ("", "3", "must be a number"),
        ("-50", "99", "between -10"),
    ):
        page.get_by_label("Lowest logP").fill(low)
        page.get_by_label("Highest logP").fill(high)
        start.click()
        expect(page.locator(".goalform > .problem")).to_contain_text(reason)
    assert "run=" not in page.url


def test_a_molecule_found_again_is_said_to_be(page: Page, app: App, stopped: str) -> None:
    """The same seed writes the same first round, so what it wrote then is found."""
    wanted = app.ask(f"/api/runs/{stopped}/moment?step=1")["best"][0]["smiles"]
    config = app.ask(f"/api/runs/{stopped}")["config"]
    task = {**config["task"], "objective": "rediscover", "reference": wanted}
    run_id = app.ask("/api/runs", {**config, "task": task, "budget": 64, "name": "Again"})["run_id"]
    app.wait_for(run_id, "finished", timeout=120)
    page.goto(f"/molecules?run={run_id}")
    expect(page.get_by_role("region", name="Start and now")).to_contain_text("Found: this is your molecule itself.")
    page.locator(".finds .molecule").nth(1).click()
    expect(page.get_by_role("region", name="Start and now")).to_contain_text(
        re.compile("atoms changed|nothing in common|Nothing was added"), timeout=40_000
    )
    expect(page.locator(".sentence")).to_have_text(
        re.compile(
            r"Finished: 64 molecules tried\. A last test of 5 fresh ones scores [\d.e−]+ on average; .* counts 0\."
        )
    )


def test_the_demo_ends_with_before_and_after(page: Page, stopped: str) -> None:
    page.goto(f"/molecules?run={stopped}&demo=1")
    end = page.get_by_role("region", name="Before and after")
    expect(end).to_contain_text(re.compile(r"Their average went from 0\.\d\d to 0\.\d\d"))
    expect(end.locator("figure img[src^='data:image/svg+xml,%3Csvg']")).to_have_count(2)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    end.get_by_role("button", name="Look around").click()
    expect(page.get_by_role("button", name="New search")).to_be_visible()


def test_a_table_becomes_a_predictor_whose_error_is_seen_and_then_a_goal(page: Page, app: App) -> None:
    page.goto("/molecules")
    upload = page.locator("input[type=file]")
    upload.set_input_files({"name": "notes.csv", "mimeType": "text/csv", "buffer": b"just,numbers\n1,2\n"})
    page.get_by_role("button", name="Learn from it").click()
    expect(page.locator(".st-key-problem-table")).to_contain_text("No column of SMILES was found", timeout=40_000)
    page.get_by_role("button", name="Remove notes.csv").click()
    upload.set_input_files({"name": "Oil 1.csv", "mimeType": "text/csv", "buffer": table(carried())})
    page.get_by_role("button", name="Learn from it").click()
    expect(page.get_by_text("2 lines were left out")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(re.compile(r"Tested on \d+ molecules of shapes it was not shown"))).to_be_visible()
    page.get_by_role("button", name="Use as goal").click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"), timeout=60_000)
    run_id = re.search(r"run=([0-9a-f]{12})", page.url).group(1)
    parts = app.ask(f"/api/runs/{run_id}")["config"]["task"]["components"]
    assert [(part["kind"], part.get("model")) for part in parts] == [
        ("predictor", "oil_1"),
        ("qed", None),
        ("nearest", "oil_1"),
    ]
    expect(page.get_by_role("region", name="Why this score")).to_contain_text("Oil 1")
    page.get_by_role("button", name="Stop", exact=True).click()
    app.wait_for(run_id, "stopped")


@pytest.mark.parametrize("run_id", ["0123456789ab", "<b>x</b>", "../../etc"])
def test_a_run_that_does_not_exist_gets_a_sentence(page: Page, app: App, run_id: str) -> None:
    page.goto(f"/molecules?run={run_id}")
    expect(page.get_by_text("There is no run")).to_be_visible()
    page.get_by_role("button", name="Start a search").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_a_large_table_is_learned_beside_a_page_that_stays_usable_and_is_cancelled(page: Page, app: App) -> None:
    lines = table(carried()).splitlines(keepends=True)
    large = lines[0] + b"".join(lines[1:-2] * 1200)
    page.goto("/molecules")
    page.locator("input[type=file]").set_input_files({"name": "Oil 1.csv", "mimeType": "text/csv", "buffer": large})
    page.get_by_role("button", name="Learn from it").click()
    under_way = page.get_by_text(re.compile(r"Learning oil_1(_\d)?\. Reading the molecules"))
    expect(under_way).to_be_visible(timeout=40_000)
    page.locator("[data-choice='soluble']").click()
    expect(page).to_have_url(re.compile("goal=soluble"))
    other = page.context.new_page()
    other.goto("/molecules")
    expect(other.get_by_text(re.compile(r"Learning oil_1(_\d)?\."))).to_be_visible()
    other.close()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled. Nothing of it was kept.")).to_be_visible()
    expect(under_way).to_be_hidden()
