"""A map as plain text and back: settings, then the grid, then the cells with a reward or a teleport of their own.

    slip = 0.2
    step_reward = -0.04
    goal_reward = 1
    wind = 0 0 1 0

    ...G
    .#.P
    S...

    reward 3 2 = 0.5
    teleport 1 1 to 3 4 = 10

Settings that are left out keep the defaults of GridMap; a goal or a pit that names no reward pays the step reward.
`reward ROW COLUMN = NUMBER` and `teleport ROW COLUMN to ROW COLUMN = REWARD` count from 1. Numbers may be fractions,
as 2/3. Blank lines mean nothing. print_map writes every setting, so that parse_map(print_map(grid)) == grid and
print_map(parse_map(text)) == text for each text it wrote.
"""

import difflib
import math
import re
from collections.abc import Callable
from typing import Any

from engine.gridworlds.checking import check
from engine.gridworlds.maps import MAX_SIDE, MAX_WIND, Cell, GridMap, MapError, Teleport

MAX_CHARACTERS = 60_000
REWARD_BOUND = 1e6
MAX_TIME_LIMIT = 2_000

Reader = Callable[[str], Any]


def _number(low: float, high: float) -> Reader:
    def read(text: str) -> float:
        # float() also reads 1_000 and digits of other scripts; a map that is passed on should not depend on that.
        above, slash, below = text.partition("/")
        try:
            value = float(above) if text.isascii() and "_" not in text else math.nan
            if slash:
                value /= float(below)
        except (ValueError, ZeroDivisionError):
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"a number between {low:g} and {high:g}")
        return value

    return read


def _or_word(word: str, read_other: Reader) -> Reader:
    """None for `word`, else what the other reader reads."""

    def read(text: str) -> Any:
        if text == word:
            return None
        try:
            return read_other(text)
        except ValueError as error:
            raise ValueError(f"{word}, or {error}") from None

    return read


def _wind(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    words = text.split()
    if not words or not all(re.fullmatch(rf"-?[0-{MAX_WIND}]", word) for word in words):
        raise ValueError(f"none, or a whole number between {-MAX_WIND} and {MAX_WIND} for each column")
    return tuple(int(word) for word in words)


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
    "moves": _choice("straight", "king"),
    "slip": _number(0, 1),
    "wind": _wind,
    "gusts": _number(0, 1),
    "step_reward": _reward,
    "goal_reward": _reward,
    "pit_reward": _reward,
    "bump_reward": _or_word("cell", _reward),
    "paid": _choice("entering", "leaving"),
    "pits": _choice("end", "restart"),
    "starts": _choice("marked", "anywhere"),
    "episodes": _choice("ending", "continuing"),
    "discount": _number(0, 1),
    "time_limit": _whole(1, MAX_TIME_LIMIT),
    "observation": _choice("cell", "walls"),
}


def parse_map(text: str, max_side: int = MAX_SIDE) -> GridMap:
    """Read a map of up to `max_side` rows and columns. Raises MapError, which names the line and column."""
    most = max(MAX_CHARACTERS, 2 * max_side * max_side)
    if len(text) > most:
        raise MapError(f"the text has {len(text):,} characters; at most {most:,} are allowed")
    settings: dict[str, Any] = {}
    rewards: dict[Cell, float] = {}
    teleports: dict[Cell, Teleport] = {}
    rows: list[str] = []
    lines: dict[object, int] = {}
    last_line = 1
    # split("\n"), not splitlines(): a form feed or U+2028 inside a row is an unknown character, not a new row.
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r").rstrip(" \t")
        if not line:
            continue
        if "=" in line:
            name, value = (part.strip() for part in line.split("=", 1))
            column = len(line) - len(line.split("=", 1)[1].lstrip()) + 1
            match name.split()[:1]:
                case ["reward"]:
                    _read_reward(name, value, number, column, rewards, lines)
                case ["teleport"]:
                    _read_teleport(name, value, number, column, teleports, lines)
                case _:
                    _read_setting(name, value, number, column, settings, lines)
            continue
        if rows and number != last_line + 1:
            raise MapError("the grid goes on after a gap; its rows must follow one another", number, 1)
        lines.setdefault("grid", number)
        last_line = number
        rows.append(line)
    for name in ("goal_reward", "pit_reward"):
        settings.setdefault(name, settings.get("step_reward", GridMap.step_reward))
    grid = GridMap(
        tuple(rows), **settings, rewards=tuple(sorted(rewards.items())), teleports=tuple(sorted(teleports.values()))
    )
    check(grid, lines, max_side)
    return grid


