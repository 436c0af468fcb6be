// The oracle panel: what an agent measures on the map, iteration by iteration, beside what is known exactly.

import { el, say, show, svg } from "./dom.js";
import { grouped, number, percent } from "./format.js";
import { drawLines } from "./lab_lines.js";

const NEAR = 1e-3;
const plain = (value) => number(value);
const share = (value) => percent(value);
const relative = (sampled, exact) => (exact > 0 ? `${number((100 * (sampled - exact)) / exact, 2)} %` : "–");

/** Rows of the panel: metrics `sampled` and `exact` (a metric, or what is always exact), and what to see. */
const ROWS = {
  return: {
    label: "Return J",
    sampled: "return_mean",
    exact: "exact_return",
    off: (_, __, row) => (Number.isFinite(row("return_z")) ? `${number(row("return_z"), 2)} σ` : "–"),
    see: ({ whole }) =>
      whole
        ? "Whole episodes are a fair draw, so the sampled mean stays within two or three standard errors (σ) of J."
        : "Episodes that end now began under older policies, and the shortest end first: the plotted return lags behind J while learning is quick.",
  },
  distance: {
    label: "Distance to the best, J* − J",
    exact: "distance",
    see: ({ table }) =>
      table.has("epsilon")
        ? "What is left to learn, and what exploring costs: while ε is above 0 it cannot reach 0."
        : "What is left to learn. It falls in one piece where the way is found, and slowly where the last cells settle.",
  },
  gradient: {
    label: "Gradient, cosine",
    sampled: "gradient_cosine",
    one: true,
    see: () =>
      "How much the batch's gradient points along the exact one. Larger batches bring it to 1; near the optimum the gradient vanishes and noise is left.",
  },
  followed: {
    label: "Gradient without γᵗ, cosine",
    sampled: "followed_cosine",
    one: true,
    see: () =>
      "Below discount 1 most code counts late visits in full. What it follows on average is this vector, not the gradient above.",
  },
  natural: {
    label: "Step along the natural gradient",
    sampled: "natural_cosine",
    one: true,
    see: () =>
      "For a table of logits the natural gradient is the table of advantages (choose them under the map). TRPO aims along it, Adam scales each entry by itself; noise turns both away.",
  },
  kl: {
    label: "KL of the update",
    sampled: "kl",
    exact: "kl_exact",
    off: relative,
    see: () =>
      "Both are exact in each cell; the plotted one averages over the cells of the batch, the exact one over where the policy goes on average.",
  },
  clip: {
    label: "Clip fraction, after the update",
    sampled: "clipped_after",
    exact: "clipped_exact",
    off: relative,
    as: share,
    see: ({ row }) =>
      `Steps beyond the clip range once the update is over; the plotted fraction, ${share(row("clip_fraction"))}, is the mean over its minibatches. Clipping holds no ratio back: logits are shared.`,
  },
  start: {
    label: "Value at the start",
    sampled: "start_value",
    exact: "best",
    off: (sampled, exact) => number(sampled - exact),
    see: () =>
      "What the table believes the greedy policy brings, beside the best possible. It begins at 0, which is optimism where moves cost: every cell gets tried.",
  },
  error: {
    label: "Error of the table",
    sampled: "td_error",
    see: () => "How far each target was from its entry: it falls as the table settles, and stays up where chance is.",
  },
};
const WHOLE_EPISODES = ["pg", "monte-carlo"];

