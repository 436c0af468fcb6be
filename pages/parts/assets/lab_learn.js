// The tab Learn: an agent trains on the map that is shown, beside the exact answer.

import { Refused, Unreachable, clockwork, metrics, picture, post } from "./api.js";
import { el, say, show } from "./dom.js";
import { grouped, stateName } from "./format.js";
import { contestCard } from "./lab_contest.js";
import { oracleCard } from "./lab_oracle.js";
import { replay } from "./lab_replay.js";
import { starterForm } from "./lab_starter.js";
import { started } from "./starting.js";
import { Table } from "./table.js";

const POLL_MS = 300;
const RESTING_MS = 2500;
const ROWS = 2000;
const LIVE = ["queued", "training"];
const VIEWS = {
  learned: "V of its policy, exact",
  beside: "its own V, and V* below",
  best: "V*, the best possible",
  visits: "visits of the last batch, exact share below",
  ever: "visits since the start",
  advantages: "advantages = natural gradient",
};
const ABOUT = {
  learned: "An arrow is as long as the policy's probability. Values are expected returns under the time limit.",
  beside: "Above, what the agent itself thinks a cell is worth; below, the best possible.",
  best: "The best possible values; the arrows are those of the agent's policy.",
  visits: "Share of the moves made in a cell; cells that look alike to the agent count as one.",
  ever: "Share of all moves so far: what was explored, and what is now exploited.",
  advantages: "Q − V of every move under the agent's policy, exact: the direction in which a table's natural gradient points.",
};

/** controls (under the board), starter (choice of algorithm and Start), cards (the oracle, the race): nodes. */
export function learning(data, { redraw, open, compare, text, discount, address }) {
  let run = null;
  let seen = null;
  let table = new Table();
  let exact = [];
  let clock = null;
  let active = false;
  const starter = starterForm(data.algorithms, { start: begin, stop: end, explore });
  const badge = el("span", { class: "badge" }, el("i", { "aria-hidden": "true" }), el("span"));
  const more = el("button", { type: "button", class: "quiet", text: "Open the run", onclick: () => open(run.run_id) });
  const oracle = oracleCard(el("div", { class: "row head" }, el("h2", { text: "Sampled against exact" }), badge, more));
  const contest = contestCard(data.algorithms, {
    begin: (wanted) => post("plan/race", { map: text(), ...wanted }),
    compare,
  });
  const cards = el("div", { class: "cards-side", hidden: true }, oracle.node, contest.node);
  const view = el(
    "select",
    { "aria-label": "Values" },
    ...Object.entries(VIEWS).map(([value, label]) => el("option", { value, text: label })),
  );
  view.addEventListener("change", () => redraw());
  const about = el("p", { class: "hint" });
  const walking = replay(() => redraw());
  const controls = el(
    "div",
    { class: "planning", hidden: true },
    walking.node,
    el("label", { class: "tick" }, el("span", { text: "Cells show" }), view),
    about,
  );

  async function begin({ algorithm, label, seed, set }) {
    const here = { "task.map": text(), "task.oracle": true, "algorithm.discount": discount(), name: `Lab map (${label})` };
    let problem = null;
    const wanted = { preset: `gridworld-${algorithm}`, seed, set: { ...here, ...set } };
    const run = await started(wanted, (text) => (problem = text));
    if (!run) return problem;
    follow(run);
    return null;
  }

  async function end() {
    await post(`runs/${run.run_id}/stop`).catch(() => null);
    clock?.now();
  }

  /** Another epsilon for the run that trains. */
  async function explore(epsilon) {
    if (!run || !LIVE.includes(run.state) || !table.has("epsilon")) return;
    const refused = await post(`runs/${run.run_id}/change`, { "algorithm.epsilon": epsilon }).then(
      () => null,
      (error) => error.message,
    );
    starter.tell(true, refused);
  }

  function follow(runId) {
    clock?.stop();
    run = { run_id: runId, state: "queued" };
    seen = null;
    exact = [];
    table = new Table();
    walking.take(null);
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
        walking.take(newest);
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
    walking.take(null);
    address(null);
    redraw();
    return RESTING_MS;
  }

  const here = () => Boolean(seen) && run?.config?.task?.map === text();
  /** The learned probabilities [[chances]] on the map that is shown, or null. */
  const policy = () => (here() ? seen.probabilities : null);

  /** What the cells show of the run, by the view that is chosen: { values, under, q, mode }. */
  function figures(given) {
    const flat = (rows) => (rows ? rows.flat() : given.shown.values.map(() => null));
    switch (view.value) {
      case "best":
        return { values: given.answer.best };
      case "beside":
        return { values: flat(seen.estimates), under: given.answer.best };
      case "visits":
        return { values: flat(seen.visited), under: seen.visits?.flat() ?? null, shares: true };
      case "ever":
        return { values: flat(seen.visited_ever), shares: true };
      case "advantages":
        return seen.advantages ? { q: seen.advantages.flat(), mode: "q" } : { values: flat(seen.values) };
      default:
        return { values: flat(seen.values) };
    }
  }

  return {
    controls,
    starter: starter.node,
    cards,
    follow,
    policy,
    /** What the board shows of the run, as far as it learned on the map that is shown. */
    shown(plan) {
      const given = plan.exact();
      if (!given.shown || !here()) return { ...given, bits: null };
      const { mode = "values", ...found } = figures(given);
      return {
        ...given,
        shown: { ...given.shown, ...found },
        bits: null,
        mode,
        policy: mode === "q" ? null : policy(),
        agent: walking.place(),
      };
    },
    tell(wanted, palette) {
      if (wanted && !active) clock?.now();
      active = wanted;
      for (const node of [starter.node, cards, controls]) show(node, wanted);
      if (!wanted) return walking.stop();
      for (const node of [badge, more]) show(node, Boolean(run));
      starter.tell(Boolean(run) && LIVE.includes(run.state));
      badge.dataset.state = run?.state ?? "";
      say(
        badge.lastChild,
        run ? `${stateName(run.state)}${run.env_steps ? ` · ${grouped(run.env_steps)} steps` : ""}` : "",
      );
      say(about, aboutOf());
      oracle.draw({ run, seen, table, exact }, palette);
      contest.tell(palette, here() ? seen.optimal_return : null);
    },
    stop() {
      clock?.stop();
      contest.stop();
      walking.stop();
    },
  };

  function aboutOf() {
    if (here()) {
      const large = !table.has("exact_return") && table.length > 0;
      return large && ["visits", "advantages"].includes(view.value)
        ? "This map is too large for exact answers at every iteration; the exact share is left out."
        : ABOUT[view.value];
    }
    return seen
      ? "The run learned on another map than the one that is shown; start one here."
      : "The values are the best possible until an agent has learned something.";
  }
}
