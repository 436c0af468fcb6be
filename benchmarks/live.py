"""How the page and the training live together: first points, age of points, tabs, clicks, first page. Prints JSON.

python benchmarks/live.py [--seconds 20]
Goals: first point under 2 s; the newest point on screen at most 0.5 s old (p95); ten tabs leave the engine at least
95 % of its speed; a click is answered within 100 ms (p95) with 40 tabs; a first page within 1.5 s beside LunarLander.
"""

import argparse
import asyncio
import json
import os
import statistics
import threading
import time
from contextlib import AsyncExitStack
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from served import ENDLESS, App, bare_page, look_on, quantile, rerun, served_app, session

from engine.right_of_way import EVERY
from tests.browser.conftest import ARGUMENTS

CHART = ".js-plotly-plot"
NEWEST = "plot => { const x = plot.data?.[0]?.x; return x && x.length ? x[x.length - 1] : 0; }"


def first_point(browser: Browser, app: App, card: str) -> float:
    """Seconds from the click on a card's Start to the first point drawn, in a warm app."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(app.address)
    button = page.locator(f".st-key-start-{card} button")
    button.wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    started = time.perf_counter()
    button.click()
    newest = 0.0
    while newest == 0 and time.perf_counter() - started < 60:
        newest = drawn(page)
    seconds = time.perf_counter() - started
    page.close()
    finish_all(app)
    return seconds


def drawn(page: Page) -> float:
    """Env steps of the newest point that the first chart shows; 0 where there is none."""
    chart = page.locator(CHART).first
    return float(chart.evaluate(NEWEST, timeout=10_000)) if chart.count() else 0.0


def point_ages(browser: Browser, app: App, seconds: float) -> list[float]:
    """Ages of the newest point on screen, sampled 10 times a second while CartPole trains.

    A point is born when its iteration ends. Rows carry how long everything before took; the smallest difference between
    that and the clock at which a row is first readable is the offset between the two.
    """
    run_id = app.ask("/api/runs", {"preset": "cartpole-ppo", "set": ENDLESS})["run_id"]
    app.wait_for(run_id, "training")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{app.address}/run?run={run_id}")
    page.locator(CHART).first.wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    seen: dict[float, tuple[float, float]] = {}
    samples: list[tuple[float, float]] = []
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(app, run_id, seen, over))
    watcher.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        steps = drawn(page)
        samples.append((time.monotonic(), steps))
        time.sleep(0.1)
    over.set()
    watcher.join()
    page.close()
    finish_all(app)
    offset = min(clock - born for clock, born in seen.values())
    return [at - (offset + seen[steps][1]) for at, steps in samples if steps in seen]


def watch(app: App, run_id: str, seen: dict[float, tuple[float, float]], over: threading.Event) -> None:
    """Note, for every env-step count, when its row was first readable and the run's own clock when it was born.

    That clock is wall_s, which counts training alone, plus all the time spent testing and recording until then.
    """
    since, besides = 0, 0.0
    while not over.is_set():
        table = app.ask(f"/api/runs/{run_id}/metrics?since={since}&format=json")
        now = time.monotonic()
        for values in table["values"]:
            row = dict(zip(table["names"], values, strict=True))
            besides += (row.get("time_record") or 0.0) + (row.get("time_evaluation") or 0.0)
            seen[row["env_steps"]] = (now, row["wall_s"] + besides)
        since = table["last_step"] or since
        time.sleep(0.1)


def speed(app: App, run_id: str, seconds: float) -> float:
    """Env steps per second of a run, over this time."""
    before, started = app.ask(f"/api/runs/{run_id}")["env_steps"], time.monotonic()
    time.sleep(seconds)
    return (app.ask(f"/api/runs/{run_id}")["env_steps"] - before) / (time.monotonic() - started)


def kept_speed(app: App, tabs: int, seconds: float, rounds: int = 20) -> dict[str, float]:
    """Speed with `tabs` open pages (two websockets each) over speed without, alternating; median of ratios."""
    run_id = app.ask("/api/runs", {"preset": "cartpole-ppo", "set": ENDLESS})["run_id"]
    app.wait_for(run_id, "training")
    time.sleep(3)
    ratios = []
    for _ in range(rounds):
        alone = speed(app, run_id, seconds)
        over = threading.Event()
        crowd = threading.Thread(target=asyncio.run, args=(tabs_open(app, run_id, tabs, over),))
        crowd.start()
        time.sleep(1.5)
        ratios.append(speed(app, run_id, seconds) / alone)
        over.set()
        crowd.join()
    finish_all(app)
    return {"tabs": tabs, "kept_median": statistics.median(ratios), "kept_min": min(ratios), "kept_max": max(ratios)}


async def tabs_open(app: App, run_id: str, tabs: int, over: threading.Event) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(tabs):
            await stack.enter_async_context(session(app, f"run={run_id}", "run"))
        await asyncio.gather(*(look_on(app, run_id, over.is_set) for _ in range(tabs)))


async def click_times(app: App, tabs: int, seconds: float) -> list[float]:
    """Seconds that a script run takes as one of `tabs` sessions asks for it, all pages looking on at a live run."""
    run_id = app.ask("/api/runs", {"preset": "cartpole-ppo", "set": ENDLESS})["run_id"]
    times: list[float] = []
    over = threading.Event()
    async with AsyncExitStack() as stack:
        query = f"run={run_id}"
        sockets = [await stack.enter_async_context(session(app, query, "run")) for _ in range(tabs)]
        looking = [asyncio.create_task(look_on(app, run_id, over.is_set)) for _ in range(tabs)]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            times.append(await rerun(sockets[len(times) % tabs], query, "run"))
            await asyncio.sleep(0.05)
        over.set()
        await asyncio.gather(*looking)
    finish_all(app)
    return times


def first_page(browser: Browser, address: str) -> float:
    """Seconds until the page's button is there, in a fresh profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, timeout=60_000)
    page.locator(".st-key-start-gym button").wait_for(timeout=60_000)
    seconds = time.perf_counter() - started
    context.close()
    return seconds


