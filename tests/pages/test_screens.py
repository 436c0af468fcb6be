"""Every screen without a browser: what it shows empty and filled, what it refuses, what the address asks for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opened import opened, recorded_run
from streamlit.testing.v1 import AppTest

from engine.config import RunConfig
from engine.metrics import METRICS
from engine.presets import PRESETS
from engine.service import Engine

NAUGHTY = "<b>x</b> ![i](http://a/b.png) :red[y] $x^2$ =1+1 \u202eabc"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[AppTest, Engine]]:
    with opened(tmp_path) as both:
        yield both


def shown(page: AppTest) -> str:
    """Every word of the page that is no widget."""
    return "\n".join(
        element.value for kind in ("title", "subheader", "markdown", "caption", "text") for element in page.get(kind)
    )


def test_home_offers_three_cards_and_says_when_there_is_nothing_yet(home: tuple[AppTest, Engine]) -> None:
    page, _ = home
    assert not page.exception
    assert [button.label for button in page.button].count("Start") == 3
    assert [choice.options for choice in page.segmented_control] == [["PG", "TRPO", "PPO"]] * 3
    assert "Nothing here yet" in shown(page)


def test_start_queues_the_preset_and_shows_the_run(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    page.segmented_control(key="algorithm-gridworld").set_value("trpo").run()
    page.button(key="start-gridworld").click().run()
    assert not page.exception
    (run,) = engine.store.runs()
    assert (run.task, run.algorithm) == ("gridworld", "trpo")
    assert page.query_params["run"] == run.run_id
    engine.stop(run.run_id)
    assert engine.wait(run.run_id, 30)


def test_a_second_click_on_start_shows_the_same_run(
    home: tuple[AppTest, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.parts.starting.DOUBLE_CLICK_S", 60.0)
    page, engine = home
    shown = []
    for task in ("gridworld", "gridworld", "gym"):
        page.switch_page("home.py").run().button(key=f"start-{task}").click().run()
        shown.append(page.query_params["run"])
    assert shown[0] == shown[1] != shown[2]
    assert engine.store.count_runs() == 2


@pytest.mark.parametrize("asked", ["0" * 12, "../../etc/passwd", "<script>alert(1)</script>", "x" * 5000, "\x00", "é"])
def test_an_unknown_run_gets_a_sentence(home: tuple[AppTest, Engine], asked: str) -> None:
    page, _ = home
    page.switch_page("run.py")
    page.query_params["run"] = asked
    page.run()
    assert not page.exception
    assert "There is no run" in shown(page)


def test_launch_keeps_what_was_typed_and_says_what_is_wrong(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    page.switch_page("launch.py").run()
    page.text_input(key="algorithm.ppo.clip_range").set_value("zero").run()
    page.text_input(key="launch.seeds").set_value("1-").run()
    page.text_input(key="run.budget").set_value("1e400").run()
    page.button(key="launch.start").click().run()
    assert not page.exception
    words = shown(page)
    assert 'Clip range is "zero"; it must be a number between 0.01 and 1.0' in words
    assert 'Budget is "1e400"; it must be a whole number between 1 and 10000000000' in words
    assert 'Seed is "1-"; it must be whole numbers' in words
    assert page.text_input(key="algorithm.ppo.clip_range").value == "zero"
    assert engine.store.count_runs() == 0


def test_another_algorithm_brings_its_own_preset(home: tuple[AppTest, Engine]) -> None:
    page, _ = home
    page.switch_page("launch.py").run()
    page.text_input(key="run.name").set_value("Mine").run()
    preset = RunConfig.from_object(PRESETS["gridworld-pg"].config)
    page.segmented_control(key="algorithm.kind").set_value("pg").run()
    assert float(page.text_input(key="algorithm.pg.learning_rate").value) == preset.algorithm.learning_rate
    page.segmented_control(key="algorithm.kind").set_value("ppo").run()
    assert page.text_input(key="run.name").value == "Mine"
    assert not page.exception


@pytest.mark.parametrize("task", ["gym", "molecules", "gridworld"])
@pytest.mark.parametrize("algorithm", ["pg", "trpo", "ppo"])
def test_every_pair_starts_out_without_problems(home: tuple[AppTest, Engine], task: str, algorithm: str) -> None:
    page, _ = home
    page.switch_page("launch.py").run()
    page.segmented_control(key="task.kind").set_value(task).run()
    page.segmented_control(key="algorithm.kind").set_value(algorithm).run()
    assert not page.exception
    assert "another value" not in shown(page)
    assert "of disk" in shown(page)


def test_launch_adds_nothing_to_an_address_that_says_enough(home: tuple[AppTest, Engine]) -> None:
    """Whatever a page writes into its address is one more step for the browser's Back."""
    page, _ = home
    page.switch_page("launch.py").run()
    assert "from" not in page.query_params


def test_another_start_fills_the_form_and_stands_in_the_address(home: tuple[AppTest, Engine]) -> None:
    page, _ = home
    page.switch_page("launch.py").run()
    for name, task, algorithm in (("cartpole-trpo", "gym", "trpo"), ("cliff-pg", "gridworld", "pg")):
        page.selectbox(key="launch.from").set_value(name).run()
        assert page.query_params["from"] == name
        assert page.segmented_control(key="task.kind").value == task
        assert page.segmented_control(key="algorithm.kind").value == algorithm
    page.query_params["from"] = "cartpole-trpo"  # the browser's Back
    page.run()
    assert page.selectbox(key="launch.from").value == "cartpole-trpo"
    assert page.segmented_control(key="task.kind").value == "gym"
    page.selectbox(key="launch.from").set_value("gridworld-ppo").run()
    assert page.query_params["from"] == "gridworld-ppo"
    assert page.segmented_control(key="task.kind").value == "gridworld"


