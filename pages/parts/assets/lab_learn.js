// The tab Learn: an agent trains on the map that is shown, beside the exact answer.

import { Refused, Unreachable, clockwork, metrics, picture, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { grouped, stateName } from "./format.js";
import { oracleCard } from "./lab_oracle.js";
import { Table } from "./table.js";

const POLL_MS = 300;
const RESTING_MS = 2500;
const ROWS = 2000;
const LIVE = ["queued", "training"];

/** controls (under the board), starter (choice of algorithm and Start), cards (the oracle): nodes. */
export function learning(data, { redraw, open, text, address }) {
  let run = null;
  let seen = null;
  let table = new Table();
  let exact = [];
  let clock = null;
  let active = false;
  let algorithm = "ppo";
  const choices = Object.entries(data.algorithms).map(([kind, label]) =>
    el("button", { type: "button", class: "chip", text: label, "data-algorithm": kind, onclick: () => pick(kind) }),
  );
  const seed = el("input", {
    type: "number",
    min: 0,
    max: 4294967295,
    value: 1,
    "aria-label": "Seed",
    class: "amount",
  });
  const start = el("button", { type: "button", class: "button primary", onclick: begin });
  const stopping = el("button", { type: "button", class: "button", text: "Stop", hidden: true, onclick: end });
  const said = el("p", { class: "problem", role: "alert", hidden: true });
  const starter = el(
    "div",
    { class: "starter", hidden: true },
    el(
      "div",
      { class: "row" },
      ...choices,
      el("label", { class: "tick" }, el("span", { text: "seed" }), seed),
      start,
      stopping,
    ),
    said,
  );
  const badge = el("span", { class: "badge" }, el("i", { "aria-hidden": "true" }), el("span"));
  const more = el("button", { type: "button", class: "quiet", text: "Open the run", onclick: () => open(run.run_id) });
  const oracle = oracleCard(el("div", { class: "row head" }, el("h2", { text: "Sampled against exact" }), badge, more));
  const cards = el("div", { class: "cards-side", hidden: true }, oracle.node);
  const view = el(
    "select",
    { "aria-label": "Values" },
    el("option", { value: "learned", text: "of the learned policy" }),
    el("option", { value: "best", text: "V*, the best possible" }),
  );
  view.addEventListener("change", () => redraw());
  const about = el("p", { class: "hint" });
  const controls = el(
    "div",
    { class: "planning", hidden: true },
    el("label", { class: "tick" }, el("span", { text: "Values" }), view),
    about,
  );
  pick(algorithm);

  function pick(kind) {
    algorithm = kind;
    say(start, `Start ${data.algorithms[kind]}`);
    for (const one of choices) one.setAttribute("aria-pressed", String(one.dataset.algorithm === kind));
  }

  async function begin() {
    start.disabled = true;
    show(said, false);
    try {
      const set = { "task.map": text(), name: `Lab map (${data.algorithms[algorithm]})` };
      const answer = await post("runs", { preset: `gridworld-${algorithm}`, seed: Number(seed.value), set });
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
    exact = [];
    table = new Table();
    address(runId);
    clock = clockwork(() => look(runId));
  }

  async function look(runId) {
    try {
      const answer = await metrics(runId, table.last, ROWS);
      table.append(answer);
      run = answer.run;
      const newest = run.picture_step === (seen?.step ?? null) ? null : await picture(runId, seen?.step ?? 0);
      if (newest) {
        seen = newest;
        exact.push([newest.step, newest.expected_return]);
      }
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof Refused)) throw error;
      if (error instanceof Refused && error.status === 404) return forget();
    }
    redraw();
    return LIVE.includes(run.state) && active ? POLL_MS : RESTING_MS;
  }

  /** The run was deleted. */
  function forget() {
    clock.stop();
    run = seen = null;
    address(null);
    redraw();
    return RESTING_MS;
  }

  /** The learned probabilities [[chances]] on the map that is shown, or null. */
  const policy = () => (seen && run?.config?.task?.map === text() ? seen.probabilities : null);

  return {
    controls,
    starter,
    cards,
    follow,
    policy,
    /** What the board shows of the run, as far as it learned on the map that is shown. */
    shown(plan) {
      const given = plan.exact();
      if (!given.shown || !policy()) return { ...given, bits: null };
      const values = view.value === "best" ? given.answer.best : seen.values.flat();
      return { ...given, shown: { ...given.shown, values }, bits: null, policy: policy() };
    },
    tell(wanted, palette) {
      if (wanted && !active) clock?.now();
      active = wanted;
      for (const node of [starter, cards, controls]) show(node, wanted);
      if (!wanted) return;
      for (const node of [badge, more]) show(node, Boolean(run));
      show(stopping, Boolean(run) && LIVE.includes(run.state));
      badge.dataset.state = run?.state ?? "";
      say(
        badge.lastChild,
        run ? `${stateName(run.state)}${run.env_steps ? ` · ${grouped(run.env_steps)} steps` : ""}` : "",
      );
      say(about, aboutOf());
      oracle.draw({ run, seen, table, exact }, palette);
    },
    stop: () => clock?.stop(),
  };

  function aboutOf() {
    if (policy())
      return "An arrow is as long as the policy's probability. Values are expected returns under the time limit, without discount.";
    return seen
      ? "The run learned on another map than the one that is shown; start one here."
      : "The values are the best possible until an agent has learned something.";
  }
}
