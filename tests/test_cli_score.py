"""`objectives` and `score`: every line answered in order, whatever the file is like and whatever stands in it."""

import io
import json
import random
import sys

import pytest
from command_line import call
from rdkit import Chem
from rdkit.Chem import QED, Crippen

from engine.chemistry.lines import decoded, read_lines
from engine.chemistry.objectives import OBJECTIVES

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
EXCHANGED = "Cc1ccc(-n2nc(C(F)(F)F)cc2-c2ccc(S(N)(=O)=O)cc2)cc1"


def scored(capsys, tmp_path, body, *arguments):
    path = tmp_path / "molecules.smi"
    path.write_bytes(body)
    code, out, err = call(capsys, "score", "--smiles", str(path), "--json", *arguments)
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


def test_objectives_are_listed_in_words_and_as_json(capsys):
    code, out, _ = call(capsys, "objectives")
    assert code == 0 and all(f"\n{name} " in out for name in OBJECTIVES)
    code, out, _ = call(capsys, "objectives", "--json")
    listed = json.loads(out)
    assert code == 0 and list(listed["objectives"]) == list(OBJECTIVES)
    for objective in listed["objectives"].values():
        assert objective["sentence"].endswith(".") and objective["direction"] == "maximise"
        assert objective["limits"] == [0, 1] and objective["components"]
    code, out, _ = call(capsys, "objectives", "--parts")
    assert code == 0 and "double_sigmoid" in out and "rotatable_bonds" in out


def test_every_line_has_its_result_in_order(capsys, tmp_path):
    body = f"SMILES name\n{ASPIRIN} aspirin\n\nC1CC\nOCC,ethanol\n[*]C\nCCO\n{'C' * 400}\n".encode()
    answer = scored(capsys, tmp_path, body, "--objective", "qed")
    results = answer["results"]
    assert [result["smiles"] for result in results] == [ASPIRIN, "C1CC", "OCC", "[*]C", "CCO", "C" * 400]
    assert [result["line"] for result in results] == [2, 4, 5, 6, 7, 8]
    assert [result["name"] for result in results] == ["aspirin", "", "ethanol", "", "", ""]
    assert [result["valid"] for result in results] == [True, False, True, False, True, False]
    assert results[0]["score"] == QED.qed(Chem.MolFromSmiles(ASPIRIN)) and results[0]["reason"] is None
    assert results[2]["canonical"] == results[4]["canonical"] == "CCO" and results[2]["score"] == results[4]["score"]
    for refused in (results[1], results[3], results[5]):
        assert refused["score"] is None and refused["canonical"] is None and refused["reason"]
    assert (answer["lines"], answer["scored"]) == (6, 3)


def test_found_means_the_very_molecule(capsys, tmp_path):
    other_way = Chem.MolToSmiles(Chem.MolFromSmiles(CELECOXIB), doRandom=True, canonical=False)
    body = f"{other_way}\n{EXCHANGED}\n{ASPIRIN}".encode()
    answer = scored(capsys, tmp_path, body, "--objective", "celecoxib_rediscovery")
    assert [result["score"] == 1.0 for result in answer["results"]] == [True, True, False]
    assert [result["found"] for result in answer["results"]] == [True, False, False] and answer["found"] == 1
    own = scored(capsys, tmp_path, b"OCC\nCCN", "--objective", "rediscover", "--reference", "CCO")
    assert [result["found"] for result in own["results"]] == [True, False]


def test_a_goal_of_ones_own_from_a_file(capsys, tmp_path):
    goal = tmp_path / "goal.json"
    window = {"kind": "gaussian", "mu": 2.0, "sigma": 1.0}
    parts = [{"kind": "qed", "weight": 2}, {"kind": "logp", "transform": window, "name": "oiliness"}]
    goal.write_text(json.dumps({"components": parts, "mean": "geometric"}))
    result = scored(capsys, tmp_path, ASPIRIN.encode(), "--components", str(goal))["results"][0]
    molecule = Chem.MolFromSmiles(ASPIRIN)
    qed, logp = QED.qed(molecule), Crippen.MolLogP(molecule)
    part = 2.718281828459045 ** (-0.5 * (logp - 2.0) ** 2)
    assert result["components"]["oiliness"] == {"value": logp, "part": pytest.approx(part)}
    assert result["score"] == pytest.approx((qed**2 * part) ** (1 / 3))