def test_an_algorithm_brings_the_preset_of_the_task_that_is_chosen(home: tuple[AppTest, Engine]) -> None:
    page, _ = home
    page.switch_page("launch.py")
    page.query_params["from"] = "cartpole-ppo"
    page.run()
    page.segmented_control(key="task.kind").set_value("gridworld").run()
    page.segmented_control(key="algorithm.kind").set_value("trpo").run()
    preset = RunConfig.from_object(PRESETS["gridworld-trpo"].config)
    assert page.text_input(key="algorithm.trpo.batch_size").value == str(preset.algorithm.batch_size)
    assert float(page.text_input(key="algorithm.trpo.discount").value) == preset.algorithm.discount


def test_an_earlier_run_stays_the_start_when_it_is_no_longer_listed(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    old = recorded_run(engine.store, [1.0], preset="cartpole-trpo", name="Old")
    page.switch_page("launch.py")
    page.query_params["from"] = f"run:{old}"
    page.run()
    engine.store.delete_run(old)
    page.text_input(key="run.budget").set_value("54321").run()
    assert page.selectbox(key="launch.from").value == f"run:{old}"
    assert page.segmented_control(key="algorithm.kind").value == "trpo"


def test_a_card_begins_with_its_preset_whatever_was_changed_before(home: tuple[AppTest, Engine]) -> None:
    page, _ = home
    page.button(key="change-gym").click().run()
    preset = page.text_input(key="run.budget").value
    page.text_input(key="run.budget").set_value("4321").run()
    page.switch_page("home.py").run()
    page.button(key="change-gym").click().run()
    assert page.text_input(key="run.budget").value == preset


def test_an_earlier_run_can_be_copied(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    run_id = recorded_run(engine.store, [1.0], preset="cartpole-trpo", seed=7, name=NAUGHTY)
    page.switch_page("launch.py")
    page.query_params["from"] = f"run:{run_id}"
    page.run()
    assert not page.exception
    assert page.segmented_control(key="algorithm.kind").value == "trpo"
    assert page.text_input(key="launch.seeds").value == "7"
    page.query_params["from"] = "run:nothing"
    page.run()
    assert not page.exception
    assert "There is no preset or run called 'run:nothing'" in shown(page)


def test_history_says_when_nothing_fits_and_ignores_a_wrong_address(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    page.switch_page("history.py").run()
    assert "Nothing here yet" in shown(page)
    recorded_run(engine.store, [1.0], name=NAUGHTY)
    for name, value in {"state": "gone", "task": "<b>", "algorithm": "sac", "page": "-5"}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    assert "1 to 1 of 1" in shown(page)


def test_history_turns_pages_by_the_address(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    for seed in range(30):
        recorded_run(engine.store, [float(seed)], seed=seed, name="Alpha" if seed % 3 else "Omega")
    page.switch_page("history.py")
    page.query_params["page"] = "2"
    page.run()
    assert not page.exception
    assert "26 to 30 of 30" in shown(page)
    page.text_input(key="search").set_value("omega").run()
    assert "1 to 10 of 10" in shown(page)


@pytest.mark.parametrize("words", ["cartpole", "CartPole-v1", "alpha gym", "PPO cart"])
def test_history_finds_a_run_by_what_it_learns(home: tuple[AppTest, Engine], words: str) -> None:
    page, engine = home
    recorded_run(engine.store, [1.0], preset="cartpole-ppo", name="Alpha")
    recorded_run(engine.store, [1.0], preset="gridworld-ppo", name="Alpha")
    page.switch_page("history.py").run()
    page.text_input(key="search").set_value(words).run()
    assert "1 to 1 of 1" in shown(page)


def test_compare_lays_out_groups_and_names_what_is_unknown(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    group = "abcdefabcdef"
    for seed in (1, 2, 3):
        recorded_run(engine.store, [0.0, float(seed)], seed=seed, group_id=group, name=NAUGHTY)
    single = recorded_run(engine.store, [5.0], preset="gridworld-pg")
    page.switch_page("compare.py")
    page.query_params["compare"] = f"{group},{single},zzz"
    page.run()
    assert not page.exception
    assert "There is no run or group 'zzz'" in shown(page)
    differing = page.dataframe[0].value
    assert "Algorithm" in differing["Setting"].tolist()
    assert "seed" not in differing["Setting"].tolist()
    page.multiselect(key="curves").set_value([]).run()
    assert f"No curve is chosen, so {METRICS['return_mean'].label} is shown." in [one.value for one in page.caption]


def test_three_algorithms_start_side_by_side(home: tuple[AppTest, Engine]) -> None:
    page, engine = home
    page.switch_page("compare.py").run()
    page.text_input(key="side.seeds").set_value("1, 2").run()
    page.button(key="side.start").click().run()
    assert not page.exception
    runs = engine.store.runs()
    assert sorted((run.algorithm, run.seed) for run in runs) == [(a, s) for a in ("pg", "ppo", "trpo") for s in (1, 2)]
    assert len(page.query_params["compare"].split(",")) == 3
    for run in runs:
        engine.delete(run.run_id)
        assert engine.wait(run.run_id, 30)
