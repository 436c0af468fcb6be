// The viewer's controls for all curves of a page: smoothing, horizontal axis, log scale.

import { el, say } from "./dom.js";
import { WINDOWS, keepView } from "./view.js";

/** The controls `node`; changed(otherAxis) is called after each change. count(word) names what steps are here. */
export function viewing(view, changed) {
  const smooth = el("input", {
    type: "range",
    min: 0,
    max: WINDOWS.length - 1,
    value: WINDOWS.indexOf(view.smooth),
    "aria-label": "Smoothing",
  });
  const width = el("span", { class: "figure width" });
  const axis = el(
    "select",
    { "aria-label": "Horizontal axis" },
    ...["steps", "iterations", "time"].map((value) => el("option", { value, text: value })),
  );
  axis.value = view.x;
  const log = el("input", { type: "checkbox" });
  log.checked = view.log;
  const node = el(
    "div",
    { class: "viewing" },
    el("label", {}, el("span", { class: "word", text: "smoothing" }), smooth, width),
    axis,
    el("label", {}, log, "log"),
  );

  smooth.addEventListener("input", () => adopt({ smooth: WINDOWS[Number(smooth.value)] }));
  axis.addEventListener("change", () => adopt({ x: axis.value }));
  log.addEventListener("change", () => adopt({ log: log.checked }));

  function adopt(change) {
    Object.assign(view, change);
    keepView(change);
    tell();
    changed("x" in change);
  }

  function tell() {
    say(width, view.smooth === 1 ? "off" : `${view.smooth} it.`);
    smooth.setAttribute("aria-valuetext", view.smooth === 1 ? "off" : `over ${view.smooth} iterations`);
  }

  tell();
  return { node, count: (word) => say(axis.options[0], word) };
}
