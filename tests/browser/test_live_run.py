"""The Run page in Chromium: points arrive without a reload, zoom stays, buttons and settings reach the engine."""

import json
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import App
from playwright.sync_api import Locator, Page, WebSocket, expect

from engine.store import open_store

LONG = {"budget": 50_000_000, "evaluation.stop_when_solved": False}
POINTS = "(node) => node.data ? node.data[0].x.length : 0"
ITERATION = "Number(document.querySelector('.reward .plot').getAttribute('aria-label').match(/iteration (\\d+)/)[1])"
RANGE = "(node) => [...node.layout.xaxis.range, ...node.layout.yaxis.range]"


@pytest.fixture
def run_id(app: App) -> Iterator[str]:
    """A CartPole run of PPO that would train for minutes; stopped afterwards."""
    started = app.ask("/api/runs", {"preset": "cartpole-ppo", "seed": 1, "set": LONG})["run_id"]
    app.wait_for(started, "training")
    yield started
    if app.ask(f"/api/runs/{started}")["state"] in ("queued", "training", "paused"):
        app.ask(f"/api/runs/{started}/stop", {})
    app.wait_for(started, "stopped", "finished", "interrupted")


def plot(page: Page, metric: str) -> Locator:
    return page.locator(".reward .plot" if metric == "reward" else f'[data-metric="{metric}"] .plot')


def wait_for_points(page: Page, metric: str, at_least: int) -> None:
    node = plot(page, metric)
    node.scroll_into_view_if_needed()
    for _ in range(400):
        if node.evaluate(POINTS) >= at_least:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{metric} has {node.evaluate(POINTS)} points after 20 s")


VISIBILITY = "document, 'visibilityState'"
CHANGED = "document.dispatchEvent(new Event('visibilitychange'))"


def wait_for_the_next_point(page: Page) -> None:
    page.wait_for_function(f"(before) => {ITERATION} > before", arg=page.evaluate(ITERATION))


def button(page: Page, name: str) -> Locator:
    return page.locator(".uphill .buttons").get_by_role("button", name=name, exact=True)


def test_points_appear_without_a_reload(page: Page, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    page.evaluate("window.sameDocument = true")
    for metric in ("reward", "kl", "clip_fraction"):
        wait_for_points(page, metric, 10)
    node = plot(page, "reward").element_handle()
    before = node.evaluate(POINTS)
    wait_for_points(page, "reward", before + 3)
    assert page.evaluate("window.sameDocument") is True
    assert node.evaluate("(node) => node.isConnected"), "the chart's node was replaced"


def test_watching_runs_no_script(page: Page, run_id: str) -> None:
    """Nothing goes over Streamlit's websocket while points arrive, no request fetches them, and a hidden tab is
    neither told nor asks."""
    frames: dict[str, list[str | bytes]] = {"_stcore/stream": [], "/live?": []}

    def listen(socket: WebSocket) -> None:
        heard = next(list for name, list in frames.items() if name in socket.url)
        for way in ("framesent", "framereceived"):
            socket.on(way, lambda frame: heard.append(frame))

    page.on("websocket", listen)
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 3)
    assert frames["_stcore/stream"], "the page is not connected"
    while frames["_stcore/stream"] or not frames["/live?"]:  # until the page's own script has ended
        frames["_stcore/stream"].clear()
        page.wait_for_timeout(1000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for _ in range(4):
        wait_for_the_next_point(page)
    assert frames["_stcore/stream"] == []
    assert frames["/live?"]
    assert not [address for address in asked if "/metrics" in address]
    page.evaluate(f"Object.defineProperty({VISIBILITY}, {{ get: () => 'hidden', configurable: true }}); {CHANGED}")
    page.wait_for_timeout(600)
    asked.clear()
    frames["/live?"].clear()
    page.wait_for_timeout(1500)
    assert asked == []
    assert frames["/live?"] == []
    page.evaluate(f"delete document.visibilityState; {CHANGED}")
    wait_for_the_next_point(page)


def test_without_websockets_of_its_own_the_page_asks(page: Page, run_id: str) -> None:
    page.add_init_script(
        "const Real = WebSocket; WebSocket = class extends Real {"
        " constructor(address, ...rest) { super(String(address).replace('/live', '/nothing'), ...rest); } };"
    )
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 3)
    for _ in range(4):
        wait_for_the_next_point(page)