def test_standard_input_and_the_table_for_people(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfCCO\r\nC1CC\r\n")))
    code, out, _ = call(capsys, "score", "--objective", "logp", "--smiles", "-")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 3 and "CCO" in lines[1] and "do not match" in lines[2]


@pytest.mark.parametrize(
    "body, expected",
    [
        (b"CCO\r\nCCN\r\n", ["CCO", "CCN"]),
        (b"CCO\rCCN", ["CCO", "CCN"]),
        (b"\xef\xbb\xbfsmiles,activity\nCCO,1\n", ["CCO"]),
        ("CCO\nCCN".encode("utf-16"), ["CCO", "CCN"]),
        (b"CCO caf\xe9\nCCN", ["CCO", "CCN"]),
        (b"\n\n  CCO  \n\t\n", ["CCO"]),
        (b'"CCO","a, b"\n', ["CCO"]),
        (b"Smiles\nSmiles\n", ["Smiles"]),
        (b"\x00\x01\n", ["\x00\x01"]),
        (b"CCO\x0cX\n", ["CCO\x0cX"]),
        (b"", []),
        (b" \n\r\n", []),
    ],
)
def test_files_as_editors_and_spreadsheets_write_them(body, expected):
    assert [line.smiles for line in read_lines(decoded(body))] == expected


def test_random_bytes_are_read_without_an_error():
    rng = random.Random(5)
    for _ in range(200):
        for line in read_lines(decoded(rng.randbytes(rng.randrange(400)))):
            assert not set(line.smiles) & set("\r\n \t,") and line.number >= 1


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--objective", "celecoxb", "--smiles", "-"], ["'celecoxb'", "did you mean celecoxib_rediscovery", "qed"]),
        (["--objective", "zzz", "--smiles", "-"], ["'zzz'", "one of qed, logp"]),
        (["--objective", "rediscover", "--smiles", "-"], ["reference", "SMILES"]),
        (
            ["--objective", "similarity", "--reference", "C1CC", "--smiles", "-"],
            ["reference is 'C1CC'", "do not match"],
        ),
        (["--objective", "qed", "--smiles", "/no/such/file"], ["/no/such/file", "No such file"]),
        (["--objective", "qed", "--smiles", "/"], ["is a folder; it must be a file with a SMILES string a line"]),
        (["--components", "/", "--smiles", "-"], ["is a folder; it must be a file with a goal as JSON"]),
        (["--objective", "qed", "--smiles", "/dev/null"], ["holds no molecule"]),
        (["--objective", "qed", "--smiles", "a\0b"], ["cannot be read"]),
        (["--objective", "qed"], ["--smiles"]),
        (["--smiles", "-"], ["--objective", "--components"]),
        (["--objective", "qed", "--smiles", "-", "--workers", "0"], ["workers is '0'", "between 1 and 64"]),
        (["--components", "/dev/null", "--smiles", "-"], ["not JSON"]),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(capsys, arguments, parts):
    code, out, err = call(capsys, "score", *arguments)
    assert code == 2 and out == "" and "Traceback" not in err
    for part in parts:
        assert part in err


@pytest.mark.parametrize(
    "goal, part",
    [
        ({"components": []}, "components is []"),
        ({"components": [{"kind": "qid"}]}, 'components.0.kind is "qid"'),
        ({"components": [{"kind": "qed", "weight": -1}]}, "components.0.weight is -1"),
        ({"components": [{"kind": "qed"}, {"kind": "substructure", "smarts": "c1("}]}, "components.1.smarts is 'c1('"),
        (
            {"components": [{"kind": "qed", "transform": {"kind": "ramp", "one": 0.0}}]},
            "components.0.transform.one is 0.0",
        ),
        ({"components": [{"kind": "qed"}], "mean": "harmonic"}, 'mean is "harmonic"'),
        ({"component": []}, "did you mean components"),
        ([], "object of named fields"),
    ],
)
def test_goals_that_can_not_be_are_refused_by_field(capsys, tmp_path, goal, part):
    path = tmp_path / "goal.json"
    path.write_text(json.dumps(goal))
    code, _, err = call(capsys, "score", "--components", str(path), "--smiles", "-")
    assert code == 2 and part in err