/** The card `node` beside `head`; draw({ run, seen, table, exact }, palette), where exact is [[iteration, J]]. */
export function oracleCard(head) {
  let picked = "return";
  let at = null;
  let drawn = null;
  const rows = Object.fromEntries(
    Object.entries(ROWS).map(([name, { label }]) => [name, tableRow(label, name, () => pick(name))]),
  );
  const sentence = el("p", { class: "hint told" });
  const see = el("p", { class: "hint see" });
  const picture = svg("svg", { class: "logs short", role: "img" });
  const drawing = el("div", {}, picture);
  const slider = el("input", { type: "range", min: 1, max: 1, value: 1, step: 1, "aria-label": "Iteration" });
  slider.addEventListener("input", () => {
    at = slider.value === slider.max ? null : Number(slider.value);
    redraw();
  });
  const iteration = el("span", { class: "hint at" });
  const heads = ["", "sampled", "exact", "off by"].map((name) => el("th", { scope: "col", text: name }));
  const figures = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...Object.values(rows).map((row) => row.node)),
  );
  const tape = el("div", { class: "row tape" }, el("span", { class: "hint", text: "iteration" }), slider, iteration);
  const node = el(
    "section",
    { class: "card oracle", "aria-label": "Sampled against exact" },
    head,
    sentence,
    figures,
    see,
    drawing,
    tape,
  );

  function pick(name) {
    picked = name;
    redraw();
  }

  const redraw = () => drawn && draw(...drawn);

  function draw(given, palette) {
    drawn = [given, palette];
    const { run, seen, table } = given;
    say(sentence, toldOf(run, seen, table));
    const begun = Boolean(seen) && table.length > 0;
    for (const part of [figures, see, tape]) show(part, begun);
    show(drawing, begun && table.length > 1);
    if (!begun) return;
    const columns = columnsOf(given);
    const place = at === null ? table.length - 1 : table.rowOf(at);
    const row = (name) => columns(name)[place] ?? NaN;
    const there = Object.keys(ROWS).filter((name) => shownRow(name, columns, row));
    if (!there.includes(picked)) picked = "return";
    for (const [name, { node: line, say: tell, button }] of Object.entries(rows)) {
      show(line, there.includes(name));
      button.setAttribute("aria-pressed", String(name === picked));
      if (!there.includes(name)) continue;
      const { sampled, exact, one, off, as = plain } = ROWS[name];
      const [here, known] = [sampled ? row(sampled) : NaN, exact ? row(exact) : NaN];
      const difference = off && Number.isFinite(here) && Number.isFinite(known) ? off(here, known, row) : "";
      tell(sampled ? as(here) : "", one ? "1" : exact ? as(known) : "", difference);
    }
    const whole = WHOLE_EPISODES.includes(run.algorithm);
    say(see, ROWS[picked].see({ whole, table, row }));
    slider.max = String(table.steps[table.length - 1]);
    slider.value = String(table.steps[place]);
    slider.setAttribute("aria-valuetext", `iteration ${table.steps[place]}`);
    say(iteration, `${grouped(table.steps[place])} of ${grouped(table.steps[table.length - 1])}`);
    if (table.length > 1) chart(columns, table.steps, place, given, palette);
  }

  function chart(columns, steps, place, { run, seen }, palette) {
    const { sampled, exact, one, label } = ROWS[picked];
    const colour = palette[run.algorithm] || palette.accent;
    const points = (name) => (name ? steps.map((step, row) => [step, columns(name)[row]]) : []);
    const dashed = picked === "return" ? [["best possible", seen.optimal_return]] : one ? [["exact", 1]] : [];
    const lines = [
      { points: points(sampled), colour, faint: Boolean(exact) },
      { points: points(exact), colour, name: picked === "return" ? "exact J" : "exact" },
    ].filter((line) => line.points.some(([, value]) => Number.isFinite(value)));
    picture.setAttribute("aria-label", `${label} over iterations, sampled and exact`);
    drawLines(picture, { lines, dashed, at: at === null ? null : steps[place], unit: "iterations" });
  }

  return { node, draw };
}

/** A row is shown where it was measured; the gradient without gamma^t where it is another one. */
function shownRow(name, columns, row) {
  if (name === "distance") return columns("exact_return").length > 0;
  if (name === "followed") return columns("followed_cosine").some((value, at) => differs(value, columns, at));
  const { sampled, exact } = ROWS[name];
  return [sampled, exact].some((metric) => metric && columns(metric).some((value) => Number.isFinite(value)));
}

const differs = (value, columns, at) => Math.abs(value - columns("gradient_cosine")[at]) > 1e-9;

/** Columns by name: the run's metrics, and what follows from them. Where no exact J was recorded, that of the pictures. */
function columnsOf({ seen, table, exact }) {
  const best = seen.optimal_return;
  const made = new Map();
  const returns = () => {
    if (table.has("exact_return")) return table.column("exact_return");
    const known = new Map(exact.map(([step, value]) => [step + 1, value]));
    return table.steps.map((step) => known.get(step) ?? NaN);
  };
  const find = {
    exact_return: returns,
    distance: () => returns().map((value) => best - value),
    best: () => table.column("start_value").map(() => best),
  };
  return (name) => {
    if (!made.has(name)) made.set(name, name in find ? find[name]() : table.column(name));
    return made.get(name);
  };
}

function tableRow(label, name, pick) {
  const cells = ["", "", ""].map(() => el("td"));
  const button = el("button", { type: "button", class: "pick", text: label, "data-row": name, onclick: pick });
  return {
    button,
    node: el("tr", {}, el("th", { scope: "row" }, button), ...cells),
    say: (...texts) => texts.forEach((text, place) => say(cells[place], text)),
  };
}

function toldOf(run, seen, table) {
  if (!run) return "Choose an algorithm and press Start: it learns on this map, from random moves.";
  if (run.state === "queued") return "Waiting for its turn; it starts when the run before it ends.";
  if (run.state === "failed") return run.message ?? "Training ended on an error.";
  if (!seen) return "The first picture comes in a moment.";
  const away = seen.optimal_return - seen.expected_return;
  const near = away < NEAR * Math.max(1, Math.abs(seen.optimal_return));
  const left = near ? "nothing is left to learn here" : `${number(away)} of return is still left`;
  const exploring = !near && table.newest("epsilon") > 0 ? `, exploring (ε ${number(table.newest("epsilon"))}) included` : "";
  return `After iteration ${grouped(seen.step)} ${left}${exploring}; the table is of the policy that went into it. Choose a row to see its curve.`;
}
