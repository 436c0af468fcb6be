"""The maps that come with the project, as text, and how a name or a text becomes a map."""

import difflib
from typing import NamedTuple

from engine.gridworlds.maps import GridMap, MapError
from engine.gridworlds.text import parse_map


class PresetMap(NamedTuple):
    about: str
    text: str


MAPS: dict[str, PresetMap] = {
    "small-4x4": PresetMap(
        "Sutton & Barto, example 4.1: every move costs 1, two corners end it",
        """\
starts = anywhere

G...
....
....
...G
""",
    ),
    "aliased": PresetMap(
        "The agent feels only the walls around it, and two cells feel alike (David Silver, lecture 7)",
        """\
step_reward = -0.1
goal_reward = 1
pit_reward = -1
discount = 0.9
time_limit = 50
observation = walls

S...S
P#G#P
""",
    ),
    "cliff": PresetMap(
        "Sutton & Barto, example 6.6: the shortest way runs along a cliff",
        """\
pit_reward = -100
pits = restart

............
............
............
SPPPPPPPPPPG
""",
    ),
    "frozenlake-4x4": PresetMap(
        "Gymnasium's FrozenLake-v1: two moves of three slip sideways",
        """\
slip = 0.6666666666666666
step_reward = 0
goal_reward = 1
time_limit = 100

S...
.P.P
...P
P..G
""",
    ),
    "frozenlake-8x8": PresetMap(
        "Gymnasium's FrozenLake8x8-v1: the larger, safer lake",
        """\
slip = 0.6666666666666666
step_reward = 0
goal_reward = 1
time_limit = 200

S.......
........
...P....
.....P..
...P....
.PP...P.
.P..P.P.
...P...G
""",
    ),
    "four-rooms": PresetMap(
        "Four rooms joined by doorways (Sutton, Precup & Singh, 1999)",
        """\
slip = 0.1
starts = anywhere
time_limit = 100

.....#.....
.....#.....
...........
.....#.....
.....#.....
#.####.....
.....###.##
.....#.....
.....#.....
...........
.....#....G
""",
    ),
    "maze-10x10": PresetMap(
        "A maze with dead ends and one long way round",
        """\
starts = anywhere
time_limit = 100

.#...#....
.#.#.#.##.
...#...#..
.#####.#.#
.....#.#..
####.#.##.
...#.#....
.#.#.####.
.#...#....
.#######.G
""",
    ),
}


def read_map(name_or_text: str) -> GridMap:
    """The map of that preset name, or the map that text describes. Raises MapError."""
    if "\n" in name_or_text:
        return parse_map(name_or_text)
    if name_or_text not in MAPS:
        near = difflib.get_close_matches(name_or_text, MAPS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(MAPS)}, or write a map as text"
        raise MapError(f"{name_or_text!r:.60} is no preset; {advice}")
    return parse_map(MAPS[name_or_text].text)
