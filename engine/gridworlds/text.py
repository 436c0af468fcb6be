"""A map as plain text and back: settings, then the grid, then the cells with a reward of their own.

    slip = 0.2
    step_reward = -0.04
    goal_reward = 1

    ...G
    .#.P
    S...

    reward 3 2 = 0.5

Settings that are left out keep the defaults of GridMap; a goal or a pit that names no reward pays the step reward.
`reward ROW COLUMN = NUMBER` counts from 1. Blank lines mean nothing. print_map writes every setting, so that
parse_map(print_map(grid)) == grid and print_map(parse_map(text)) == text for each text it wrote.
"""

import difflib
import math
from collections.abc import Callable
from typing import Any

from engine.gridworlds.maps import GridMap, MapError, check

MAX_CHARACTERS = 60_000
REWARD_BOUND = 1e6
MAX_TIME_LIMIT = 2_000

Reader = Callable[[str], Any]


def _number(low: float, high: float) -> Reader:
    def read(text: str) -> float:
        # float() also reads 1_000 and digits of other scripts; a map that is passed on should not depend on that.
        try:
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"a number between {low:g} and {high:g}")
        return value

    return read


def _whole(low: int, high: int) -> Reader:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            raise ValueError(f"a whole number between {low} and {high}")
        return int(text)

    return read


def _choice(*words: str) -> Reader:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return read


_reward = _number(-REWARD_BOUND, REWARD_BOUND)
SETTINGS: dict[str, Reader] = {
    "slip": _number(0, 1),
    "step_reward": _reward,
    "goal_reward": _reward,
    "pit_reward": _reward,
    "pits": _choice("end", "restart"),
    "starts": _choice("marked", "anywhere"),
    "discount": _number(0, 1),
    "time_limit": _whole(1, MAX_TIME_LIMIT),
    "observation": _choice("cell", "walls"),
}


def parse_map(text: str) -> GridMap:
    """Read a map. Raises MapError, which names the line and column where they apply."""
    if len(text) > MAX_CHARACTERS:
        raise MapError(f"the text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed")
    settings: dict[str, Any] = {}
    rewards: dict[tuple[int, int], float] = {}
    rows: list[str] = []
    first_line = last_line = 1
    # split("\n"), not splitlines(): a form feed or U+2028 inside a row is an unknown character, not a new row.
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r").rstrip(" ")
        if not line:
            continue
        if "=" in line:
            _read_assignment(line, number, settings, rewards)
            continue
        if rows and number != last_line + 1:
            raise MapError("the grid goes on after a gap; its rows must follow one another", number)
        first_line = number if not rows else first_line
        last_line = number
        rows.append(line)
    for name in ("goal_reward", "pit_reward"):
        settings.setdefault(name, settings.get("step_reward", GridMap.step_reward))
    grid = GridMap(tuple(rows), **settings, rewards=tuple(sorted(rewards.items())))
    check(grid, first_line)
    return grid


def print_map(grid: GridMap) -> str:
    """The map as text, every setting written out, ending in a newline."""
    head = [f"{name} = {_plain(getattr(grid, name))}" for name in SETTINGS]
    tail = [f"reward {r + 1} {c + 1} = {_plain(reward)}" for (r, c), reward in grid.rewards]
    blocks = [head, list(grid.cells), tail] if tail else [head, list(grid.cells)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _plain(value: float | str) -> str:
    """A value as text that reads back as the same value: 1 for 1.0, -0.04, end."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _read_assignment(line: str, number: int, settings: dict, rewards: dict) -> None:
    """One `name = value` or `reward ROW COLUMN = NUMBER` line."""
    name, value = (part.strip() for part in line.split("=", 1))
    words = name.split()
    column = len(line) - len(line.split("=", 1)[1].lstrip()) + 1
    if words[:1] == ["reward"]:
        cell = _read_cell(words, number)
        if cell in rewards:
            raise MapError(f"row {cell[0] + 1}, column {cell[1] + 1} has two rewards; write one", number)
        rewards[cell] = _read_value(_reward, name, value, number, column)
        return
    if name not in SETTINGS:
        near = difflib.get_close_matches(name, [*SETTINGS, "reward"], n=1)
        advice = f"did you mean {near[0]}?" if near else f"allowed are {', '.join(SETTINGS)}, reward ROW COLUMN"
        raise MapError(f"{name!r:.60} is no setting; {advice}", number, 1)
    if name in settings:
        raise MapError(f"{name} is set twice; write it once", number)
    settings[name] = _read_value(SETTINGS[name], name, value, number, column)


def _read_value(read: Reader, name: str, value: str, line: int, column: int) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise MapError(f"{name} is {value!r:.60}; it must be {error}", line, column) from None


def _read_cell(words: list[str], line: int) -> tuple[int, int]:
    if len(words) != 3 or not all(w.isascii() and w.isdigit() and 0 < len(w) < 4 and int(w) > 0 for w in words[1:]):
        raise MapError("a reward is written `reward ROW COLUMN = NUMBER`, rows and columns counted from 1", line)
    return int(words[1]) - 1, int(words[2]) - 1
