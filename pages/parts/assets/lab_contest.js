// A learning race: two or three algorithms on the same map and the same seeds, over env steps, with bands over seeds.

import { Refused, Unreachable, clockwork, metrics, post } from "./api.js";
import { el, say, show, svg } from "./dom.js";
import { grouped, number } from "./format.js";
import { drawLines } from "./lab_lines.js";
import { Table } from "./table.js";

const POLL_MS = 500;
const RESTING_MS = 4000;
const GRID = 80; // places on the common axis
const ENDED = ["finished", "stopped", "failed", "interrupted", "paused"];
const MOST = 3;

/** The card `node`; tell(wanted, palette, best); begin is asked with { algorithms, seeds, budget } and answers as the route. */
export function contestCard(labels, { begin, compare }) {
  let runners = []; // { kind, runs: [{ id, state, table }], group }
  let clock = null;
  let shown = null;
  let refusal = null;
  const chosen = new Set(["pg", "ppo", "q-learning"].filter((kind) => kind in labels));
  const chips = Object.entries(labels).map(([kind, label]) =>
    el("button", { type: "button", class: "chip", text: label, "data-racer": kind, onclick: () => pick(kind) }),
  );
  const amount = (label, value, low, high) =>
    el("input", { type: "number", class: "amount", "aria-label": label, value, min: low, max: high });
  const seeds = amount("Seeds of the race", 3, 1, 10);
  const budget = amount("Moves of each runner", 20_000, 1000, 1_000_000);
  const start = el("button", { type: "button", class: "button slim", text: "Race", onclick: run });
  const more = el("button", { type: "button", class: "quiet", text: "Open in Compare", onclick: open });
  const said = el("p", { class: "hint", role: "status" });
  const picture = svg("svg", { class: "logs", role: "img", "aria-label": "Expected return of each racer over env steps" });
  const drawing = el("div", { hidden: true }, picture);
  const node = el(
    "section",
    { class: "card contest", "aria-label": "A learning race" },
    el("div", { class: "row head" }, el("h2", { text: "A learning race" }), more, start),
    el(
      "div",
      { class: "row racers" },
      ...chips,
      el("label", { class: "tick" }, el("span", { text: "seeds" }), seeds),
      el("label", { class: "tick" }, el("span", { text: "moves each" }), budget),
    ),
    said,
    drawing,
  );

  function pick(kind) {
    if (chosen.has(kind)) chosen.delete(kind);
    else if (chosen.size < MOST) chosen.add(kind);
    press();
  }

  function press() {
    for (const chip of chips) {
      const on = chosen.has(chip.dataset.racer);
      chip.setAttribute("aria-pressed", String(on));
      chip.disabled = !on && chosen.size >= MOST;
    }
    start.disabled = chosen.size < 2;
  }

  async function run() {
    start.disabled = true;
    refusal = null;
    clock?.stop();
    try {
      const kinds = Object.keys(labels).filter((kind) => chosen.has(kind));
      const wanted = { algorithms: kinds, seeds: Number(seeds.value), budget: Number(budget.value) };
      const answer = await begin(wanted);
      runners = answer.runners.map(({ algorithm, group, runs }) => ({
        kind: algorithm,
        group,
        runs: runs.map((id) => ({ id, state: "queued", table: new Table() })),
      }));
      clock = clockwork(look);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      refusal = error instanceof Refused ? error.message : "The app does not answer; nothing was started.";
    }
    draw();
    press();
  }

  async function look() {
    const waiting = runners.flatMap(({ runs }) => runs).filter(({ state }) => !ENDED.includes(state));
    for (const run of waiting) {
      const answer = await metrics(run.id, run.table.last, 2000).catch(() => null);
      if (!answer) break;
      run.table.append(answer);
      run.state = answer.run.state;
      if (run.state === "queued") break; // those behind it wait too
    }
    draw();
    return waiting.length ? POLL_MS : RESTING_MS;
  }

  function open() {
    compare(runners.map(({ group }) => group));
  }

  function draw() {
    show(more, runners.length > 0);
    show(drawing, runners.some(({ runs }) => runs.some(({ table }) => table.length > 1)));
    say(said, refusal ?? toldOf(runners, labels));
    if (!shown || drawing.hidden) return;
    const lines = runners.map(({ kind, runs }) => ({
      name: labels[kind],
      colour: shown.palette[kind] || shown.palette.accent,
      ...meanOf(runs.map(({ table }) => table).filter((table) => table.length > 1)),
    }));
    drawLines(picture, { lines, dashed: shown.best === null ? [] : [["best possible", shown.best]], unit: "moves" });
  }

  press();
  return {
    node,
    tell(palette, best) {
      shown = { palette, best };
      draw();
    },
    stop: () => clock?.stop(),
  };
}

/** points: the mean over seeds on a common axis as far as all have come; band: the lowest and the highest seed. */
function meanOf(tables) {
  if (!tables.length) return { points: [], band: [] };
  const curves = tables.map((table) => {
    const name = table.has("exact_return") ? "exact_return" : "return_mean";
    return known(table.column("env_steps"), table.column(name));
  });
  if (curves.some((curve) => !curve.length)) return { points: [], band: [] };
  const first = Math.max(...curves.map((curve) => curve[0][0]));
  const last = Math.min(...curves.map((curve) => curve.at(-1)[0]));
  const points = [];
  const band = [];
  for (let place = 0; place <= GRID; place += 1) {
    const at = first + ((last - first) * place) / GRID;
    const values = curves.map((curve) => between(curve, at));
    points.push([at, values.reduce((sum, value) => sum + value, 0) / values.length]);
    band.push([at, Math.min(...values), Math.max(...values)]);
  }
  return { points, band: curves.length > 1 ? band : [] };
}

const known = (steps, values) =>
  steps.map((step, row) => [step, values[row]]).filter(([, value]) => Number.isFinite(value));

function between(curve, at) {
  const next = curve.findIndex(([step]) => step >= at);
  if (next <= 0) return curve[Math.max(0, next)][1];
  const [[x0, y0], [x1, y1]] = [curve[next - 1], curve[next]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0 || 1);
}

function toldOf(runners, labels) {
  if (!runners.length) return "Two or three of them on this map, each with the same seeds; the band is the worst and best seed.";
  const runs = runners.flatMap(({ runs: each }) => each);
  const over = runs.filter(({ state }) => ENDED.includes(state)).length;
  if (over < runs.length) return `${grouped(over)} of ${grouped(runs.length)} runs are through; they train one after the other.`;
  const ends = runners.map(({ kind, runs: each }) => [labels[kind], meanOf(each.map(({ table }) => table)).points.at(-1)?.[1]]);
  const told = ends.map(([label, value]) => `${label} ${number(value)}`).join(", ");
  return `Expected return at the end, mean of ${grouped(runners[0].runs.length)} seeds: ${told}. Exploring counts where it explores.`;
}
