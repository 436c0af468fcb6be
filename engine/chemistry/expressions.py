"""Formulas over property values, as 0.7*qed + 0.3*similarity - 0.1*alerts: read, checked and computed without eval.

Only what is listed here is understood; everything else is refused with its place. Lengths, depths and exponents are
bounded, so that nothing that is accepted can take long.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

MOST_CHARACTERS, MOST_DEPTH = 500, 30
LARGEST_EXPONENT, LARGEST_NUMBER = 8.0, 1e9

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: _power(a, b),
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
# By name: the function, and the least and most numbers it takes.
FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "min": (min, 1, 20),
    "max": (max, 1, 20),
    "abs": (abs, 1, 1),
    "exp": (math.exp, 1, 1),
    "log": (math.log, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "clip": (lambda value, low, high: min(high, max(low, value)), 3, 3),
}
ALLOWED = (
    "allowed are numbers, names, + - * / **, comparisons, and, or, not, A if B else C, and the functions "
    f"{', '.join(FUNCTIONS)}"
)


class BadExpression(ValueError):
    """A formula that is refused; the message says where and what is allowed."""


@dataclass(frozen=True)
class Expression:
    """A checked formula. value(values) computes it; names are those whose values it needs."""

    text: str
    tree: ast.expr

    @cached_property
    def names(self) -> tuple[str, ...]:
        """In order of appearance."""
        functions = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in functions]
        return tuple(dict.fromkeys(node.id for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))))

    def value(self, values: Mapping[str, float]) -> float:
        """NaN where a value is; raises ArithmeticError or ValueError where it cannot be computed (1/0, log of -1)."""
        if any(math.isnan(values[name]) for name in self.names):
            return math.nan
        return float(_value(self.tree, values))


def parse(text: str) -> Expression:
    """Read and check a formula. Raises BadExpression."""
    if not text.strip():
        raise BadExpression("it is empty; it must be a formula, as 0.7*qed + 0.3*similarity")
    if len(text) > MOST_CHARACTERS:
        raise BadExpression(f"it has {len(text)} characters; at most {MOST_CHARACTERS} are allowed")
    opened = 0
    for place, character in enumerate(text, 1):
        if not character.isascii() or not character.isprintable():
            raise BadExpression(f"at character {place}: {character!a} is no part of a formula; {ALLOWED}")
        opened += (character == "(") - (character == ")")
        if opened > MOST_DEPTH:
            raise BadExpression(f"at character {place}: it is nested more than {MOST_DEPTH} deep")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place = (error.offset or len(text.strip()) + 1) + len(text) - len(text.lstrip())
        raise BadExpression(f"at character {place}: it cannot be read there; {ALLOWED}") from None
    except (RecursionError, MemoryError, ValueError):
        raise BadExpression(f"it cannot be read; {ALLOWED}") from None
    _check(tree, len(text) - len(text.lstrip()), 1)
    return Expression(text, tree)


def _check(node: ast.expr, shift: int, depth: int) -> None:
    """Raises BadExpression at the first thing that is not allowed."""
    if depth > MOST_DEPTH:
        raise _refused(node, shift, f"it is nested more than {MOST_DEPTH} deep")
    for part in _parts(node, shift):
        _check(part, shift, depth + 1)


def _parts(node: ast.expr, shift: int) -> list[ast.expr]:
    """What an allowed node is made of."""
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            if abs(number) <= LARGEST_NUMBER:
                return []
            raise _refused(node, shift, f"numbers lie between -{LARGEST_NUMBER:g} and {LARGEST_NUMBER:g}")
        case ast.Name():
            return []
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() | ast.Not(), operand=operand):
            return [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return [left, right]
        case ast.BoolOp(values=values):
            return values
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in COMPARISONS for op in ops):
            return [left, *others]
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return [test, body, otherwise]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            _, least, most = FUNCTIONS[name]
            if least <= len(arguments) <= most:
                return arguments
            raise _refused(node, shift, f"{name} takes {least if least == most else f'{least} to {most}'} numbers")
    raise _refused(node, shift, f"this is not understood; {ALLOWED}")


def _refused(node: ast.expr, shift: int, why: str) -> BadExpression:
    return BadExpression(f"at character {node.col_offset + shift + 1}: {why}")


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    """The number that a checked node stands for; truth is 1 and 0."""
    match node:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, values)
            return float(not value) if isinstance(op, ast.Not) else -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            truths = (bool(_value(part, values)) for part in parts)
            return float(all(truths) if isinstance(op, ast.And) else any(truths))
        case ast.Compare(left=left, ops=ops, comparators=others):
            numbers = [_value(part, values) for part in (left, *others)]
            pairs = zip(ops, numbers, numbers[1:], strict=False)
            return float(all(COMPARISONS[type(op)](a, b) for op, a, b in pairs))
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return _value(body if _value(test, values) else otherwise, values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name][0](*(_value(part, values) for part in arguments))
    raise AssertionError(ast.dump(node))  # _check lets nothing else through


def _power(base: float, exponent: float) -> float:
    """Raises ValueError for large exponents and for roots of negative numbers."""
    if abs(exponent) > LARGEST_EXPONENT:
        raise ValueError(f"the exponent {exponent:g} is beyond {LARGEST_EXPONENT:g}")
    power = base**exponent
    if isinstance(power, complex):
        raise ValueError("a root of a negative number is no number")
    return power
