// A run that failed: one sentence, what to try, and the details folded away.

import { el, say, show } from "./dom.js";
import { inForce } from "./settings.js";

const SMALLER = 3; // a third of the step that broke
const STEPS = [
  ["learning_rate", "Try again with a smaller learning rate"],
  ["max_kl", "Try again with a smaller KL limit"],
];

/** The notice `node`. `start(config)` begins another run. update(record). */
export function failure(start) {
  let config = null;
  const sentence = el("p");
  const again = el("button", { type: "button", class: "button", onclick: () => start(config) });
  const details = el("pre");
  const folded = el("details", {}, el("summary", { text: "Details for developers" }), details);
  const node = el("section", { class: "notice failed", role: "alert", hidden: true }, sentence, again, folded);

  return {
    node,
    update(record) {
      show(node, record.state === "failed");
      if (node.hidden) return;
      say(sentence, record.message ?? "Training ended on an error.");
      const algorithm = broke(record);
      const step = STEPS.find(([name]) => Number.isFinite(algorithm[name]));
      show(again, Boolean(step));
      if (step) {
        const [name, label] = step;
        say(again, label);
        const smaller = Number((algorithm[name] / SMALLER).toPrecision(2));
        config = { ...record.config, algorithm: { ...algorithm, [name]: smaller } };
      }
      show(folded, Boolean(record.details));
      say(details, record.details ?? "");
    },
  };
}

/** The algorithm's settings that it broke with, changed while it trained or not. */
function broke(record) {
  const names = Object.keys(record.config.algorithm ?? {});
  return Object.fromEntries(names.map((name) => [name, inForce(record, `algorithm.${name}`)]));
}
