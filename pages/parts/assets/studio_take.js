// Header and buttons of a molecule run: state, pause and stop, what can be taken away, the way to everything else.

import { post } from "./api.js";
import { el, say, show } from "./dom.js";
import { algorithmName, clock, grouped, stateName } from "./format.js";
import { told } from "./header.js";
import { started } from "./starting.js";

const FILES = [
  ["sdf", "Molecules for chemistry programs (SDF)"],
  ["csv", "Table for a spreadsheet (CSV)"],
  ["html", "Report to read and print (HTML)"],
];
const ACTIONS = [
  ["pause", "Pause", ["queued", "training"]],
  ["resume", "Resume", ["paused", "interrupted", "stopped", "failed"]],
  ["stop", "Stop", ["queued", "training", "paused"]],
];

/** The header `node`. `goal` says what is wanted; refresh() after a press; open(what) leaves: "new", "expert", a run. */
export function studioHeader(runId, goal, { refresh, open }) {
  const name = el("h1");
  const badge = el("span", { class: "badge" }, el("i", { "aria-hidden": "true" }), el("span"));
  const line = el("p", { class: "hint" });
  const said = el("span", { class: "hint said", role: "status", "aria-live": "polite" });
  const fill = el("i");
  const progress = el(
    "div",
    { class: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const buttons = ACTIONS.map(([action, label, states]) => ({
    states,
    node: el("button", { type: "button", class: "button", text: label, onclick: () => press(action) }),
  }));
  const links = FILES.map(([kind, text]) =>
    el("a", { href: address(`runs/${runId}/best.${kind}`), download: true, "data-kind": kind, text }),
  );
  const take = el(
    "details",
    { class: "chooser take" },
    el("summary", { class: "button", text: "Take away ▾" }),
    el("div", { class: "menu" }, ...links),
  );
  const expert = el("button", { type: "button", class: "button", text: "Expert view", onclick: () => open("expert") });
  const another = el("button", { type: "button", class: "button", text: "New search", onclick: () => open("new") });
  take.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    take.open = false;
    take.querySelector("summary").focus();
  });
  const away = (event) => {
    if (!take.contains(event.target)) take.open = false;
  };
  document.addEventListener("pointerdown", away);
  const node = el(
    "header",
    { class: "top" },
    el("div", { class: "titles" }, el("div", { class: "row" }, name, badge), line),
    el("div", { class: "controls" }, el("div", { class: "buttons" }, ...buttons.map((one) => one.node), take, expert, another)),
    progress,
    said,
  );

  async function press(action) {
    say(said, { pause: "Pausing …", resume: "Resuming …", stop: "Stopping …" }[action]);
    try {
      await post(`runs/${runId}/${action}`);
      say(said, "");
    } catch (error) {
      say(said, told(error));
    }
    refresh();
  }

  /** Start another run and show it. */
  async function start(config) {
    say(said, "Starting …");
    const run = await started(config, (text) => say(said, text));
    if (run) open(run);
  }

  return {
    node,
    start,
    remove: () => document.removeEventListener("pointerdown", away),
    update(record, found) {
      const { state } = record;
      say(name, record.name || goal);
      say(badge.lastChild, stateName(state));
      badge.dataset.state = progress.dataset.state = state;
      const left = state === "training" && Number.isFinite(record.eta_s) && record.eta_s !== null;
      const tried = `${grouped(record.env_steps ?? 0)} of ${grouped(record.budget ?? 0)} molecules tried`;
      say(
        line,
        `${goal} · ${algorithmName(record.algorithm)} · ${tried}${left ? ` · about ${clock(record.eta_s)} left` : ""}`,
      );
      for (const one of buttons) show(one.node, one.states.includes(state));
      take.style.visibility = found ? "" : "hidden"; // its place is kept: no button moves away under a finger
      const share = state === "finished" ? 1 : Math.min(1, (record.env_steps ?? 0) / Math.max(1, record.budget ?? 1));
      fill.style.transform = `scaleX(${share.toFixed(4)})`;
      progress.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    },
  };
}

const address = (path) => new URL(`../api/${path}`, import.meta.url).href;
