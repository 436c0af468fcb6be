// The reward card: the curve that matters most, and the viewer's controls for all curves.

import { lineChart } from "./chart.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { viewing } from "./viewing.js";

const TESTS = "eval_return_mean"; // beside the return; a molecule score leaves out what is not a molecule
const COUNTED = { molecules: "molecules" };

/** The card `node`; draw(given), offer(record) names the axis, waiting(text) shows or removes the skeleton. */
export function rewardCard(metric, view, changed) {
  const plot = el("div", { class: "plot", role: "img" });
  const skeleton = el("div", { class: "skeleton", role: "status" }, el("span"));
  const reset = el("button", {
    type: "button",
    class: "quiet",
    text: "Reset zoom",
    hidden: true,
    onclick: () => chart.reset(),
  });
  const chart = lineChart(
    plot,
    { name: metric.name, share: false, band: null, tests: metric.name === "return_mean" ? TESTS : null, main: true },
    (zoomed) => show(reset, zoomed),
  );
  const controls = viewing(view, changed);
  const rings = el("span", {
    class: "rings",
    text: "tests",
    hidden: true,
    title: "Separate test tries with the most likely actions",
  });
  controls.node.prepend(reset, rings);
  const title = el("h2", { text: metric.label, title: metric.estimator });
  const node = el(
    "section",
    { class: "card reward", "aria-label": metric.label },
    el("div", { class: "row head" }, title, controls.node),
    el("div", { class: "holds" }, plot, skeleton),
  );

  return {
    node,
    reset: chart.reset,
    remove: chart.remove,
    offer: (record) => controls.count(COUNTED[record.config?.task?.kind] ?? "env steps"),
    waiting(text) {
      show(skeleton, text !== null);
      if (text !== null) say(skeleton.firstChild, text);
    },
    draw(given) {
      chart.draw(given);
      show(rings, metric.name === "return_mean" && given.table.has(TESTS));
      const newest = given.table.newest(metric.name);
      plot.setAttribute(
        "aria-label",
        `${metric.label}: ${number(newest)} at iteration ${given.table.last}. ${metric.meaning}.`,
      );
    },
  };
}
