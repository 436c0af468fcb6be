"""Predictors: against scikit-learn, honest splits, tables as people have them, files nobody can trust."""

import json
import math

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from scipy.stats import spearmanr
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from engine.chemistry.goal import named
from engine.chemistry.predictors import shelf
from engine.chemistry.predictors.example import solubility
from engine.chemistry.predictors.features import seen
from engine.chemistry.predictors.learning import CannotLearn, Known, errors, fit, learn, split
from engine.chemistry.predictors.model import kernel
from engine.chemistry.predictors.shelf import NoPredictor
from engine.chemistry.predictors.table import BadTable, Table, as_number, read_table
from engine.chemistry.worker import score
from engine.settings import InvalidSettings

SOME = [Chem.MolFromSmiles(row.smiles) for row in solubility().rows[::12]]
VALUES = [row.value for row in solubility().rows[::12]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("UPHILL_PREDICTORS", str(tmp_path / "predictors"))
    return tmp_path / "predictors"


@pytest.fixture(scope="module")
def fitted():
    known = [
        Known(Chem.MolToSmiles(m), str(i % 17), v, seen(m)) for i, (m, v) in enumerate(zip(SOME, VALUES, strict=True))
    ]
    return known, *fit(known)


def test_similarity_is_rdkits_tanimoto_on_counts(fitted):
    _, model, _ = fitted
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    counts = [morgan.GetSparseCountFingerprint(molecule) for molecule in SOME]
    for place in (0, 7, 40):
        expected = DataStructs.BulkTanimotoSimilarity(counts[place], counts)
        assert model.similarity(seen(SOME[place])[0]) == pytest.approx(expected, abs=1e-12)


def test_predictions_are_scikit_learns_kernel_ridge(fitted):
    known, model, alpha = fitted
    matrix = kernel(model, [one.seen for one in known])
    values = np.array([one.value for one in known])
    theirs = KernelRidge(alpha=alpha, kernel="precomputed").fit(matrix, values - values.mean())
    strangers = [seen(Chem.MolFromSmiles(row.smiles)) for row in solubility().rows[5::60]]
    expected = theirs.predict(kernel(model, strangers)) + values.mean()
    assert [model.predict(one)[0] for one in strangers] == pytest.approx(expected.tolist(), abs=1e-8)


def test_errors_are_scikit_learns():
    truth, guess = [1.0, 2.0, 4.0, 4.5], [1.2, 1.9, 3.0, 5.0]
    found = errors(truth, guess, baseline=2.0)
    assert found["mae"] == pytest.approx(mean_absolute_error(truth, guess))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(truth, guess))
    assert found["r2"] == pytest.approx(r2_score(truth, guess))
    assert found["spearman"] == pytest.approx(spearmanr(truth, guess).statistic)
    assert found["mean_mae"] == pytest.approx((1 + 0 + 2 + 2.5) / 4)
    assert math.isnan(errors(truth, [1.0] * 4, 1.0)["spearman"])


def test_whole_scaffolds_are_held_out_the_rarest_ones():
    groups = ["a"] * 6 + ["b"] * 2 + ["c", "d"]
    learned, held_out = split(groups)
    assert learned == [0, 1, 2, 3, 4, 5, 6, 7] and held_out == [8, 9]
    rng = np.random.default_rng(3)
    for _ in range(50):
        groups = [str(group) for group in rng.integers(0, 30, 100)]
        learned, held_out = split(groups)
        assert sorted(learned + held_out) == list(range(100)) and held_out
        assert not {groups[i] for i in learned} & {groups[i] for i in held_out}


def test_the_shipped_predictor_is_what_its_card_says_and_knows_solubilities():
    card = shelf.read_card("solubility")
    test = card["test"]
    assert test["mae"] < 0.5 * test["mean_mae"] and test["spearman"] > 0.8
    shown = card["held_out"]
    assert len(shown) == test["molecules"] and card["molecules"] > 1200
    assert np.mean([abs(one["value"] - one["predicted"]) for one in shown]) == pytest.approx(test["mae"])
    # Measured (Yalkowsky): glucose dissolves to several mol/l, anthracene to 10^-6.4.
    model = shelf.read("solubility")
    glucose, near = model.predict(seen(Chem.MolFromSmiles("OCC1OC(O)C(O)C(O)C1O")))
    anthracene, _ = model.predict(seen(Chem.MolFromSmiles("c1ccc2cc3ccccc3cc2c1")))
    assert glucose > -0.5 and anthracene < -5 and 0 < near <= 1
    assert model.predict(seen(Chem.MolFromSmiles("[Fe]")))[1] == 0.0


def test_the_soluble_goal_tells_prediction_and_trust():
    objective = named("soluble")
    values = score("OCC(O)CO", objective.questions)["values"]
    assert set(values) == {"log_solubility", "nearest_measured"} and 0 < objective.score(values) <= 1


