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
    "windy": PresetMap(
        "Sutton & Barto, example 6.5: a wind blows north in the middle columns",
        """\
wind = 0 0 0 1 1 1 2 2 1 0

..........
..........
..........
S......G..
..........
..........
..........
""",
    ),
    "windy-king": PresetMap(
        "Sutton & Barto, exercise 6.9: the windy grid with the diagonal moves too",
        """\
moves = king
wind = 0 0 0 1 1 1 2 2 1 0

..........
..........
..........
S......G..
..........
..........
..........
""",
    ),
    "windy-stochastic": PresetMap(
        "Sutton & Barto, exercise 6.10: king's moves, and the wind one stronger or weaker a third of the time each",
        """\
moves = king
wind = 0 0 0 1 1 1 2 2 1 0
gusts = 2/3

..........
..........
..........
S......G..
..........
..........
..........
""",
    ),
    "sutton-5x5": PresetMap(
        "Sutton & Barto, examples 3.5 and 3.8: no end, bumping costs 1, two cells throw far and pay 10 and 5",
        """\
step_reward = 0
bump_reward = -1
starts = anywhere
episodes = continuing
discount = 0.9

.....
.....
.....
.....
.....

teleport 1 2 to 5 2 = 10
teleport 1 4 to 3 4 = 5
""",
    ),
    "russell-4x3": PresetMap(
        "Russell & Norvig, chapter 17: the 4x3 world, -0.04 in every cell and a fifth of the moves slip sideways",
        """\
slip = 0.2
step_reward = -0.04
goal_reward = 1
pit_reward = -1
paid = leaving

...G
.#.P
S...
""",
    ),
    "cs188": PresetMap(
        "Berkeley's CS188 gridworld: living costs nothing, a fifth of the moves slip, discount 0.9",
        """\
slip = 0.2
step_reward = 0
goal_reward = 1
pit_reward = -1
paid = leaving
discount = 0.9

...G
.#.P
S...
""",
    ),
    "frozenlake-4x4": PresetMap(
        "Gymnasium's FrozenLake-v1: two moves of three slip sideways",
        """\
slip = 2/3
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
slip = 2/3
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
    "maze-20x20": PresetMap(
        "A large maze with a few loops",
        """\
time_limit = 400

S#...........#.....#
.#####.#####.#.#.#.#
.....#.#...#.#.#.#.#
####.#.#.#.#.#.#.#..
...#...#.#.#...#.#..
.#.#####.#.#####.#..
.#.....#.......#....
####.#.#.#####.#.###
.....#.#.#.......#.#
.#######.###.#####.#
.......#...#.......#
.#####.###.#.#####.#
.#...#.#...#.....#..
.#.#.#.#.###.###.#..
.#.#.#.......#......
.#.#.#########.###.#
.#.#...#...#...#...#
.###.#.#.#.#.###.###
.....#...#...#......
##....####...#####.G
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
        near = difflib.get_close_matches(name_or_text.lower(), MAPS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(MAPS)}, or write a map as text"
        raise MapError(f"{name_or_text!r:.60} is no preset; {advice}")
    return parse_map(MAPS[name_or_text].text)
