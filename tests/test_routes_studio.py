"""The studio's routes: molecules as typed, a run's moments and spreads, and its files, read again by other programs."""

import csv
import html
import io
import json
from collections.abc import Iterator

import pytest
from rdkit import Chem
from rdkit.Chem import QED
from routes_client import OURS, finished_run, served
from starlette.testclient import TestClient

from engine.chemistry import looking
from engine.metrics import METRICS

SHORT = {
    "preset": "molecules-qed-pg",
    "set": {
        "budget": 96,
        "name": "=<b>Short</b>",
        "algorithm.batch_size": 32,
        "task.workers": 1,
        "evaluation.final_episodes": 5,
        "evaluation.every": 1000,
    },
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with served(tmp_path_factory.mktemp("store")) as (found, engine):
        started = found.post("/api/runs", json=SHORT, headers=OURS)
        assert started.status_code == 201, started.text
        assert engine.wait(started.json()["run_id"], 100)
        found.headers["run"] = started.json()["run_id"]
        found.headers["grid"] = finished_run(found, engine)
        yield found
    looking.close()


def run_id(client: TestClient) -> str:
    assert client.get(f"/api/runs/{client.headers['run']}").json()["state"] == "finished"
    return str(client.headers["run"])


def test_a_typed_molecule_is_drawn_or_gets_the_reason(client: TestClient) -> None:
    found = client.get("/api/molecules", params={"smiles": " OCC "}).json()
    assert found["canonical"] == "CCO" and found["svg"].startswith("<svg")
    assert found["values"]["qed"] == pytest.approx(QED.qed(Chem.MolFromSmiles("CCO")))
    for text in ("", "C1CC", "CN(C)(C)C", "CCO ethanol", "é", "[*]", "C" * 300):
        wrong = client.get("/api/molecules", params={"smiles": text}).json()
        assert wrong["canonical"] is None and wrong["reason"] and not wrong["svg"], text
    long = client.get("/api/molecules", params={"smiles": "C" * 400})
    assert long.status_code == 422 and "400 characters; at most 300" in long.text


def test_every_moment_can_be_looked_at_again(client: TestClient) -> None:
    run = run_id(client)
    steps = client.get(f"/api/runs/{run}/trail").json()["steps"]
    assert steps == [1, 2, 3]
    first, last = (client.get(f"/api/runs/{run}/moment", params={"step": step}).json() for step in (1, 3))
    assert first["best"][0]["score"] <= last["best"][0]["score"]
    assert [card["score"] for card in last["best"]] == sorted((c["score"] for c in last["best"]), reverse=True)
    for card in [*last["best"], *last["recent"]]:
        qed = QED.qed(Chem.MolFromSmiles(card["smiles"]))
        assert card["score"] == pytest.approx(qed, abs=1e-4)
        assert card["components"]["qed"] == pytest.approx(qed, abs=1e-4)
        assert card["svg"].startswith("<svg") and card["svg_dark"].startswith("<svg")
    spread = client.get(f"/api/runs/{run}/spread", params={"step": 1}).json()
    assert spread["score"] == pytest.approx(spread["qed"], abs=1e-4)
    assert len(spread["logp"]) == len(spread["qed"]) <= 32
    missing = client.get(f"/api/runs/{run}/moment", params={"step": 9})
    assert missing.status_code == 404 and "iteration 9" in missing.text


def test_files_are_read_again_and_hold_the_same(client: TestClient) -> None:
    run = run_id(client)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/api/runs/{run}/best.csv").text)))
    kept = json.loads(client.get(f"/api/runs/{run}/artifacts/top").text)
    assert [row["smiles"] for row in rows] == [molecule["smiles"] for molecule in kept]
    answer = client.get(f"/api/runs/{run}/best.sdf")
    assert f'filename="molecules-{run}.sdf"' in answer.headers["content-disposition"]
    supplier = Chem.SDMolSupplier()
    supplier.SetData(answer.text)
    molecules = list(supplier)
    assert [Chem.MolToSmiles(molecule) for molecule in molecules] == [row["smiles"] for row in rows]
    for row, molecule in zip(rows, molecules, strict=True):
        assert molecule.GetProp("score") == row["score"] and molecule.GetProp("smiles") == row["smiles"]
        assert float(row["score"]) == pytest.approx(QED.qed(Chem.MolFromSmiles(row["smiles"])), abs=1e-4)


def test_the_report_needs_nothing_else_and_escapes_names(client: TestClient) -> None:
    report = client.get(f"/api/runs/{run_id(client)}/best.html").text
    assert "<h1>=&lt;b&gt;Short&lt;/b&gt;</h1>" in report and "<script" not in report
    assert "src='http" not in report and "href=" not in report
    settings = report.split("END&#x27;\n", 1)[1].split("\nEND\n")[0]
    assert json.loads(html.unescape(settings))["seed"] == 1
    assert "python -m engine train --config run.json" in report
    assert METRICS["auc_top10"].label in report and "Algorithm: learning rate" in report


def test_what_is_not_there_is_refused_with_a_sentence(client: TestClient) -> None:
    grid = client.headers["grid"]
    assert client.get(f"/api/runs/{grid}/best.csv").status_code == 409
    assert client.get(f"/api/runs/{grid}/spread?step=1").json()["problems"] == [f"Run {grid} designs no molecules"]
    assert client.get(f"/api/runs/{run_id(client)}/best.exe").status_code == 404
    assert client.get("/api/runs/0123456789ab/trail").status_code == 404
    assert client.get(f"/api/runs/{run_id(client)}/moment?step=-1").status_code == 422
