// What is drawn over a run's curves: limits as dashed lines, changed settings as upright ones.

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

/** A change event with its words: "Clip range 0.1". */
export function mark({ step, payload }, fields) {
  const label = (path) => fields.find((field) => field.path === path)?.label ?? path;
  const words = Object.entries(payload.settings).map(([path, { after }]) => `${label(path)} ${after ?? "none"}`);
  return { step, name: words.join(", ") };
}