def test_zoom_and_hover_survive_new_points(page: Page, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 12)
    box = page.locator(".reward .nsewdrag").bounding_box()
    at = lambda x, y: (box["x"] + box["width"] * x, box["y"] + box["height"] * y)  # noqa: E731
    page.mouse.move(*at(0.1, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.3, 0.6), steps=5)
    page.mouse.move(*at(0.6, 0.9), steps=5)
    page.mouse.up()
    node = plot(page, "reward")
    expect(page.locator(".reward").get_by_role("button", name="Reset zoom")).to_be_visible()
    zoomed = node.evaluate(RANGE)
    wait_for_the_next_point(page)
    assert node.evaluate(RANGE) == zoomed
    page.mouse.move(*at(0.5, 0.5))
    expect(page.locator(".reward .hovertext").first).to_be_visible()
    wait_for_the_next_point(page)
    expect(page.locator(".reward .hovertext").first).to_be_visible()
    page.locator(".reward").get_by_role("button", name="Reset zoom").click()
    assert node.evaluate(RANGE) != zoomed


def test_a_chart_is_zoomed_with_the_keyboard(page: Page, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 3)
    node = plot(page, "reward")
    node.focus()
    page.keyboard.press("+")  # from here on the axis stands still
    left, right = node.evaluate(RANGE)[:2]
    page.keyboard.press("+")
    assert node.evaluate(RANGE)[:2] == pytest.approx([left + (right - left) / 4, right - (right - left) / 4])
    page.keyboard.press("-")
    page.keyboard.press("ArrowRight")
    assert node.evaluate(RANGE)[:2] == pytest.approx([left + (right - left) / 4, right + (right - left) / 4])
    page.keyboard.press("Escape")
    assert node.evaluate(RANGE)[0] == 0


def test_pause_resume_stop(page: Page, app: App, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 3)
    badge = page.locator(".uphill .badge")
    button(page, "Pause").click()
    expect(page.locator(".uphill .said")).to_have_text(re.compile("Pausing|Paused"), timeout=500)
    expect(badge).to_have_text("Paused")
    held = app.wait_for(run_id, "paused")["iteration"]
    button(page, "Resume").click()
    expect(badge).to_have_text("Training")
    page.wait_for_function(f"(held) => {ITERATION} > held", arg=held)
    button(page, "Stop").click()
    expect(badge).to_have_text("Stopped")
    assert app.wait_for(run_id, "stopped")["iteration"] > held
    expect(button(page, "Resume")).to_be_visible()
    expect(button(page, "Stop")).to_be_hidden()


def test_a_setting_changes_while_it_runs(page: Page, app: App, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 3)
    field = page.locator("form.field", has_text="Clip range")
    field.get_by_label("Clip range").fill("3")
    field.get_by_role("button", name="Apply").click()
    expect(field.get_by_role("status")).to_contain_text("Clip range is 3; it must be a number between 0.01 and 1")
    expect(field.get_by_label("Clip range")).to_have_value("3")
    field.get_by_label("Clip range").fill("0.1")
    field.get_by_label("Clip range").press("Enter")
    expect(field.get_by_role("status")).to_have_text("Clip range is 0.1 from the next iteration on.")
    page.wait_for_function(
        "() => document.querySelector('.reward .plot').layout.annotations.some((one) => one.text === 'Clip range 0.1')"
    )
    changes = [event for event in app.ask(f"/api/runs/{run_id}")["events"] if event["kind"] == "change"]
    assert [event["payload"]["settings"]["algorithm.clip_range"]["after"] for event in changes] == [0.1]


def test_the_view_is_in_the_address(page: Page, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    wait_for_points(page, "reward", 2)
    page.get_by_label("Horizontal axis").select_option("iterations")
    page.locator(".reward").get_by_label("log").check()
    page.get_by_role("slider", name="Smoothing").fill("5")
    page.locator(".uphill .chooser summary").click()
    page.locator(".uphill .menu").get_by_label("Entropy", exact=True).uncheck()
    expect(page.locator('[data-metric="entropy"]')).to_have_count(0)
    parts = (f"run={run_id}", "x=iterations", "log=1", "smooth=50", "show=")
    page.wait_for_url(lambda address: all(part in address for part in parts))
    page.reload()
    wait_for_points(page, "reward", 2)
    expect(page.get_by_label("Horizontal axis")).to_have_value("iterations")
    expect(page.get_by_role("slider", name="Smoothing")).to_have_value("5")
    expect(page.locator('[data-metric="kl"]')).to_have_count(1)
    expect(page.locator('[data-metric="entropy"]')).to_have_count(0)
    assert plot(page, "reward").evaluate("(node) => node.layout.yaxis.type") == "log"


def test_a_gridworld_shows_its_policy(page: Page, app: App) -> None:
    run = app.finished_run("gridworld-trpo")
    page.goto(f"/run?run={run['run_id']}")
    grid = page.get_by_role("img", name=re.compile("^Grid of 4 by 4 cells"))
    expect(grid).to_be_visible()
    grid.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".uphill .reading")).to_have_text(re.compile(r"^Row 1, column 2: value .*north .* %"))
    expect(page.locator('[data-metric="line_search"] .main-svg').first).to_be_visible()


