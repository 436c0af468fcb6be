// What is drawn over a run's curves: limits as dashed lines, what was done to the run as upright ones.

import { number } from "./format.js";
import { inForce } from "./settings.js";

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

const TELL = {
  change: ({ settings }, fields) => {
    const label = (path) => fields.find((field) => field.path === path)?.label ?? path;
    return Object.entries(settings).map(([path, { after }]) => `${label(path)} ${after ?? "none"}`);
  },
  back: ({ to }) => [`back to iteration ${to}`],
};
