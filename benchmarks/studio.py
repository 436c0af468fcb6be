"""What three minutes bring somebody who presses Start in the molecule studio. Prints JSON.

python benchmarks/studio.py [--goal drug-like] [--seconds 180]
Goals, on two cores: the molecules of the last round have a mean QED of at least .85, in at least 100 different
scaffolds.
"""

import argparse
import json
import os
import re
import time
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from served import App, served_app

from tests.browser.conftest import ARGUMENTS

SHOWN = ("score_mean", "valid", "unique", "new", "scaffolds", "score_best", "env_steps", "wall_s")


def searched(browser: Browser, app: App, goal: str, seconds: float) -> dict[str, Any]:
    """A search from the click on Start until it ends or the time is up, the page looking on, and its last round."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{app.address}/molecules")
    page.locator(f"[data-choice='{goal}']").click()
    started = time.monotonic()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"), timeout=60_000)
    run_id = page.url.split("run=")[1][:12]
    while (run := app.ask(f"/api/runs/{run_id}"))["state"] in ("queued", "training"):
        if time.monotonic() - started > seconds:
            app.ask(f"/api/runs/{run_id}/stop", {})
            break
        time.sleep(0.5)
    took = time.monotonic() - started
    table = app.ask(f"/api/runs/{run_id}/metrics?format=json")
    last = dict(zip(table["names"], table["values"][-1], strict=True))
    page.close()
    return {"goal": goal, "state": run["state"], "seconds": took, **{name: last[name] for name in SHOWN}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--goal", default="drug-like")
    parser.add_argument("--seconds", type=float, default=180.0)
    options = parser.parse_args()
    surroundings = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    with served_app() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        found = searched(browser, app, options.goal, options.seconds)
        browser.close()
    print(json.dumps(surroundings | found, indent=1))


if __name__ == "__main__":
    main()
