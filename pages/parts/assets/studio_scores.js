// How a property of what it writes is spread, beside what it was taught; and the scores over the run.

import { read } from "./api.js";
import { el, say } from "./dom.js";
import { curve, densities } from "./studio_plot.js";

/** The cards `shape` (distributions) and `course` (scores over the run). `reshape()` is called when another is chosen. */
export function scoreCards(data, reshape) {
  const names = Object.keys(data.spread);
  const select = el(
    "select",
    { "aria-label": "Property" },
    ...names.map((name) => el("option", { value: name, text: data.spread[name].label })),
  );
  const plot = el("div", { class: "plotted" });
  const words = el("p", { class: "hint" });
  const shape = el(
    "section",
    { class: "card spread", "aria-label": "How what it writes is spread" },
    el("div", { class: "row head" }, el("h2", { text: "Taught and now" }), select),
    el(
      "p",
      { class: "hint keys" },
      el("span", { class: "key taught", text: "what it was taught" }),
      el("span", { class: "key now", text: "what it writes now" }),
    ),
    plot,
    words,
  );
  const line = el("div", { class: "plotted" });
  const course = el(
    "section",
    { class: "card", "aria-label": "Scores over the run" },
    el("div", { class: "row head" }, el("h2", { text: "Scores over the run" })),
    el(
      "p",
      { class: "hint keys" },
      el("span", { class: "key best", text: "best so far" }),
      el("span", { class: "key now", text: "average of a round" }),
    ),
    line,
  );
  const known = new Map();
  let shown = null;
  select.addEventListener("change", reshape);

  async function values(runId, step) {
    if (!known.has(step)) {
      known.set(step, await read(`runs/${runId}/spread?step=${step}`));
      if (known.size > 200) known.delete(known.keys().next().value);
    }
    return known.get(step);
  }

  return {
    shape,
    course,
    /** Show the samples of `step` beside those of `first`; true when they are. */
    async shapeAt(runId, first, step) {
      const [taught, now] = [await values(runId, first), await values(runId, step)];
      const name = select.value;
      if (shown === `${name} ${step}`) return true;
      shown = `${name} ${step}`;
      const { low, high, label } = data.spread[name];
      plot.replaceChildren(densities(taught[name], now[name], [low, high], `${label}: what it was taught and writes now`));
      say(words, told(label, taught[name], now[name]));
      return true;
    },
    draw(table, row) {
      if (!table.length) return;
      const x = table.column("env_steps");
      const lines = [
        { name: "now", values: table.column("score_mean") },
        { name: "best", values: table.column("score_best") },
      ];
      line.replaceChildren(curve(x, lines, row === null ? null : x[row], "Best and average score over the run"));
    },
  };
}

function told(label, taught, now) {
  const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  if (!taught.length || !now.length) return "";
  const digits = [...taught, ...now].every(Number.isInteger) ? 0 : 2;
  const round = (value) => value.toFixed(Math.abs(value) >= 20 ? 0 : digits).replace("-", "−");
  return `${label}: ${round(middle(taught))} in the middle at first, ${round(middle(now))} now.`;
}
