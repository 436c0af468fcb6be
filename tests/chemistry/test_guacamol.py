"""GuacaMol's goals beside the guacamol package: its own scores lie in guacamol_scores.csv, by guacamol_scores.py."""

import csv
from pathlib import Path

import pytest
from rdkit import Chem

from engine.chemistry.objectives import guacamol
from engine.chemistry.parsing import parse
from engine.chemistry.worker import score

with Path(__file__).with_name("guacamol_scores.csv").open() as lines:
    TABLE = list(csv.DictReader(lines))
GOALS = {name: ready.objective() for name, ready in guacamol.OBJECTIVES.items()}
# One question asked once, though several goals ask it.
QUESTIONS = {question: question for goal in GOALS.values() for question in goal.questions.values()}


@pytest.fixture(scope="module")
def answers():
    """{smiles: {question: raw value}} by the workers' own function."""
    return {row["smiles"]: score(Chem.MolToSmiles(parse(row["smiles"])), QUESTIONS)["values"] for row in TABLE}


def test_all_twenty_goals_are_in_the_table():
    assert set(GOALS) == set(TABLE[0]) - {"smiles"} and len(GOALS) == 20
    assert len(TABLE) > 200


@pytest.mark.parametrize("name", GOALS)
def test_scores_are_guacamols(name, answers):
    goal, scores = GOALS[name], []
    for row in TABLE:
        values = {part: answers[row["smiles"]][question] for part, question in goal.questions.items()}
        scores.append(goal.score(values))
        assert scores[-1] == pytest.approx(float(row[name]), abs=1e-9), row["smiles"]
    assert len(set(scores)) > 10 or name == "valsartan_smarts"


def test_a_regio_isomer_of_celecoxib_shares_all_its_parts():
    best = {Chem.CanonSmiles(row["smiles"]) for row in TABLE if float(row["celecoxib_rediscovery"]) == 1.0}
    target = Chem.CanonSmiles(GOALS["celecoxib_rediscovery"].target)
    assert target in best and len(best) == 2  # so a score of 1 is not yet "found"
