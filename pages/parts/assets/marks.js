// What is drawn over a run's curves: limits as dashed lines, what was done to the run as upright ones.

import { number, plain } from "./format.js";
import { inForce } from "./settings.js";

const LETTER = 5.8; // px, of the mean letter

/** The dashed lines of a metric: the solved threshold, the KL limit in force. */
export function limitsOf(metric, record, data, best) {
  if (metric === data.reward) {
    if (data.solved_at !== null) return [{ value: data.solved_at, name: `solved: ${data.solved_at}` }];
    return best === null ? [] : [{ value: best, name: `best possible: ${number(best)}` }];
  }
  if (metric.name !== "kl") return [];
  const limit = inForce(record, "algorithm.max_kl");
  const target = inForce(record, "algorithm.target_kl");
  if (limit) return [{ value: limit, name: `limit ${limit}` }];
  return target ? [{ value: target, name: `target ${target}` }] : [];
}

/** What was done to the run while it trained, in words by its step: "Clip range 0.1, back to iteration 40". */
export function marksOf(events, fields) {
  const words = new Map();
  for (const { kind, step, payload } of events)
    if (kind in TELL) words.set(step, [...(words.get(step) ?? []), ...TELL[kind](payload, fields)]);
  return [...words].map(([step, said]) => ({ step, name: said.join(", ") }));
}

/**
 * Annotations above a plot of `width` px over the x range `range` that name the marks [{ x, name }], from left to right:
 * each has the room up to the next. One that doesn't fit is cut or only a dot, and the pointer finds it whole.
 */
export function markNames(marks, range, width, palette) {
  const place = (x) => ((x - range[0]) / (range[1] - range[0])) * width;
  const seen = marks.filter(({ x }) => x >= range[0] && x <= range[1]);
  return seen.map(({ x, name }, index) => {
    const end = index + 1 < seen.length ? place(seen[index + 1].x) : width;
    return {
      x,
      y: 1,
      yref: "paper",
      xanchor: "left",
      yanchor: "bottom",
      xshift: -3,
      text: plain(fitting(name, Math.floor((end - place(x)) / LETTER))),
      hovertext: plain(name),
      showarrow: false,
      font: { color: palette.accent, size: 11 },
    };
  });
}

function fitting(name, letters) {
  if (name.length <= letters) return name;
  return letters < 5 ? "●" : `${name.slice(0, letters - 2)}…`;
}

const TELL = {
  change: ({ settings }, fields) => {
    const label = (path) => fields.find((field) => field.path === path)?.label ?? path;
    return Object.entries(settings).map(([path, { after }]) => `${label(path)} ${after ?? "none"}`);
  },
  back: ({ to }) => [`back to iteration ${to}`],
};