def test_cartpole_shows_a_replay(page: Page, run_id: str) -> None:
    page.goto(f"/run?run={run_id}")
    expect(page.get_by_role("img", name=re.compile("^Replay of the latest test"))).to_be_visible()
    page.get_by_role("button", name="Pause the replay").click()
    scrub = page.get_by_role("slider", name="Step of the episode")
    place = scrub.input_value()
    page.wait_for_timeout(300)
    assert scrub.input_value() == place


def test_a_name_is_text(page: Page, app: App) -> None:
    name = "<img src=x onerror=alert(1)> **b** [a](http://b)"
    run = app.finished_run("gridworld-ppo", set={"name": name})
    page.on("dialog", lambda dialog: pytest.fail("a name ran as a script"))
    page.goto(f"/run?run={run['run_id']}")
    expect(page.locator(".uphill h1")).to_have_text(name)
    assert page.locator(".uphill h1 *").count() == 0


@pytest.mark.parametrize("asked", ["000000000000", "../../etc", "<b>x</b>"])
def test_an_unknown_run_is_said_plainly(page: Page, asked: str) -> None:
    page.goto(f"/run?run={asked}")
    expect(page.get_by_text("No run to show")).to_be_visible()


def test_a_failed_run_can_be_tried_again(page: Page, app: App) -> None:
    config: dict[str, Any] = app.finished_run("gridworld-ppo")["config"]
    store = open_store(app.store)
    failed = store.create_run(json.dumps(config), "Broke", "gridworld", "ppo", 1)
    changed = {"learning_rate": 0.06, "clip_range": 0.3}
    settings = {f"algorithm.{name}": {"before": 0.1, "after": value} for name, value in changed.items()}
    store.add_event(failed, 3, "change", {"settings": settings})
    store.set_state(
        failed, "failed", message="The gradient was infinite three times in a row.", details="Traceback ..."
    )
    store.close()
    page.goto(f"/run?run={failed}")
    notice = page.get_by_role("alert").filter(has_text="three times in a row")
    expect(notice).to_be_visible()
    expect(notice.locator("pre")).to_be_hidden()
    notice.get_by_role("button", name="Try again with a smaller learning rate").click()
    page.wait_for_url(lambda url: "run=" in url and failed not in url)
    again = page.url.split("run=")[1][:12]
    expected = {**config["algorithm"], "learning_rate": 0.02, "clip_range": 0.3}
    assert app.ask(f"/api/runs/{again}")["config"]["algorithm"] == expected
    app.wait_for(again, "finished", "failed")


def test_runs_are_laid_over_one_another(page: Page, app: App) -> None:
    runs = [app.finished_run("gridworld-ppo", seed=seed)["run_id"] for seed in (1, 2)]
    page.goto(f"/compare?compare={','.join(runs)}")
    chart = page.locator('.overlay[data-metric="return_mean"] .plot')
    expect(chart.locator(".main-svg").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('.overlay .plot').data?.length === 2")
    colours = chart.evaluate("(node) => node.data.map((trace) => trace.line.color)")
    assert len(set(colours)) == 2
    page.locator(".legend input").first.uncheck()
    page.wait_for_function("() => document.querySelector('.overlay .plot').data.length === 1")


def test_a_lost_connection_is_said_and_mended(page: Page, app: App) -> None:
    """Last in the file: the app is killed and started again on its store."""
    started = app.ask("/api/runs", {"preset": "cartpole-ppo", "seed": 2, "set": LONG})["run_id"]
    page.goto(f"/run?run={started}")
    wait_for_points(page, "reward", 3)
    app.stop(signal.SIGKILL)
    lost = page.get_by_text("Connection lost")
    expect(lost).to_be_visible()
    assert plot(page, "reward").evaluate(POINTS) >= 3, "what had arrived was taken away"
    app.start()
    expect(lost).to_be_hidden()
    expect(page.locator(".uphill .badge")).to_have_text("Interrupted")
    button(page, "Resume").click()
    expect(page.locator(".uphill .badge")).to_have_text("Training")
    app.ask(f"/api/runs/{started}/stop", {})
    app.wait_for(started, "stopped")
