// "Under the hood": a card per metric with what it means, and the choice of which are shown.

import { ratioHistogram, lineSearch } from "./bars.js";
import { lineChart } from "./chart.js";
import { el, say, show } from "./dom.js";
import { number, percent } from "./format.js";
import { timeProfile } from "./profile.js";
import { keepView } from "./view.js";

/**
 * The section `node`. `metrics`: [{ name, label, unit, meaning, estimator, healthy, usual }]; usual ones are shown until
 * the viewer chooses, which `changed()` tells; `appeared(names)` tells which cards came into sight.
 */
export function hood(metrics, edges, view, changed, appeared) {
  if (view.show?.length && !metrics.some(({ name }) => view.show.includes(name))) view.show = null; // an old link
  const cards = el("div", { class: "cards" });
  const choice = chooser(metrics, view, changed);
  const node = el(
    "section",
    { class: "hood", "aria-label": "Under the hood", hidden: true },
    el("div", { class: "row head" }, el("h2", { text: "Under the hood" }), choice.node),
    cards,
  );
  const made = new Map();
  const seen = new WeakMap();
  const sight = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) seen.set(entry.target, entry.isIntersecting);
      const names = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target.dataset.metric);
      if (names.length) appeared(names);
    },
    { rootMargin: "120px" },
  );

  function card(metric) {
    const plot = el("div", { class: "plot small", role: "img" });
    const value = el("span", { class: "figure" });
    const reset = el("button", {
      type: "button",
      class: "quiet",
      text: "Reset zoom",
      hidden: true,
      onclick: () => drawing.reset(),
    });
    const drawing =
      DRAWINGS[metric.name]?.(plot, edges) ??
      lineChart(
        plot,
        { name: metric.name, share: metric.unit === "share", band: metric.healthy, exact: metric.exact },
        (zoomed) => show(reset, zoomed),
      );
    const shell = el(
      "article",
      { class: "card metric", "data-metric": metric.name },
      el("div", { class: "row" }, el("h3", { text: metric.label, title: metric.estimator }), reset, value),
      el("p", { class: "hint", text: metric.healthy ? `${metric.meaning}; shaded: healthy` : metric.meaning }),
      plot,
    );
    sight.observe(shell);
    return { metric, shell, plot, drawing, value };
  }

  /** Cards for what is chosen and was ever measured, in the order of `metrics`. */
  function arrange(table) {
    const wanted = metrics.filter(
      ({ name, usual }) => (view.show ? view.show.includes(name) : usual) && measured(table, name),
    );
    for (const [name, entry] of made) {
      if (wanted.some((metric) => metric.name === name)) continue;
      sight.unobserve(entry.shell);
      entry.drawing.remove();
      entry.shell.remove();
      made.delete(name);
    }
    wanted.forEach((metric, place) => {
      if (!made.has(metric.name)) made.set(metric.name, card(metric));
      const { shell } = made.get(metric.name);
      if (cards.children[place] !== shell) cards.insertBefore(shell, cards.children[place] ?? null);
    });
    choice.offer((name) => measured(table, name));
    show(node, table.length > 0);
  }

  function draw(entry, given) {
    entry.drawing.draw(given(entry.metric));
    const newest = given(entry.metric).table.newest(entry.metric.name);
    const text = Number.isNaN(newest) ? "" : entry.metric.unit === "share" ? percent(newest) : number(newest);
    say(entry.value, text);
    entry.plot.setAttribute(
      "aria-label",
      `${entry.metric.label}: ${text || "see the chart"}. ${entry.metric.meaning}.`,
    );
  }

  return {
    node,
    arrange,
    /** [name, drawing function] for each card that is in sight, or those of `names`. */
    drawings(given, names = null) {
      const wanted = [...made.values()].filter(
        (entry) => seen.get(entry.shell) && (!names || names.includes(entry.metric.name)),
      );
      return wanted.map((entry) => [entry.metric.name, () => draw(entry, given)]);
    },
    forgetZoom: () => made.forEach((entry) => entry.drawing.reset?.()),
    remove() {
      sight.disconnect();
      made.forEach((entry) => entry.drawing.remove());
    },
  };
}

const DRAWINGS = {
  ratios: (plot, edges) => ratioHistogram(plot, edges),
  line_search: (plot) => lineSearch(plot),
  time_profile: (plot) => timeProfile(plot),
};
const FIRST = { ratios: "ratio_bin_00", line_search: "line_search_kl_0", time_profile: "time_update" };

function measured(table, name) {
  return table.has(FIRST[name] ?? name);
}

/** A button that opens the list of metrics as check boxes; the choice goes to the address. */
function chooser(metrics, view, changed) {
  const list = el("div", { class: "menu" });
  const node = el("details", { class: "chooser" }, el("summary", { class: "button", text: "Choose metrics" }), list);
  const boxes = new Map();
  const chosen = ({ name, usual }) => (view.show ? view.show.includes(name) : Boolean(usual));

  for (const metric of metrics) {
    const box = el("input", { type: "checkbox" });
    box.checked = chosen(metric);
    box.addEventListener("change", () => {
      const names = metrics.filter((other) => boxes.get(other.name).box.checked).map((other) => other.name);
      const usual = metrics.filter((other) => other.usual).map((other) => other.name);
      view.show = String(names) === String(usual) ? null : names;
      keepView({ show: view.show });
      changed();
    });
    const row = el("label", { title: metric.meaning }, box, metric.label);
    boxes.set(metric.name, { box, row });
    list.append(row);
  }
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    node.open = false;
    node.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (node.isConnected && !node.contains(event.target)) node.open = false;
  });
  return {
    node,
    offer: (available) => boxes.forEach(({ row }, name) => show(row, available(name))),
  };
}
