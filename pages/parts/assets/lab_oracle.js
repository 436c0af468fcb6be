// "Sampled against exact": what the agent measures by trying, beside what the planner knows of the same policy.

import { el, say, show, svg } from "./dom.js";
import { grouped, number, percent } from "./format.js";
import { drawn } from "./table.js";

const HEIGHT = 150;
const FRAME = { left: 46, right: 84, top: 10, bottom: 22 };
const NEAR = 1e-3;
const ROWS = [
  [
    "return",
    "Return J",
    "Mean return of the episodes that ended in the next iteration, beside the exact expected return of the policy. Off by: in standard errors, from the exact spread of the return",
  ],
  ["best", "Best possible, J*", "Under the map's time limit, without discount"],
  ["distance", "Distance to the best", "J* − J, both exact"],
  ["kl", "KL of the last update", "Exact in each cell, averaged over the cells that were visited"],
  ["clip", "Clip fraction", "Share of the steps that PPO held back"],
];

/** The card `node` beside `head`; draw({ run, seen, table, exact }, palette), where exact is [[iteration, J]]. */
export function oracleCard(head) {
  const rows = Object.fromEntries(ROWS.map(([name, label, title]) => [name, tableRow(label, title)]));
  const sentence = el("p", { class: "hint told" });
  const picture = svg("svg", {
    class: "logs short",
    role: "img",
    "aria-label": "Return over iterations, sampled and exact",
  });
  const heads = ["", "sampled", "exact", "off by"].map((name) => el("th", { scope: "col", text: name }));
  const figures = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...Object.values(rows).map((row) => row.node)),
  );
  const node = el(
    "section",
    { class: "card oracle", "aria-label": "Sampled against exact" },
    head,
    sentence,
    figures,
    picture,
  );

  return {
    node,
    draw({ run, seen, table, exact }, palette) {
      say(sentence, toldOf(run, seen));
      show(figures, Boolean(seen));
      show(picture, table.length > 1);
      if (!seen) return;
      const sampled = sampledBy(table, seen.step);
      const { expected_return: known, optimal_return: best, return_spread: spread } = seen;
      const errors =
        spread > 0 && sampled.episodes > 0 ? (sampled.mean - known) / (spread / Math.sqrt(sampled.episodes)) : NaN;
      rows.return.say(number(sampled.mean), number(known), Number.isFinite(errors) ? `${number(errors, 2)} σ` : "–");
      rows.best.say("", number(best), "");
      rows.distance.say("", number(best - known), "");
      rows.kl.say(number(table.newest("kl")), "", "");
      rows.clip.say(percent(table.newest("clip_fraction")), "", "");
      show(rows.kl.node, table.has("kl"));
      show(rows.clip.node, table.has("clip_fraction"));
      if (table.length > 1) curve(picture, table, exact, best, palette, run.algorithm);
    },
  };
}

function tableRow(label, title) {
  const cells = ["", "", ""].map(() => el("td"));
  return {
    node: el("tr", { title }, el("th", { scope: "row", text: label }), ...cells),
    say: (...texts) => texts.forEach((text, place) => say(cells[place], text)),
  };
}

/** What the iteration after `step`, the first that acts with that policy, measured; that iteration itself at the end. */
function sampledBy(table, step) {
  const row = table.rowOf(step + 1);
  return { mean: table.column("return_mean")[row] ?? NaN, episodes: table.column("episodes")[row] ?? NaN };
}

function toldOf(run, seen) {
  if (!run) return "Choose an algorithm and press Start: it learns on this map, from random moves.";
  if (run.state === "queued") return "Waiting for its turn; it starts when the run before it ends.";
  if (run.state === "failed") return run.message ?? "Training ended on an error.";
  if (!seen) return "The first picture comes in a moment.";
  const away = seen.optimal_return - seen.expected_return;
  const near = away < NEAR * Math.max(1, Math.abs(seen.optimal_return));
  const left = near ? "nothing is left to learn here" : `${number(away)} of return is still left to learn`;
  return `Iteration ${grouped(seen.step)}: ${left}.`;
}

/** Sampled returns faint, the exact ones as a line with points, the best possible dashed. */
function curve(picture, table, exact, best, palette, algorithm) {
  const width = picture.clientWidth;
  if (!width) return;
  const steps = table.steps;
  const returns = table.column("return_mean");
  const kept = drawn(steps, returns, -Infinity, Infinity, 300);
  const values = [...kept.map((row) => returns[row]), ...exact.map(([, value]) => value), best].filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const end = steps[steps.length - 1];
  const x = (step) => FRAME.left + (step / end) * (width - FRAME.left - FRAME.right);
  const y = (value) => FRAME.top + ((high - value) / (high - low || 1)) * (HEIGHT - FRAME.top - FRAME.bottom);
  const path = (points) =>
    points.map(([step, value], place) => `${place ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const colour = palette[algorithm] || palette.accent;
  const label = (text, at) => svg("text", { class: "name", x: width - FRAME.right + 8, y: at + 4, text });
  const last = exact.length ? y(exact[exact.length - 1][1]) : y(best);
  picture.replaceChildren(
    ...[low, high].map((value) =>
      svg("text", { class: "tick end", x: FRAME.left - 8, y: y(value) + 4, text: number(value) }),
    ),
    svg("text", { class: "tick", x: FRAME.left, y: HEIGHT - 4, text: "1" }),
    svg("text", { class: "tick end", x: width - FRAME.right, y: HEIGHT - 4, text: `${grouped(end)} iterations` }),
    svg("path", { class: "best", d: `M${FRAME.left} ${y(best)}H${width - FRAME.right}` }),
    svg("path", { class: "curve faint", d: path(kept.map((row) => [steps[row], returns[row]])), stroke: colour }),
    svg("path", { class: "curve", d: path(exact), stroke: colour }),
    ...exact.slice(-60).map(([step, value]) => svg("circle", { cx: x(step), cy: y(value), r: 2.6, fill: colour })),
    label("best possible", y(best)),
    ...(exact.length ? [label("exact J", Math.max(last, y(best) + 15))] : []),
  );
}