def print_map(grid: GridMap) -> str:
    """The map as text, every setting written out, ending in a newline."""
    head = [f"{name} = {_plain(getattr(grid, name), name)}" for name in SETTINGS]
    tail = [f"reward {_spot(cell)} = {_plain(reward)}" for cell, reward in grid.rewards]
    tail += [f"teleport {_spot(a)} to {_spot(b)} = {_plain(reward)}" for a, b, reward in grid.teleports]
    blocks = [head, list(grid.cells), tail] if tail else [head, list(grid.cells)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _plain(value: Any, name: str = "") -> str:
    """A value as text that reads back as the same value: 1 for 1.0, -0.04, end."""
    if name == "wind":
        return " ".join(map(str, value)) or "none"
    if value is None:
        return "cell"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _spot(cell: Cell) -> str:
    return f"{cell[0] + 1} {cell[1] + 1}"


def _read_setting(
    name: str, value: str, line: int, column: int, settings: dict[str, Any], lines: dict[object, int]
) -> None:
    if name not in SETTINGS:
        near = difflib.get_close_matches(name, [*SETTINGS, "reward", "teleport"], n=1)
        allowed = f"{', '.join(SETTINGS)}, reward ROW COLUMN, teleport ROW COLUMN to ROW COLUMN"
        advice = f"did you mean {near[0]}?" if near else f"allowed are {allowed}"
        raise MapError(f"{name!r:.60} is no setting; {advice}", line, 1)
    if name in settings:
        raise MapError(f"{name} is set twice; write it once", line, 1)
    settings[name] = _read_value(SETTINGS[name], name, value, line, column)
    lines[name] = line


def _read_reward(
    name: str, value: str, line: int, column: int, rewards: dict[Cell, float], lines: dict[object, int]
) -> None:
    words = name.split()
    if len(words) != 3 or not _are_counts(words[1:]):
        raise MapError("a reward is written `reward ROW COLUMN = NUMBER`, rows and columns counted from 1", line, 1)
    cell = _cell(words[1:])
    if cell in rewards:
        raise MapError(f"row {cell[0] + 1}, column {cell[1] + 1} has two rewards; write one", line, 1)
    rewards[cell] = _read_value(_reward, name, value, line, column)
    lines["reward", cell] = line


def _read_teleport(
    name: str, value: str, line: int, column: int, teleports: dict[Cell, Teleport], lines: dict[object, int]
) -> None:
    words = name.split()
    if len(words) != 6 or words[3] != "to" or not _are_counts([*words[1:3], *words[4:]]):
        form = "`teleport ROW COLUMN to ROW COLUMN = REWARD`, rows and columns counted from 1"
        raise MapError(f"a teleport is written {form}", line, 1)
    source, target = _cell(words[1:3]), _cell(words[4:])
    if source in teleports:
        raise MapError(f"row {source[0] + 1}, column {source[1] + 1} has two teleports; write one", line, 1)
    teleports[source] = Teleport(source, target, _read_value(_reward, name, value, line, column))
    lines["teleport", source] = line


def _read_value(read: Reader, name: str, value: str, line: int, column: int) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise MapError(f"{name} is {value!r:.60}; it must be {error}", line, column) from None


def _are_counts(words: list[str]) -> bool:
    return all(word.isascii() and word.isdigit() and len(word) < 5 and int(word) > 0 for word in words)


def _cell(words: list[str]) -> Cell:
    return int(words[0]) - 1, int(words[1]) - 1
