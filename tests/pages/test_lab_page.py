"""The gridworld lab without a browser: what the page hands over, and how a map's text is edited."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opened import opened
from streamlit.testing.v1 import AppTest

from engine.gridworlds.dynamics import deciding
from engine.gridworlds.policies import parse_policy
from engine.gridworlds.presets import MAPS
from engine.gridworlds.text import parse_map, print_map

ASSETS = Path(__file__).parent.parent.parent / "pages" / "parts" / "assets"
NODE = shutil.which("node")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[AppTest]:
    with opened(tmp_path) as (page, _):
        yield page.switch_page("gridworld.py").run()


def test_the_page_opens_with_every_preset(lab: AppTest) -> None:
    assert not lab.exception
    assert [title.value for title in lab.title] == ["Gridworld lab"]
    (drawn,) = [part for part in lab.get("bidi_component") if part.proto.component_name == "uphill_lab"]
    handed = json.loads(drawn.proto.json)
    assert [one["name"] for one in handed["maps"]] == list(MAPS)


def edited(script: str, file: str = "lab_text") -> Any:
    """What a script over lab_text.js, or another file without drawing, answers with, in node."""
    if NODE is None:
        pytest.skip("the lab's text functions are run in node, which is not installed; the browser test covers them")
    name = file.removeprefix("lab_").replace("text", "map")
    loading = f"import * as {name} from {json.dumps((ASSETS / f'{file}.js').as_uri())};"
    told = subprocess.run(
        [NODE, "--input-type=module", "--experimental-default-type=module"],
        input=f"{loading} process.stdout.write(JSON.stringify({script}))",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_of_the_questions_that_come_while_one_is_answered_only_the_newest_is_asked() -> None:
    found = edited(
        """await (async () => {
            const [sent, heard] = [[], []];
            const answered = (about) => new Promise((resolve) => setTimeout(() => resolve(`${about}!`), 20));
            const ask = asking.inTurn((about) => (sent.push(about), answered(about)), {
                accepted: (about, answer) => heard.push([about, answer]),
                refused: () => heard.push("refused"),
            });
            ["a", "b", "c"].forEach(ask);
            await new Promise((resolve) => setTimeout(resolve, 200));
            return { sent, heard };
        })()""",
        "lab_asking",
    )
    assert found == {"sent": ["a", "c"], "heard": [["c", "c!"]]}


def test_the_cells_of_a_text_are_those_that_the_engine_reads() -> None:
    written = [found.text for found in MAPS.values()]
    texts = written + [print_map(parse_map(text)) for text in written]
    found = edited(f"{json.dumps(texts)}.map((text) => [map.kindsOf(text), map.withKinds(text, map.kindsOf(text))])")
    letters = {"free": ".", "wall": "#", "start": "S", "goal": "G", "pit": "P"}
    for text, (kinds, again) in zip(texts, found, strict=True):
        assert tuple("".join(letters[kind] for kind in row) for row in kinds) == parse_map(text).cells
        assert again == text


def test_one_setting_is_changed_and_the_rest_stays() -> None:
    text = "slip = 0.1\n\nS.\n.G\n\nreward 1 2 = 5\n"
    assert edited(f'map.withSetting({json.dumps(text)}, "slip", "0.3")') == text.replace("0.1", "0.3")
    added = edited(f'map.withSetting({json.dumps(text)}, "discount", "0.9")')
    assert added == "slip = 0.1\ndiscount = 0.9\n\nS.\n.G\n\nreward 1 2 = 5\n"
    assert edited('map.withSetting("S.\\n.G\\n", "discount", "0.9")') == "discount = 0.9\n\nS.\n.G\n"


def test_rewards_are_written_changed_and_taken_away() -> None:
    one = edited('map.withRewards("S.\\n.G\\n", [[0, 1]], -2.5)')
    assert parse_map(one).rewards == (((0, 1), -2.5),)
    two = edited(f"map.withRewards({json.dumps(one)}, [[0, 1], [1, 0]], 3)")
    assert parse_map(two).rewards == (((0, 1), 3.0), ((1, 0), 3.0))
    assert edited(f"map.withRewards({json.dumps(two)}, [[0, 1], [1, 0]], null)") == "S.\n.G\n"
    assert edited(f"map.rewardOf({json.dumps(two)}, [1, 0])") == 3


def test_another_size_keeps_what_fits() -> None:
    text = "wind = 0 1 2\n\nS.#\n..G\n...\n\nreward 3 3 = 1\nreward 2 1 = 4\nteleport 1 2 to 3 1 = 2\n"
    smaller = edited(f"map.resized({json.dumps(text)}, 2, 3)")
    assert smaller == "wind = 0 1 2\n\nS.#\n..G\n\nreward 2 1 = 4\n"
    grid = parse_map(edited(f"map.resized({json.dumps(text)}, 4, 5)"))
    assert grid.cells == ("S.#..", "..G..", ".....", ".....")
    assert grid.wind == (0, 1, 2, 0, 0)


def test_clearing_leaves_starts_and_goals() -> None:
    cleared = edited('map.cleared("slip = 0.1\\n\\nS#P\\n..G\\n\\nreward 2 1 = 4\\n")')
    assert cleared == "slip = 0.1\n\nS..\n..G\n"


def test_wind_blows_in_the_columns_that_were_painted() -> None:
    one = edited('map.withWind("S.G\\n...\\n", 3, [[0, 1], [1, 2]], 2)')
    assert parse_map(one).wind == (0, 2, 2)
    again = edited(f"map.withWind({json.dumps(one)}, 3, [[0, 1], [0, 2]], 0)")
    assert not any(parse_map(again).wind or ())


def test_a_teleport_is_drawn_replaced_and_taken_away() -> None:
    one = edited('map.withTeleport("S..\\n..G\\n", [0, 1], [1, 0], 5)')
    assert parse_map(one).teleports == (((0, 1), (1, 0), 5.0),)
    other = edited(f"map.withTeleport({json.dumps(one)}, [0, 1], [1, 1], -1)")
    assert parse_map(other).teleports == (((0, 1), (1, 1), -1.0),)
    assert edited(f"map.withTeleport({json.dumps(other)}, [0, 1], null, 0)") == "S..\n..G\n"


def test_a_painted_policy_is_what_the_planner_reads() -> None:
    """Each cell of a way points to the next, round the corner where no move is diagonal; elsewhere at random."""
    four, king = ["N", "E", "S", "W"], ["N", "E", "S", "W", "NE", "SE", "SW", "NW"]
    way = "[[2, 0], [1, 1], [1, 2]]"
    painted = edited(f'policy.drawnAlong({{}}, {way}, "N", {json.dumps(four)})', "lab_policy")
    assert painted == {"2,0": ["E"], "2,1": ["N"], "1,1": ["E"]}
    assert edited(f'policy.drawnAlong({{}}, {way}, "N", {json.dumps(king)})', "lab_policy") == {
        "2,0": ["NE"],
        "1,1": ["E"],
    }
    both = edited(f'policy.drawnAlong({{"1,1": ["E"]}}, [[1, 1]], "N", {json.dumps(four)})', "lab_policy")
    assert both == {"1,1": ["N", "E"]}
    assert edited(f'policy.drawnAlong({{"1,1": ["E"]}}, [[1, 1]], "E", {json.dumps(four)})', "lab_policy") == {}
    address = edited('policy.addressOf({"1,1": ["N", "E"], "0,3": ["SW"]})', "lab_policy")
    assert edited(f"policy.fromAddress({json.dumps(address)})", "lab_policy") == {"1,1": ["N", "E"], "0,3": ["SW"]}
    assert edited("policy.fromAddress('1.1.<b>_9999.1.N_x')", "lab_policy") == {}
    chances = f"policy.chancesOf({json.dumps(both)}, 2, 2, {json.dumps(four)})"
    text = edited(f"policy.written({chances}, {json.dumps(four)})", "lab_policy")
    grid = parse_map("S.\n..\n.G\n")
    rows = text + "N  N\n"
    read = parse_policy(rows, grid, deciding(grid))
    assert read[:4].tolist() == [[0.25] * 4] * 3 + [[0.5, 0.5, 0, 0]]


def test_a_trained_runs_policy_is_written_to_the_last_digit_that_counts() -> None:
    """Chances as a picture has them, rounded to six digits, need not add up to 1; a file's must."""
    grid = parse_map("S.G\n...\n")
    rows = [[[0.333333, 0.333333, 0.333333, 0.0], [0.1, 0.2, 0.3, 0.4], None], [[1, 0, 0, 0]] * 3]
    text = edited(f'policy.written({json.dumps(rows)}, ["N", "E", "S", "W"])', "lab_policy")
    read = parse_policy(text, grid, deciding(grid))
    assert read[0].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0], abs=1e-6)
    assert read[1].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=1e-6)
