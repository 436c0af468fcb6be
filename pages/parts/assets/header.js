// The run's name, state, time, progress and buttons. A press is answered at once, before the server's reply.

import { Refused, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { algorithmName, clock, moment, stateName } from "./format.js";
import { started } from "./starting.js";

const BUTTONS = {
  pause: {
    label: "Pause",
    soon: "Pausing",
    in: ["queued", "training"],
    until: ["paused", "finished", "failed", "stopped"],
  },
  resume: {
    label: "Resume",
    soon: "Resuming",
    in: ["paused", "interrupted", "stopped", "failed"],
    until: ["queued", "training", "finished"],
  },
  stop: {
    label: "Stop",
    soon: "Stopping",
    in: ["queued", "training", "paused"],
    until: ["stopped", "finished", "failed"],
  },
};
const GIVE_UP_MS = 20000;

/** The header `node`. update(record); start(config) begins another run and opens it; `refresh()` is called after a press so that the next look comes at once. */
export function header(runId, taskName, { refresh, open }) {
  let record = null;
  let pending = null;
  let drawnShare = null;
  let drawnState = null;
  const name = el("h1");
  const badge = el("span", { class: "badge" }, el("i", { "aria-hidden": "true" }), el("span"));
  const line = el("p", { class: "hint" });
  const time = el("span", { class: "hint time" });
  const said = el("span", { class: "hint said", role: "status", "aria-live": "polite" });
  const buttons = Object.fromEntries(
    Object.entries(BUTTONS).map(([action, { label }]) => [action, button(label, () => press(action))]),
  );
  const again = button("Run again", runAgain);
  const other = el("a", { class: "button", href: `launch?from=run:${runId}`, text: "Change settings" });
  const share = button("Share", shareLink);
  const fill = el("i");
  const progress = el(
    "div",
    { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const node = el(
    "header",
    { class: "top" },
    el("div", { class: "titles" }, el("div", { class: "row" }, name, badge), line),
    el("div", { class: "controls" }, time, el("div", { class: "buttons" }, ...Object.values(buttons), again, other, share)),
    progress,
    said,
  );

  async function press(action) {
    if (pending) return;
    pending = { action, since: performance.now() };
    say(said, `${BUTTONS[action].soon} …`);
    update(record);
    try {
      await post(`runs/${runId}/${action}`);
    } catch (error) {
      pending = null;
      say(said, told(error));
      update(record);
    }
    refresh();
  }

  async function runAgain() {
    await start({ ...record.config, seed: record.config.seed + 1 });
  }

  /** Start a run and show it. Says what is wrong where that is refused. */
  async function start(config) {
    say(said, "Starting …");
    const run = await started(config, (text) => say(said, text));
    if (run) open(run);
  }

  async function shareLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      say(said, "Link copied. It opens this run with this view.");
    } catch {
      say(said, `The link to this view: ${location.href}`);
    }
  }

  function settle() {
    if (!pending) return;
    const { until } = BUTTONS[pending.action];
    const reached = until.includes(record.state);
    if (!reached && performance.now() - pending.since < GIVE_UP_MS) return;
    say(said, reached ? stateName(record.state) : "That takes longer than usual; the run hasn't answered yet.");
    pending = null;
  }

  function update(given) {
    if (!given) return;
    record = given;
    settle();
    const state = record.state;
    say(name, record.name || record.task);
    say(badge.lastChild, pending ? BUTTONS[pending.action].soon : stateName(state));
    const started = record.started_at ? ` · started ${moment(record.started_at)}` : "";
    say(line, `${taskName} · ${algorithmName(record.algorithm)} · seed ${record.seed}${started}`);
    const left =
      state === "training" && Number.isFinite(record.eta_s) && record.eta_s !== null
        ? ` · about ${clock(record.eta_s)} left`
        : "";
    say(time, record.wall_s || state === "training" ? `${clock(record.wall_s ?? 0)} elapsed${left}` : "");
    for (const [action, { in: states }] of Object.entries(BUTTONS)) {
      show(buttons[action], states.includes(state));
      buttons[action].disabled = pending !== null;
    }
    show(again, state === "finished");
    show(other, ["finished", "stopped", "failed"].includes(state));
    const share = state === "finished" ? 1 : Math.min(1, (record.env_steps ?? 0) / Math.max(1, record.budget ?? 1));
    const shown = `scaleX(${share.toFixed(4)})`;
    if (shown === drawnShare && state === drawnState) return;
    [drawnShare, drawnState] = [shown, state];
    fill.style.transform = shown;
    badge.dataset.state = progress.dataset.state = state;
    progress.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  }

  return { node, update, start, say: (text) => say(said, text) };
}

/** What a person is told of an error: the server's sentences, or that nobody answered. */
export function told(error) {
  return error instanceof Refused ? error.problems.join(" ") : "The app doesn't answer. Is it still running?";
}

function button(label, onclick) {
  return el("button", { type: "button", class: "button", text: label, onclick });
}
