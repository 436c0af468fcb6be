"""One engine from start to end: settings in force, signals, a second app, other networks, reloads, cleared caches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, App, free_port, serve
from playwright.sync_api import BrowserContext, Page, expect

# What the page must not cost the training, and who may come in (see .streamlit/config.toml).
IN_FORCE = {
    "runner.postScriptGC": False,
    "runner.magicEnabled": False,
    "server.fileWatcherType": "none",
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["127.0.0.1", "localhost", "::1"],
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.maxUploadSize": 10,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "browser.gatherUsageStats": False,
}
TIMES = 20


def started_and_ended(store: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """An app that is expected to refuse to start."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port()), *options]
    environment = {**os.environ, "UPHILL_STORE": str(store), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_the_settings_are_in_force(app: App) -> None:
    found = app.ask("/api/process")
    assert found["options"] == IN_FORCE
    assert found["switch_interval_s"] == pytest.approx(0.0002)
    assert found["frozen_objects"] > 10_000
    assert found["engines"] == 1


def test_the_idle_app_stays_under_700_mb(page: Page, app: App) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    assert app.ask("/api/process")["resident_bytes"] < 700e6


def test_nothing_of_streamlit_s_own_is_on_the_page(page: Page, app: App) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    for words in ("Deploy", "Made with Streamlit", "Rerun"):
        expect(page.get_by_text(words, exact=True)).to_have_count(0)


def test_a_second_app_on_the_same_store_is_refused_with_the_pid(app: App) -> None:
    second = started_and_ended(app.store)
    assert second.returncode == 2
    assert str(app.process.pid) in second.stderr
    assert "Traceback" not in second.stderr + second.stdout
    assert app.ask("/api/health")["status"] == "ok"


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_other_networks_are_refused_without_a_login(tmp_path: Path, address: str) -> None:
    refused = started_and_ended(tmp_path / "uphill.db", "--server.address", address)
    assert refused.returncode == 2
    assert f"server.address is {address}" in refused.stderr
    assert "[auth]" in refused.stderr


def test_a_run_is_checkpointed_when_the_app_ends_and_goes_on_after(tmp_path: Path) -> None:
    app = serve(tmp_path)
    try:
        run = {"preset": "gridworld-ppo", "set": {"budget": 10_000_000, "evaluation.stop_when_solved": False}}
        run_id = app.ask("/api/runs", run)["run_id"]
        app.wait_for(run_id, "training")
        while app.ask(f"/api/runs/{run_id}")["iteration"] < 3:
            pass
        assert app.stop() == 0
        app.start()
        before = app.ask(f"/api/runs/{run_id}")
        assert before["state"] == "interrupted"
        assert before["checkpoint_step"] == before["iteration"] >= 3
        app.ask(f"/api/runs/{run_id}/resume", {})
        app.wait_for(run_id, "training")
        while app.ask(f"/api/runs/{run_id}")["iteration"] <= before["iteration"]:
            pass
    finally:
        app.stop()


def test_one_engine_after_every_file_changed_and_every_cache_cleared(window: BrowserContext, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    copy.mkdir()
    for part in ("app.py", "engine", "pages", ".streamlit"):
        source = ROOT / part
        shutil.copytree(source, copy / part) if source.is_dir() else shutil.copy(source, copy / part)
    developing = ["--server.fileWatcherType", "poll", "--server.runOnSave", "true", "--client.toolbarMode", "developer"]
    app = serve(tmp_path, *developing, root=copy)
    page = window.new_page()  # whose scripts may fail to load while every file is being written
    try:
        page.goto(app.address)
        expect(page.locator("h1")).to_be_visible()
        run = {"preset": "gridworld-ppo", "set": {"budget": 10_000_000, "evaluation.stop_when_solved": False}}
        run_id = app.ask("/api/runs", run)["run_id"]
        app.wait_for(run_id, "training")
        for time in range(TIMES):
            for path in (copy / "engine").rglob("*.py"):
                path.write_text(path.read_text() + "\n")
            page.keyboard.press("c")
            page.get_by_role("button", name="Clear caches").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            if time % 5 == 4:
                page.reload()
            expect(page.locator("h1")).to_be_visible()
            assert app.ask("/api/process")["engines"] == 1
        found = app.ask("/api/health")
        assert (found["running"], list(found["training"])) == (1, [run_id])
        iteration = app.ask(f"/api/runs/{run_id}")["iteration"]
        while app.ask(f"/api/runs/{run_id}")["iteration"] <= iteration:
            pass
    finally:
        page.close()
        assert app.stop() == 0
