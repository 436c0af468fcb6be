// The tab Learn: an agent trains on the map that is shown, beside the exact answer.

import { Refused, Unreachable, clockwork, picture, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { grouped, number, percent, stateName } from "./format.js";

const POLL_MS = 400;
const RESTING_MS = 2500;
const LIVE = ["queued", "training"];

/** controls (under the board), starter (choice of algorithm and Start), cards (the oracle): nodes. */
export function learning(data, { redraw, open, text, address }) {
  let run = null;
  let seen = null;
  let clock = null;
  let active = false;
  let algorithm = "ppo";
  const choices = Object.entries(data.algorithms).map(([kind, label]) =>
    el("button", { type: "button", class: "chip", text: label, "data-algorithm": kind, onclick: () => pick(kind) }),
  );
  const seed = el("input", { type: "number", min: 0, max: 4294967295, value: 1, "aria-label": "Seed", class: "amount" });
  const start = el("button", { type: "button", class: "button primary", text: "Start", onclick: begin });
  const stopping = el("button", { type: "button", class: "button", text: "Stop", hidden: true, onclick: end });
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const starter = el(
    "div",
    { class: "starter", hidden: true },
    el("div", { class: "row" }, ...choices, el("label", { class: "tick" }, el("span", { text: "seed" }), seed), start, stopping),
    said,
  );
  const badge = el("span", { class: "badge" }, el("i", { "aria-hidden": "true" }), el("span"));
  const more = el("button", { type: "button", class: "quiet", text: "Open the run", onclick: () => open(run.run_id) });
  const rows = Object.fromEntries(ROWS.map(([name, label, title]) => [name, oracleRow(label, title)]));
  const sentence = el("p", { class: "hint" });
  const oracle = el(
    "section",
    { class: "card oracle", "aria-label": "Sampled against exact" },
    el("div", { class: "row head" }, el("h2", { text: "Sampled against exact" }), badge, more),
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...["", "sampled", "exact", "off by"].map((name) => el("th", { scope: "col", text: name })))),
      el("tbody", {}, ...Object.values(rows).map((row) => row.node)),
    ),
    sentence,
  );
  const cards = el("div", { class: "cards-side", hidden: true }, oracle);
  const view = el("select", { "aria-label": "Values" });
  view.append(el("option", { value: "learned", text: "of the learned policy" }), el("option", { value: "best", text: "V*, the best possible" }));
  view.addEventListener("change", () => redraw());
  const controls = el("div", { class: "planning", hidden: true }, el("label", { class: "tick" }, el("span", { text: "Values" }), view), el("p", { class: "hint", text: "An arrow is as long as the policy's probability." }));

  function pick(kind) {
    algorithm = kind;
    for (const one of choices) one.setAttribute("aria-pressed", String(one.dataset.algorithm === kind));
  }

  async function begin() {
    start.disabled = true;
    show(said, false);
    try {
      const wanted = { preset: `gridworld-${algorithm}`, seed: Number(seed.value), set: { "task.map": text(), name: `Lab map (${data.algorithms[algorithm]})` } };
      const answer = await post("runs", wanted);
      follow(answer.run_id);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      say(said, error instanceof Refused ? error.message : "The app does not answer; nothing was started.");
      show(said, true);
    } finally {
      start.disabled = false;
    }
  }

  async function end() {
    await post(`runs/${run.run_id}/stop`).catch(() => null);
    clock?.now();
  }

  function follow(runId) {
    clock?.stop();
    run = { run_id: runId, state: "queued" };
    seen = null;
    address(runId);
    clock = clockwork(() => look(runId));
    redraw();
  }

  async function look(runId) {
    try {
      const response = await fetch(new URL(`../api/runs/${runId}`, import.meta.url), { cache: "no-store" });
      if (response.status === 404) {
        clock.stop();
        run = null;
        address(null);
      } else if (response.ok) run = await response.json();
      const newest = run && (await picture(runId, seen?.step ?? 0));
      if (newest) seen = { ...newest, row: await rowAt(runId, newest.step) };
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof TypeError)) throw error;
    }
    redraw();
    return run && LIVE.includes(run.state) && active ? POLL_MS : RESTING_MS;
  }

  function tellOracle() {
    const sampled = seen?.row?.return_mean ?? null;
    const exact = seen?.expected_return ?? null;
    rows.return.say(number(sampled), number(exact), sampled === null || exact === null ? "–" : number(sampled - exact));
    rows.best.say("", number(seen?.optimal_return), "");
    const away = exact === null || seen.optimal_return === null ? null : seen.optimal_return - exact;
    rows.distance.say("", number(away), "");
    rows.kl.say("", number(seen?.row?.kl), "");
    rows.clip.say(percent(seen?.row?.clip_fraction), "", "");
    show(rows.clip.node, run?.algorithm === "ppo");
    say(sentence, seen ? toldOf(seen, away) : "Choose an algorithm and press Start: it learns on this map, from random moves.");
  }

  return {
    controls,
    starter,
    cards,
    follow,
    /** What the board shows of the run, as far as it learned on the map that is shown. */
    shown(plan) {
      if (!seen || run?.config?.task?.map !== text()) return { ...plan.shown(), bits: null, mode: "values" };
      const values = view.value === "best" ? plan.answer()?.best : seen.values.flat();
      return { ...plan.shown(), shown: { ...plan.answer(), values }, bits: null, mode: "values", policy: seen.probabilities };
    },
    tell(wanted) {
      if (wanted && !active) clock?.now();
      active = wanted;
      for (const node of [starter, cards, controls]) show(node, wanted);
      show(badge, Boolean(run));
      show(more, Boolean(run));
      show(stopping, Boolean(run) && LIVE.includes(run.state));
      badge.dataset.state = run?.state ?? "";
      say(badge.lastChild, run ? `${stateName(run.state)}${run.env_steps ? ` · ${grouped(run.env_steps)} steps` : ""}` : "");
      if (wanted) tellOracle();
      pick(algorithm);
    },
    stop: () => clock?.stop(),
  };
}

const ROWS = [
  ["return", "Return J", "Mean return of this iteration's episodes, beside the exact expected return of the policy"],
  ["best", "Best possible, J*", "Under the map's time limit, without discount"],
  ["distance", "Distance to the best", "J* − J, both exact"],
  ["kl", "KL of the last update", "Averaged over the visited cells"],
  ["clip", "Clip fraction", "Share of the steps that PPO held back"],
];

function oracleRow(label, title) {
  const cells = ["", "", ""].map(() => el("td"));
  return {
    node: el("tr", { title }, el("th", { scope: "row", text: label }), ...cells),
    say: (...texts) => texts.forEach((text, place) => say(cells[place], text)),
  };
}

/** The metrics of the iteration that a picture shows. */
async function rowAt(runId, step) {
  const response = await fetch(new URL(`../api/runs/${runId}/metrics?since=${Math.max(0, step - 1)}&max_rows=2`, import.meta.url), { cache: "no-store" });
  if (!response.ok) return null;
  const { names, steps, values } = await response.json();
  const place = Math.max(0, steps.indexOf(step));
  return values.length ? Object.fromEntries(names.map((name, column) => [name, values[place][column]])) : null;
}

function toldOf({ step, expected_return: exact }, away) {
  if (away === null) return `Iteration ${step}.`;
  const near = away < 1e-3 * Math.max(1, Math.abs(exact));
  return near ? `Iteration ${step}: nothing is left to learn here.` : `Iteration ${step}: ${number(away)} of return is still left to learn.`;
}
