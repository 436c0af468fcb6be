"""A formula over the raw values of the other components."""

from collections.abc import Mapping
from typing import Any

from rdkit import Chem

from engine.chemistry.expressions import MOST_CHARACTERS, BadExpression, Expression, parse
from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Identity
from engine.settings import Settings, setting


class ExpressionParameters(Settings):
    """Which formula."""

    expression: str = setting(
        "",
        label="Formula",
        help="As 0.7*qed + 0.3*similarity - 0.1*alerts, over raw values: names of the other parts, or kinds that need "
        "no parameters.",
        max_length=MOST_CHARACTERS,
    )


def _prepare(parameters: ExpressionParameters) -> Expression:
    try:
        return parse(parameters.expression)
    except BadExpression as error:
        raise BadParameter(f"expression is {parameters.expression[:60]!a}; {error}") from None


def _no_molecule(molecule: Chem.Mol, prepared: Any) -> float:
    raise AssertionError("a formula is computed from values")


def _combined(values: Mapping[str, float], formula: Expression) -> float:
    missing = [name for name in formula.names if name not in values]
    if missing:
        raise ValueError(f"there is no {missing[0]}")
    return formula.value(values)


PROPERTY = Property(
    "expression",
    "Formula",
    "",
    "A formula over the values of the other parts",
    (0.0, 1.0),
    _no_molecule,
    Identity(),
    ExpressionParameters,
    _prepare,
    _combined,
)
