"""Formulas: their values by hand, what is refused with its place, and that nothing accepted can hang or escape."""

import json
import math

import pytest

from engine.chemistry.components import component, question
from engine.chemistry.expressions import BadExpression, parse
from engine.chemistry.goal import mix_of
from engine.chemistry.ingredients import with_ingredients
from engine.chemistry.worker import score
from engine.settings import InvalidSettings

VALUES = {"qed": 0.5, "logp": -2.0, "similarity": 0.25, "alerts": 3.0, "nothing": math.nan}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0.7*qed + 0.3*similarity - 0.1*alerts", 0.7 * 0.5 + 0.3 * 0.25 - 0.3),
        ("qed", 0.5),
        ("  qed ** 2 / (1 + 1)", 0.125),
        ("-logp + +1", 3.0),
        ("2 - 3 - 4", -5.0),
        ("2 ** 3 ** 0", 2.0),
        ("min(qed, similarity) + max(1, 2, 3)", 3.25),
        ("abs(logp) * sqrt(4)", 4.0),
        ("exp(0) + log(1)", 1.0),
        ("clip(logp, -1, 1)", -1.0),
        ("1 if logp < 0 else 0", 1.0),
        ("qed > 0.4 and similarity > 0.4", 0.0),
        ("qed > 0.4 or similarity > 0.4", 1.0),
        ("not alerts", 0.0),
        ("0 < qed < 1", 1.0),
        ("0 < alerts <= 2", 0.0),
        ("1e-3", 0.001),
    ],
)
def test_values_by_hand(text, expected):
    assert parse(text).value(VALUES) == pytest.approx(expected)


def test_names_in_order():
    assert parse("min(logp, qed) + logp").names == ("logp", "qed")


def test_a_missing_value_is_missing_in_the_whole():
    assert math.isnan(parse("qed + nothing").value(VALUES)) and math.isnan(parse("qed if nothing else 1").value(VALUES))


@pytest.mark.parametrize(
    "text", ["1 / (qed - 0.5)", "log(logp)", "sqrt(logp)", "logp ** 0.5", "exp(1000)", "2 ** alerts ** 3"]
)
def test_what_can_not_be_computed_is_an_error_and_no_number(text):
    with pytest.raises((ArithmeticError, ValueError)):
        parse(text).value(VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "qed +",
        "__import__('os').system('ls')",
        "qed.__class__",
        "().__class__.__bases__[0].__subclasses__()",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "qed := 3",
        "open('/etc/passwd')",
        "f'{qed}'",
        "'a' * 1000000000",
        "eval(1)",
        "max(*qed)",
        "min(x=1)",
        "min()",
        "clip(1)",
        "abs(1, 2)",
        "qed[0]",
        "{1: 2}",
        "(1, 2)",
        "True",
        "None",
        "1j",
        "1e999",
        "99999999999",
        "qed << 3",
        "qed // 2",
        "qed % 2",
        "qed @ qed",
        "~qed",
        "qed is qed",
        "qed in qed",
        "await qed",
        "yield",
        "qed; logp",
        "qed\nlogp",
        "qed \u00d7 2",
        "\uff51ed",
        "q\x00ed",
        "(" * 31 + "1" + ")" * 31,
        "-" * 40 + "1",
        "not " * 40 + "1",
        "1" + "+1" * 300,
        "(" * 499,
        "globals()",
        "print(qed)",
        "exp.__globals__",
        "...",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(BadExpression) as caught:
        value = parse(text).value(VALUES)
        raise AssertionError(value)
    assert str(caught.value)


@pytest.mark.parametrize(
    "text, place", [("qed + 2 * foo.bar", 11), ("  qed + 'x'", 9), ("qed + + ", 8), ("qed \u00d7 2", 5)]
)
def test_the_place_is_told(text, place):
    with pytest.raises(BadExpression, match=f"at character {place}:"):
        parse(text)


def test_a_formula_is_computed_over_the_other_parts_and_what_it_names_is_added():
    text = '{"components": [{"kind": "expression", "expression": "0.5*qed + heavy + 0.1*rings"}, '
    objective = mix_of(text + '{"kind": "heavy_atoms", "name": "heavy", "weight": 0}]}')
    assert set(objective.names) == {"expression", "heavy", "qed", "rings"} and objective.mean == "arithmetic"
    values = score("c1ccccc1O", objective.questions)["values"]
    assert values["heavy"] == 7 and values["rings"] == 1
    assert values["expression"] == pytest.approx(0.5 * values["qed"] + 7 + 0.1)
    assert objective.score(values) == 1.0  # cut off, and all else weighs nothing


def test_a_formula_that_fails_costs_this_part_only():
    components = with_ingredients((component("expression", expression="log(rings)"), component("qed")))
    questions = {one.kind: question for one, question in zip(components, map(question, components), strict=True)}
    answer = score("CCO", dict(sorted(questions.items(), key=lambda pair: pair[0] == "expression")))
    assert math.isnan(answer["values"]["expression"]) and answer["values"]["qed"] > 0
    assert "expression could not be computed" in answer["reason"]


@pytest.mark.parametrize(
    "text, part",
    [
        ("qed + beauty", "components.0.expression names 'beauty'; known here: qed"),
        ("qed + expression", "names 'expression'"),
        ("qed + formula", "names 'formula'"),
        ("qed +", "components.0.expression is 'qed +'; at character"),
        ("similarity", "reference"),
    ],
)
def test_formulas_that_can_not_be_are_refused_by_component(text, part):
    with pytest.raises(InvalidSettings) as caught:
        mix_of(json.dumps({"components": [{"kind": "expression", "expression": text}]}))
    assert part in caught.value.problems[0]
