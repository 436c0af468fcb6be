"""The map's text: exact round trips, and errors that name the place and what is allowed."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gridworlds.checking import check
from engine.gridworlds.maps import ACTIONS, GridMap, MapError, Teleport
from engine.gridworlds.presets import MAPS, read_map
from engine.gridworlds.text import SETTINGS, parse_map, print_map

FULL = """\
moves = king
slip = 0.2
wind = 0 1 -2 0
gusts = 0.5
step_reward = -0.04
goal_reward = 1
pit_reward = -1
bump_reward = -2.5
paid = leaving
pits = restart
starts = marked
episodes = continuing
discount = 0.99
time_limit = 30
observation = walls

...G
.#.P
S...

reward 1 2 = 0.5
reward 3 4 = -1e-07
teleport 1 1 to 3 4 = 10
"""


def test_every_setting_is_read():
    grid = parse_map(FULL)
    assert grid == GridMap(
        cells=("...G", ".#.P", "S..."),
        moves="king",
        slip=0.2,
        wind=(0, 1, -2, 0),
        gusts=0.5,
        step_reward=-0.04,
        goal_reward=1.0,
        pit_reward=-1.0,
        bump_reward=-2.5,
        paid="leaving",
        pits="restart",
        starts="marked",
        episodes="continuing",
        discount=0.99,
        time_limit=30,
        observation="walls",
        rewards=(((0, 1), 0.5), ((2, 3), -1e-07)),
        teleports=(Teleport((0, 0), (2, 3), 10.0),),
    )
    assert print_map(grid) == FULL


@pytest.mark.parametrize("name", MAPS)
def test_presets_survive_the_round_trip(name):
    text = print_map(read_map(name))
    assert parse_map(text) == read_map(name)
    assert print_map(parse_map(text)) == text


finite = st.floats(-1e6, 1e6, allow_nan=False)
chances = st.floats(0, 1, allow_nan=False)


@st.composite
def maps(draw):
    rows, cols = draw(st.integers(2, 7)), draw(st.integers(2, 7))
    cells = [draw(st.lists(st.sampled_from(".#SGP"), min_size=cols, max_size=cols)) for _ in range(rows)]
    rewards = draw(st.dictionaries(st.tuples(st.integers(0, rows - 1), st.integers(0, cols - 1)), finite, max_size=4))
    spots = st.tuples(st.integers(0, rows - 1), st.integers(0, cols - 1))
    thrown = draw(st.dictionaries(spots, st.tuples(spots, finite), max_size=3))
    return GridMap(
        cells=tuple("".join(row) for row in cells),
        moves=draw(st.sampled_from(list(ACTIONS))),
        slip=draw(chances),
        wind=draw(st.just(()) | st.tuples(*[st.integers(-9, 9)] * cols)),
        gusts=draw(chances),
        step_reward=draw(finite),
        goal_reward=draw(finite),
        pit_reward=draw(finite),
        bump_reward=draw(st.none() | finite),
        paid=draw(st.sampled_from(["entering", "leaving"])),
        pits=draw(st.sampled_from(["end", "restart"])),
        starts=draw(st.sampled_from(["marked", "anywhere"])),
        episodes=draw(st.sampled_from(["ending", "continuing"])),
        discount=draw(chances),
        time_limit=draw(st.integers(1, 2000)),
        observation=draw(st.sampled_from(["cell", "walls"])),
        rewards=tuple(sorted(rewards.items())),
        teleports=tuple(Teleport(source, *thrown[source]) for source in sorted(thrown)),
    )


@settings(max_examples=150, deadline=None)
@given(maps())
def test_any_playable_map_survives_the_round_trip(grid):
    try:
        check(grid)
    except MapError:
        with pytest.raises(MapError):
            parse_map(print_map(grid))
        return
    text = print_map(grid)
    assert parse_map(text) == grid
    assert print_map(parse_map(text)) == text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="SG.#P=\n 1reward-slip", max_size=200))
def test_any_text_is_a_map_or_a_map_error(text):
    try:
        check(parse_map(text))
    except MapError as error:
        assert str(error).startswith("The map")


def test_the_text_has_a_line_for_every_setting_of_a_map():
    assert {"cells", *SETTINGS, "rewards", "teleports"} == {field.name for field in fields(GridMap)}


def test_goals_and_pits_pay_the_step_reward_unless_told_otherwise():
    grid = parse_map("step_reward = -2\n\nS.\nPG\n")
    assert (grid.goal_reward, grid.pit_reward) == (-2.0, -2.0)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("slip = 0\n\nS..\n...\n", 3, 1, "there is no goal"),
        ("G..\n...\n", 1, 1, "there is no start"),
        ("S#G\n.#.\n", 1, 1, "no goal can be reached from this start"),
        ("#.S\nSPG\nP..\n", 2, 1, "no goal can be reached"),
        ("S..\n....\n..G\n", 2, 4, "this row has 4 cells, the first row has 3"),
        ("S..\n..\n..G\n", 2, 3, "this row has 2 cells, the first row has 3"),
        ("slip = 0.1\n\nS..\n.x.\n..G\n", 4, 2, "'x' is no cell; allowed are . (free), # (wall)"),
        ("S.\u2028.G\n....\n", 1, 3, "is no cell"),
        ("SG\n", 1, 1, "too small: 1 row; allowed are 2 to 50"),
        ("S\nG\n", 1, 1, "too small: 1 column;"),
        ("S" + "." * 50 + "\n" + "." * 50 + "G\n", 1, 51, "too large: 51 columns; allowed are 2 to 50"),
        ("S.\n" + "..\n" * 49 + ".G\n", 51, 1, "too large: 51 rows"),
        ("", 1, 1, "there is no grid"),
        ("S.\n\n.G\n", 3, 1, "goes on after a gap"),
        ("slipp = 0.1\nS.\n.G\n", 1, 1, "'slipp' is no setting; did you mean slip?"),
        ("slip = 1.5\nS.\n.G\n", 1, 8, "slip is '1.5'; it must be a number between 0 and 1"),
        ("slip = nan\nS.\n.G\n", 1, 8, "slip is 'nan'"),
        ("slip = 0\nslip = 0\nS.\n.G\n", 2, 1, "slip is set twice"),
        ("time_limit = 0\nS.\n.G\n", 1, 14, "it must be a whole number between 1 and 2000"),
        ("time_limit = 2.5\nS.\n.G\n", 1, 14, "time_limit is '2.5'"),
        ("pits = kill\nS.\n.G\n", 1, 8, "pits is 'kill'; it must be one of end, restart"),
        ("pits = restart\nSS\n.G\n", 2, 1, "needs one start to go back to; the map has 2"),
        ("S.\n.G\nreward 1 = 2\n", 3, 1, "reward ROW COLUMN = NUMBER"),
        ("S.\n.G\nreward 1 2 = 2\nreward 1 2 = 3\n", 4, 1, "row 1, column 2 has two rewards"),
        ("S.\n.G\nreward 3 1 = 2\n", 3, 1, "row 3, column 1 is a wall or outside"),
        ("S#\n.G\nreward 1 2 = 2\n", 3, 1, "row 1, column 2 is a wall or outside"),
        ("wind = 1 2\nS..\n..G\n", 1, 1, "wind has 2 numbers; it must be none or one for each of the 3 columns"),
        ("wind = 1 x\nS.\n.G\n", 1, 8, "wind is '1 x'; it must be none, or a whole number between -9 and 9"),
        ("wind = 10 0\nS.\n.G\n", 1, 8, "wind is '10 0'"),
        ("slip = 1/0\nS.\n.G\n", 1, 8, "slip is '1/0'"),
        ("bump_reward = x\nS.\n.G\n", 1, 15, "it must be cell, or a number between"),
        ("moves = queen\nS.\n.G\n", 1, 9, "it must be one of straight, king"),
        ("S.\n.G\nteleport 1 2 = 3\n", 3, 1, "teleport ROW COLUMN to ROW COLUMN = REWARD"),
        ("S.\n.G\nteleport 2 2 to 1 1 = 3\n", 3, 1, "row 2, column 2 is no free cell"),
        ("S.\n.G\nteleport 1 2 to 3 1 = 3\n", 3, 1, "row 3, column 1 is a wall or outside"),
        ("S.\n.G\nteleport 1 2 to 2 1 = 3\nteleport 1 2 to 1 1 = 3\n", 4, 1, "has two teleports"),
        ("S.\n.G\nteleport 1 2 to 2 1 = much\n", 3, 23, "teleport 1 2 to 2 1 is 'much'"),
        ("wind = 9 9\nS.\n..\n.G\n", 2, 1, "no goal can be reached from this start"),
        ("S.\n.G\n\n..\n", 4, 1, "goes on after a gap"),
        ("S.\n.G\nreward 1 2 = 1e9\n", 3, 14, "it must be a number between -1e+06 and 1e+06"),
    ],
)
def test_a_wrong_map_names_the_place_and_the_reason(text, line, column, words):
    with pytest.raises(MapError) as caught:
        parse_map(text)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)
    if line is not None:
        assert f"line {line}" in str(caught.value)
    if column is not None:
        assert f"column {column}" in str(caught.value)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(MapError, match="did you mean small-4x4"):
        read_map("smal-4x4")


def test_a_huge_text_is_refused_unread():
    with pytest.raises(MapError, match=r"5,000,003 characters; at most 60,000"):
        parse_map("S.\n" + "." * 5_000_000)
