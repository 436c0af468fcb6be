// The reward card: the curve that matters most, and the viewer's controls for all curves.

import { lineChart } from "./chart.js";
import { el, say, show } from "./dom.js";
import { number } from "./format.js";
import { WINDOWS, keepView } from "./view.js";

const COUNTED = { molecules: "molecules" };

/** The card `node`; draw(given), offer(record) names the axis, waiting(text) shows or removes the skeleton. */
export function rewardCard(metric, view, changed) {
  const plot = el("div", { class: "plot", role: "img" });
  const skeleton = el("div", { class: "skeleton", role: "status" }, el("span"));
  const reset = el("button", { type: "button", class: "quiet", text: "Reset zoom", hidden: true, onclick: () => chart.reset() });
  const chart = lineChart(plot, { name: metric.name, label: metric.label, share: false, band: null, main: true }, (zoomed) => show(reset, zoomed));
  const smooth = el("input", { type: "range", min: 0, max: WINDOWS.length - 1, value: WINDOWS.indexOf(view.smooth), "aria-label": "Smoothing" });
  const smoothed = el("span", { class: "figure width" });
  const axis = el("select", { "aria-label": "Horizontal axis" }, ...["steps", "iterations", "time"].map((value) => el("option", { value, text: value })));
  axis.value = view.x;
  const log = el("input", { type: "checkbox" });
  log.checked = view.log;

  smooth.addEventListener("input", () => {
    view.smooth = WINDOWS[Number(smooth.value)];
    adopt(false);
  });
  axis.addEventListener("change", () => {
    view.x = axis.value;
    adopt(true);
  });
  log.addEventListener("change", () => {
    view.log = log.checked;
    adopt(false);
  });

  function adopt(otherAxis) {
    keepView(view);
    tellWindow();
    changed(otherAxis);
  }

  function tellWindow() {
    const text = view.smooth === 1 ? "off" : `${view.smooth} it.`;
    say(smoothed, text);
    smooth.setAttribute("aria-valuetext", view.smooth === 1 ? "off" : `over ${view.smooth} iterations`);
  }

  tellWindow();
  const title = el("h2", { text: metric.label, title: metric.estimator });
  const controls = el("div", { class: "viewing" }, reset, el("label", {}, "smoothing", smooth, smoothed), axis, el("label", {}, log, "log"));
  const node = el("section", { class: "card reward", "aria-label": metric.label }, el("div", { class: "row head" }, title, controls), el("div", { class: "holds" }, plot, skeleton));

  return {
    node,
    chart,
    offer(record) {
      say(axis.options[0], COUNTED[record.config?.task?.kind] ?? "env steps");
    },
    waiting(text) {
      show(skeleton, text !== null);
      if (text !== null) say(skeleton.firstChild, text);
    },
    draw(given) {
      chart.draw(given);
      const newest = given.table.newest(metric.name);
      plot.setAttribute("aria-label", `${metric.label}: ${number(newest)} at iteration ${given.table.last}. ${metric.meaning}.`);
    },
  };
}
