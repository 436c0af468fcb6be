"""The molecule studio in Chromium when answers come late, break off or never come, and when a run fails."""

import re
from collections.abc import Iterator

import pytest
from conftest import App
from playwright.sync_api import Page, Route, WebSocket, expect

from engine.store import open_store

QUICK = {"task.workers": 1, "algorithm.batch_size": 32, "evaluation.every": 1000, "evaluation.final_episodes": 5}
TRIED = "Number(document.querySelector('.top .hint').innerText.match(/([\\d,]+) of/)[1].replaceAll(',', ''))"
BROKEN_OFF = """async (call) => {
  const api = await import("/assets/api.js");
  const body = () => new ReadableStream({ start: (way) => way.error(new DOMException("late", "TimeoutError")) });
  window.fetch = async () => new Response(body());
  const calls = {
    picture: () => api.picture("0123456789ab", 0),
    metrics: () => api.metrics("0123456789ab", 0, 10),
    read: () => api.read("health"),
    post: () => api.post("runs"),
  };
  const error = await calls[call]().catch((error) => error);
  return error instanceof api.Unreachable ? "unreachable" : String(error);
}"""


@pytest.fixture
def run_id(app: App) -> Iterator[str]:
    """A search that would go on for minutes; stopped afterwards."""
    started = app.ask("/api/runs", {"preset": "molecules-qed-pg", "set": {**QUICK, "budget": 100_000}})["run_id"]
    yield started
    app.ask(f"/api/runs/{started}/stop", {})
    app.wait_for(started, "stopped", "finished")


def test_rounds_are_told_not_asked_for(page: Page, run_id: str) -> None:
    told: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        if "/live?" in socket.url:
            socket.on("framereceived", lambda frame: told.append(frame))

    page.on("websocket", listen)
    page.goto(f"/molecules?run={run_id}")
    expect(page.locator(".finds .molecule").first).to_be_visible(timeout=60_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    told.clear()
    for _ in range(3):
        page.wait_for_function(f"before => {TRIED} > before", arg=page.evaluate(TRIED), timeout=30_000)
    assert len(told) >= 3
    assert not [address for address in asked if "/metrics" in address]


def test_without_websockets_of_its_own_the_studio_asks(page: Page, run_id: str) -> None:
    page.add_init_script(
        "const Real = WebSocket; WebSocket = class extends Real {"
        " constructor(address, ...rest) { super(String(address).replace('/live', '/nothing'), ...rest); } };"
    )
    page.goto(f"/molecules?run={run_id}")
    expect(page.locator(".finds .molecule").first).to_be_visible(timeout=60_000)
    page.wait_for_function(f"before => {TRIED} > before", arg=page.evaluate(TRIED), timeout=30_000)


def test_a_tab_that_left_while_it_was_answered_is_not_told(page: Page, run_id: str) -> None:
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.route("**/metrics?*", lambda route: page.wait_for_timeout(1500) or route.continue_())
    page.goto(f"/molecules?run={run_id}")
    page.get_by_role("button", name="New search").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    page.wait_for_timeout(3000)
    assert not [socket.url for socket in sockets if "/live?" in socket.url and not socket.is_closed()]


@pytest.mark.parametrize("call", ["picture", "metrics", "read", "post"])
def test_an_answer_that_breaks_off_counts_as_none(page: Page, call: str) -> None:
    page.goto("/molecules")
    assert page.evaluate(BROKEN_OFF, call) == "unreachable"


def test_a_start_whose_answer_is_lost_is_said_and_found_and_not_made_twice(page: Page, app: App) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        """The server starts the run; the tab never hears of it."""
        lost.append(route.fetch().json()["run_id"])
        route.abort()

    page.goto("/molecules")
    before = app.ask("/api/runs?limit=0")["total"]
    page.route("**/api/runs", lose, times=1)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("That takes longer than usual")
    page.wait_for_url(re.compile(r"run=[0-9a-f]{12}"))
    assert lost == [re.search(r"run=([0-9a-f]{12})", page.url).group(1)]
    assert app.ask("/api/runs?limit=0")["total"] == before + 1
    app.ask(f"/api/runs/{lost[0]}/stop", {})
    app.wait_for(lost[0], "stopped")


def test_a_failed_search_is_tried_again_with_a_smaller_step(page: Page, app: App) -> None:
    wanted = {"preset": "molecules-qed-pg", "set": {**QUICK, "budget": 64}}
    run_id = app.ask("/api/runs", wanted)["run_id"]
    before = app.wait_for(run_id, "finished")["config"]["algorithm"]["learning_rate"]
    store = open_store(app.store)
    store.set_state(run_id, "failed", "The policy's parameters became NaN or infinite.")
    store.close()
    page.goto(f"/molecules?run={run_id}")
    expect(page.locator(".notice.failed")).to_contain_text("became NaN or infinite")
    page.get_by_role("button", name="Try again with a smaller learning rate").click()
    page.wait_for_url(lambda address: "run=" in address and run_id not in address)
    newer = re.search(r"run=([0-9a-f]{12})", page.url).group(1)
    run = app.ask(f"/api/runs/{newer}")
    assert run["config"]["algorithm"]["learning_rate"] == pytest.approx(before / 3, rel=0.05)
    app.ask(f"/api/runs/{newer}/stop", {})
    app.wait_for(newer, "stopped", "finished")