def first_pages(browser: Browser, app: App, rounds: int = 8) -> dict[str, Any]:
    """Home, and in turn with it a page of Streamlit's own with a single button: what its front end takes alone.

    Visitors come one by one, not so close that training stops giving way to them.
    """
    with bare_page() as bare:
        first_page(browser, bare)  # both servers have answered before
        first_page(browser, app.address)
        pairs = []
        for _ in range(rounds):
            time.sleep(EVERY)
            pairs.append((first_page(browser, app.address), first_page(browser, bare)))
    home, button = (list(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    return {**shares(home), "bare_streamlit_median": statistics.median(button), "ratio_to_bare": ratio}


def first_pages_beside(browser: Browser, app: App, preset: str) -> dict[str, Any]:
    """The same while a run of `preset` trains."""
    run_id = app.ask("/api/runs", {"preset": preset, "set": ENDLESS})["run_id"]
    app.wait_for(run_id, "training")
    time.sleep(3)
    times = first_pages(browser, app)
    finish_all(app)
    return times


def finish_all(app: App) -> None:
    for run in app.ask("/api/runs?limit=100")["runs"]:
        if run["state"] in ("training", "queued"):
            app.ask(f"/api/runs/{run['run_id']}/stop", {})
            app.wait_for(run["run_id"], "stopped", "finished")


def shares(values: list[float]) -> dict[str, Any]:
    return {"median": statistics.median(values), "p95": quantile(values, 0.95), "n": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with served_app() as app:
        report: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            for card in ("gridworld", "gym"):
                report[f"first_point_s_{card}"] = [first_point(browser, app, card) for _ in range(3)]
            report["point_age_s"] = shares(point_ages(browser, app, seconds))
            report["first_page_s_idle"] = first_pages(browser, app)
            report["first_page_s_beside_lunarlander"] = first_pages_beside(browser, app, "lunarlander-ppo")
            browser.close()
        report["speed_with_tabs"] = kept_speed(app, 10, seconds / 6)
        report["click_s_with_40_tabs"] = shares(asyncio.run(click_times(app, 40, seconds)))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
