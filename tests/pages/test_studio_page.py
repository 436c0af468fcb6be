"""The molecule studio without a browser: what the page hands over, goals that start, curves, wrong addresses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from opened import opened, recorded_run
from streamlit.testing.v1 import AppTest

from engine.chemistry.components import component
from engine.chemistry.transforms import Ramp, Window
from engine.config import RunConfig
from engine.presets import preset_config
from engine.service import Engine
from pages.parts.studio_goals import GOALS, PRESET, handed
from pages.parts.studio_run import curve
from pages.routes.runs import from_preset


@pytest.fixture
def visited(tmp_path: Path) -> Iterator[tuple[AppTest, Engine]]:
    with opened(tmp_path) as both:
        yield both


def drawn(page: AppTest, name: str) -> dict:
    (found,) = [part for part in page.get("bidi_component") if part.proto.component_name == name]
    return json.loads(found.proto.json)


def test_the_page_opens_with_every_goal(visited: tuple[AppTest, Engine]) -> None:
    page = visited[0].switch_page("molecules.py").run()
    assert not page.exception
    assert [one["name"] for one in drawn(page, "uphill_studio_goal")["goals"]] == [goal.name for goal in GOALS]


def test_an_error_is_held_against_the_numbers_of_the_table(visited: tuple[AppTest, Engine]) -> None:
    """The card shipped with solubility: its range is -11.62 to 1.58, its usual range -6.62 to 0.32."""
    page = visited[0].switch_page("molecules.py").run()
    said = (
        "In the table solubility (log mol/l) runs from −11.6 to 1.58, mostly −6.62 to 0.32; the errors are in its unit."
    )
    assert said in [one.value for one in page.text]


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.name)
def test_every_goal_is_a_run_that_the_engine_takes(goal: object) -> None:
    reference = {"task.reference": "CC(=O)Nc1ccc(O)cc1"} if goal.ask == "reference" else {}
    for algorithm in handed()["algorithms"]:
        wanted = from_preset({"preset": algorithm["preset"], "set": {**goal.set, **reference}})
        objective = RunConfig.from_object(wanted).task.to_objective()
        assert objective.components


def test_a_run_is_handed_over_with_its_parts_and_curves(visited: tuple[AppTest, Engine]) -> None:
    page, engine = visited
    config = preset_config(f"{PRESET}-pg")
    config["task"] |= {"objective": "similar_but_better", "reference": "CC(=O)Nc1ccc(O)cc1"}
    run_id = engine.store.create_run(RunConfig.from_object(config).to_json(), "Mine", "molecules", "pg", 1)
    page.query_params["run"] = run_id
    page = page.switch_page("molecules.py").run()
    page.query_params["run"] = run_id
    page = page.run()
    assert not page.exception
    content = drawn(page, "uphill_studio")
    assert (content["run_id"], content["mean"], content["reference"]) == (run_id, "geometric", "CC(=O)Nc1ccc(O)cc1")
    assert [part["kind"] for part in content["components"]] == ["similarity", "qed", "sa"]
    assert content["components"][0]["curve"]["y"][0] == 0.0 and content["components"][0]["curve"]["y"][-1] == 1.0


def test_a_run_without_molecules_gets_a_sentence(visited: tuple[AppTest, Engine]) -> None:
    page, engine = visited
    run_id = recorded_run(engine.store, [0.1, 0.2])
    page = page.switch_page("molecules.py").run()
    page.query_params["run"] = run_id
    page = page.run()
    assert not page.exception
    assert [title.value for title in page.title] == ["No molecules here"]
    assert f"Run {run_id} designs no molecules." in [line.value for line in page.text]


def test_a_curve_covers_the_places_that_its_transform_names() -> None:
    ramp = curve(component("predictor", transform=Ramp(zero=-6.0, one=-1.0)))
    assert (ramp["x"][0], ramp["x"][-1], ramp["y"][0], ramp["y"][-1]) == (-6.0, -1.0, 0.0, 1.0)
    falling = curve(component("sa", transform=Ramp(zero=6.0, one=1.0)))
    assert (falling["x"][0], falling["y"][0], falling["y"][-1]) == (1.0, 1.0, 0.0)
    window = curve(component("logp", transform=Window(low=1.0, high=4.0, width=1.0)))
    # Two widths outside on either side: exp(-2) there
    assert (window["x"][0], window["x"][-1]) == (-1.0, 6.0)
    assert window["y"][0] == pytest.approx(0.1353, abs=1e-4)
    assert curve(component("qed"))["x"][0] == 0.2  # as it is: over the property's usual range