def test_a_table_of_ones_own_becomes_a_goal_and_bad_lines_are_told(folder):
    lines = ["name;SMILES;boiling point"]
    for row in solubility().rows[:90]:
        lines.append(f"x;{row.smiles};{row.value:.3f}".replace(".", ","))
    lines[5:5] = ["bad;C1CC;1,0", "worse;CCO;warm", "hostile;" + "C" * 400 + ";2", "short;CCO", ""]
    table = read_table("\r\n".join(lines).encode("utf-8-sig"))
    assert table.smiles_column == "SMILES" and table.value_column == "boiling point"
    model, card = learn(table, workers=1)
    assert [line["line"] for line in card["refused"]] == [6, 7, 8, 9] and card["refused_lines"] == 4
    assert "do not match" in card["refused"][0]["reason"] and "'warm'" in card["refused"][1]["reason"]
    assert "boiling point is ''" in card["refused"][3]["reason"]
    assert card["molecules"] + card["lines_again"] == 90
    assert card["test"]["molecules"] >= 0.15 * card["molecules"]
    shelf.write("boiling", model, card)
    assert set(shelf.predictors()) == {"solubility", "boiling"}
    objective = named("predictor:boiling")
    assert objective.names == ("boiling", "nearest_boiling")
    values = score("CCCCO", objective.questions)["values"]
    assert values["boiling"] == pytest.approx(model.predict(seen(Chem.MolFromSmiles("CCCCO")))[0])
    with pytest.raises(NoPredictor, match="there is a predictor of this name"):
        shelf.write("boiling", model, card)
    shelf.delete("boiling")
    with pytest.raises(InvalidSettings, match="no predictor 'boiling'; there are solubility"):
        named("predictor:boiling")


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "card", "pickle", "gone"])
def test_damaged_files_are_found_out(folder, fitted, damage):
    _, model, _ = fitted
    shelf.write("mine", model, {"test": {}, "usual": [0, 1], "range": [0, 1]})
    arrays, card = folder / "mine.safetensors", folder / "mine.json"
    body = bytearray(arrays.read_bytes())
    if damage == "flip":
        body[len(body) // 2] ^= 1
        arrays.write_bytes(body)
    elif damage == "cut":
        arrays.write_bytes(body[:-100])
    elif damage == "empty":
        arrays.write_bytes(b"")
    elif damage == "card":
        card.write_text("[]")
    elif damage == "pickle":
        arrays.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    else:
        arrays.unlink()
    with pytest.raises(NoPredictor, match="train it again"):
        shelf.read("mine")


def test_arrays_that_point_outside_are_refused_even_with_the_right_hash(folder, fitted):
    from dataclasses import replace

    _, model, _ = fitted
    for place, wrong in enumerate(
        (
            replace(model, rows=model.rows + np.int32(10_000)),
            replace(model, coefficients=model.coefficients * np.nan),
            replace(model, starts=model.starts[::-1].copy()),
            replace(model, mean=np.zeros(2)),
        )
    ):
        shelf.write(f"wrong{place}", wrong, {"test": {}, "usual": [0, 1], "range": [0, 1]})
        with pytest.raises(NoPredictor, match="damaged"):
            shelf.read(f"wrong{place}")


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "x" * 41, "a b", "1a", "é", "a\n"])
def test_names_are_plain(folder, fitted, name):
    with pytest.raises(NoPredictor, match="small letters"):
        shelf.write(name, fitted[1], {})
    with pytest.raises(NoPredictor):
        shelf.read(name)


@pytest.mark.parametrize(
    "body, part",
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"smiles\nCCO\n", "at least two columns"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "no text"),
        (b"a,b\n1,2\n", "No column of SMILES"),
        (b"smiles,name\nCCO,ethanol\n", "No column of numbers"),
        (b"smiles,x,y\nCCO,1,2\n", "2 columns hold numbers: 'x', 'y'"),
        (b"smiles,x\n" + b"C" * (21 << 20), "21.0 MB; at most 20 MB"),
        (b'smiles,x\n"' + b"C" * 200_000, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(body, part):
    with pytest.raises(BadTable) as caught:
        read_table(body)
    assert part in str(caught.value)


def test_columns_may_be_named_and_found():
    body = b"id\tmolecule\tx\ty\n1\tCCO\t1\t2\n2\tCCN\t3\t4\n"
    table = read_table(body, value_column="Y")
    assert (table.smiles_column, table.value_column) == ("molecule", "y")
    assert [(row.smiles, row.value) for row in table.rows] == [("CCO", 2.0), ("CCN", 4.0)]
    with pytest.raises(BadTable, match="no column 'z'"):
        read_table(body, value_column="z")


def test_numbers_as_people_write_them():
    assert [as_number(text) for text in ("1", "-3.5e-2", "3,5", ".5", "+7")] == [1, -0.035, 3.5, 0.5, 7]
    for text in ("", "nan", "inf", "1e999", "1 000", "1.2.3", "0x10", "\uff11", "1_0", "--1", "5%"):
        assert as_number(text) is None


@pytest.mark.parametrize(
    "rows, part",
    [
        (solubility().rows[:5], "at least 20"),
        ([], "0 different molecules"),
    ],
)
def test_too_little_to_learn_from_is_refused(rows, part):
    with pytest.raises(CannotLearn, match=part):
        learn(Table("smiles", "x", rows), workers=1)


def test_the_command_trains_lists_checks_and_deletes(folder, tmp_path, capsys):
    from engine.__main__ import main

    path = tmp_path / "table.csv"
    path.write_text("smiles,logS\n" + "".join(f"{row.smiles},{row.value}\n" for row in solubility().rows[:80]))
    assert main(["predictor", "train", "mine", "--table", str(path), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "mine" and card["test"]["mae"] > 0 and card["value_column"] == "logS"
    assert main(["predictor", "list"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]} == {"solubility", "mine"}
    assert main(["predictor", "check", "solubility", "--table", str(path), "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert len(checked["held_out"]) == checked["test"]["molecules"] and checked["held_out"][0]["nearest"] == 1.0
    assert main(["predictor", "delete", "mine"]) == 0
    capsys.readouterr()
    for arguments in (["check", "mine"], ["train", "Bad Name", "--example"], ["train", "b", "--table", "/no/file"]):
        assert main(["predictor", *arguments]) == 2
        assert capsys.readouterr().err.strip()
