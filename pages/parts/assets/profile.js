// Where the time goes: the share of each phase in the last iterations, as bars with their names.

import { el, say } from "./dom.js";

const LATEST = 100; // iterations
const PHASES = [
  ["time_environment", "Environment"],
  ["time_inference", "Choosing actions"],
  ["time_update", "Learning"],
  ["time_record", "Recording"],
  ["time_evaluation", "Testing"],
];

/** The bars in `node`; a phase that was never measured has none. */
export function timeProfile(node) {
  const list = el("dl", { class: "profile" });
  node.replaceChildren(list);
  const bars = new Map(PHASES.map(([name, label]) => [name, bar(label)]));

  function bar(label) {
    const fill = el("i");
    const share = el("dd", { class: "figure" });
    const name = el("dt", { text: label });
    return { fill, share, parts: [name, el("span", { "aria-hidden": "true" }, fill), share] };
  }

  return {
    draw({ table }) {
      const seconds = PHASES.filter(([name]) => table.has(name)).map(([name]) => [name, sum(table.column(name))]);
      const total = seconds.reduce((all, [, some]) => all + some, 0);
      list.replaceChildren(...seconds.flatMap(([name]) => bars.get(name).parts));
      for (const [name, some] of seconds) {
        const share = total > 0 ? some / total : 0;
        bars.get(name).fill.style.width = `${100 * share}%`;
        say(bars.get(name).share, `${Math.round(100 * share)} %`);
      }
    },
    remove: () => list.remove(),
  };
}

/** The seconds of the last iterations; one in which the phase did not happen counts as none. */
function sum(column) {
  return column.slice(-LATEST).reduce((all, seconds) => all + (Number.isNaN(seconds) ? 0 : seconds), 0);
}
