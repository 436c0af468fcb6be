// Runs laid over one another: a bold line per group, a band over its seeds, each seed faint; zoom survives new data.

import { Refused, Unreachable, clockwork, metrics } from "./api.js";
import { el, say, show } from "./dom.js";
import { algorithmName, number, percent, plain } from "./format.js";
import { averaged, curve } from "./groups.js";
import { ceiling, frame, livePlot, span, timeUnit, unlogged, xAxis, yAxis } from "./plot.js";
import { Table } from "./table.js";
import { colours, faint, follow, seriesColours } from "./theme.js";
import { keepView, readView } from "./view.js";
import { viewing } from "./viewing.js";

const LIVE_MS = 1000;
const RESTING_MS = 5000;
const ROWS = 1500;
const POINTS = 400;
const LIVE = ["queued", "training"];
const VIEWS = new WeakMap();

export default function ({ data, parentElement }) {
  const before = VIEWS.get(parentElement);
  before?.stop();
  const view = compareView(parentElement.querySelector(".uphill"), data, before?.kept);
  VIEWS.set(parentElement, view);
  return view.stop;
}

/** kept: the viewer's choices so far, which the page's new address does not know of. */
function compareView(root, data, kept = { view: readView(), hidden: new Set() }) {
  const { view, hidden } = kept;
  keepView(view);
  follow(root);
  const runs = new Map(
    data.groups.flatMap((group) => group.runs).map((id) => [id, { table: new Table(), record: null }]),
  );
  const controls = viewing(view, (otherAxis) => {
    if (otherAxis) charts.forEach((chart) => chart.reset());
    draw();
  });
  controls.count("steps");
  const legend = el("div", { class: "legend", role: "group", "aria-label": "Groups" });
  const lost = el("p", { class: "notice", role: "alert", hidden: true });
  const seeds = data.groups.some((group) => group.runs.length > 1);
  const charts = data.metrics.map((metric, place) => chartCard(metric, seeds, place === 0 ? controls.node : null));
  root.replaceChildren(lost, legend, el("div", { class: "overlays" }, ...charts.map((chart) => chart.node)));
  root.removeAttribute("aria-busy");
  const entries = data.groups.map((group) =>
    legendEntry(group, !hidden.has(String(group.runs)), (wanted) => {
      if (wanted) hidden.delete(String(group.runs));
      else hidden.add(String(group.runs));
      draw();
    }),
  );
  legend.append(...entries.map((entry) => entry.node));

  async function turn() {
    const repainted = follow(root);
    try {
      const news = await Promise.all([...runs].map(([id, run]) => fetched(id, run)));
      show(lost, false);
      if (repainted || news.some(Boolean)) draw();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      say(lost, "Connection lost. What is shown is the last that arrived; trying again …");
      show(lost, true);
    }
    return [...runs.values()].some(({ record }) => !record || LIVE.includes(record.state)) ? LIVE_MS : RESTING_MS;
  }

  function draw() {
    const palette = colours(root);
    const shades = seriesColours(
      root,
      data.groups.map((group) => group.algorithm),
    );
    const unit = timeUnit(Math.max(0, ...[...runs.values()].map(({ table }) => table.newest("wall_s") || 0)));
    const groups = data.groups.map((group, place) => ({
      ...group,
      colour: shades[place],
      members: group.runs.map((id) => runs.get(id)),
      shown: !hidden.has(String(group.runs)),
    }));
    entries.forEach((entry, place) => entry.update(groups[place], data.metrics[0]));
    charts.forEach((chart) => chart.draw({ groups: groups.filter((group) => group.shown), view, unit, palette }));
  }

  const resized = new ResizeObserver(draw);
  resized.observe(root);
  const clock = clockwork(turn);
  return {
    kept,
    stop() {
      clock.stop();
      resized.disconnect();
      charts.forEach((chart) => chart.remove());
      VIEWS.delete(root.parentElement);
    },
  };
}

/** Fetch what is new of a run; a deleted run counts as one without points. True if anything changed. */
async function fetched(id, run) {
  if (run.record && ["finished", "missing"].includes(run.record.state)) return false;
  try {
    const answer = await metrics(id, run.table.last, ROWS);
    if (answer.last_step < run.table.last) run.table.clear();
    const changed = run.record?.state !== answer.run.state;
    run.record = answer.run;
    return run.table.append(answer) > 0 || changed;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    run.record = { state: "missing" };
    return true;
  }
}

function legendEntry(group, shown, toggled) {
  const box = el("input", { type: "checkbox" });
  box.checked = shown;
  box.addEventListener("change", () => toggled(box.checked));
  const dot = el("i", { class: "swatch", "aria-hidden": "true" });
  const figures = el("span", { class: "hint" });
  return {
    node: el(
      "label",
      { class: "entry" },
      box,
      dot,
      el("b", { text: group.label || algorithmName(group.algorithm) }),
      figures,
    ),
    update({ colour, members }, metric) {
      dot.style.background = colour;
      const newest = members.map(({ table }) => table.newest(metric.name)).filter((value) => !Number.isNaN(value));
      const mean = newest.reduce((sum, value) => sum + value, 0) / newest.length;
      const value = newest.length ? (metric.unit === "share" ? percent(mean) : number(mean)) : "no points yet";
      say(figures, members.length > 1 ? `${value} · ${newest.length} of ${members.length} seeds` : value);
    },
  };
}

function chartCard(metric, seeds, controls) {
  const plot = el("div", { class: "plot", role: "img", "aria-label": `${metric.label} of all groups` });
  const reset = el("button", {
    type: "button",
    class: "quiet",
    text: "Reset zoom",
    hidden: true,
    onclick: () => chart.reset(),
  });
  const chart = livePlot(
    plot,
    (given, zoom) => figure(metric, given, zoom),
    (zoomed) => show(reset, zoomed),
  );
  const heading = el("h2", { text: metric.label, title: metric.estimator });
  const about = el("p", {
    class: "hint",
    text: `${metric.meaning}${seeds ? "; bold: mean over seeds, band: one standard deviation" : ""}`,
  });
  return {
    ...chart,
    node: el(
      "section",
      { class: "card overlay", "data-metric": metric.name },
      el("div", { class: "row head" }, heading, reset, ...(controls ? [controls] : [])),
      about,
      el("div", { class: "holds" }, plot),
    ),
  };
}

function figure(metric, { groups, view, unit, palette }, zoom) {
  const share = metric.unit === "share";
  const lines = groups.map((group) => ({
    ...group,
    curves: group.members.map(({ table }) => curve(table, metric.name, view, unit, POINTS)).filter(({ x }) => x.length),
  }));
  const log = view.log && lines.some(({ curves }) => curves.some(({ y }) => y.some((value) => value > 0)));
  const traces = lines.flatMap((line) => tracesOf(line, share ? ".1~%" : ".4~g"));
  const values = traces.filter((trace) => trace.fill === undefined).flatMap((trace) => trace.y);
  const newest = Math.max(0, ...lines.flatMap(({ curves }) => curves.map(({ x }) => x[x.length - 1])));
  const range = zoom && zoom.log === log ? zoom.y : span(values, { band: null, main: true }, log);
  const layout = {
    ...frame(palette, true),
    xaxis: xAxis(palette, zoom ? zoom.x : [0, ceiling(newest, newest)], view, unit, true),
    yaxis: yAxis(palette, range, log, share, true),
    annotations: unlogged(values, log, view.log, palette),
  };
  return { traces, layout };
}

function tracesOf({ curves, colour, label, algorithm, members }, format) {
  const name = plain(label || algorithmName(algorithm));
  const hovertemplate = `%{y:${format}} ${name}<extra></extra>`;
  const mode = (one) => (one.x.length === 1 ? "markers" : "lines"); // a line of one point cannot be seen
  const bold = { line: { color: colour, width: 2.2 }, marker: { color: colour, size: 7 }, hovertemplate };
  if (members.length === 1) return curves.map((one) => ({ x: one.x, y: one.y, ...bold, mode: mode(one) }));
  const faintly = curves.map((one) => ({
    x: one.x,
    y: one.y,
    mode: mode(one),
    marker: { color: faint(colour, 0.5), size: 5 },
    hoverinfo: "skip",
    line: { color: faint(colour, 0.28), width: 1 },
  }));
  const mean = averaged(curves.map(({ all }) => all));
  if (curves.length < 2 || !mean.x.length) return faintly;
  const edge = (sign) => mean.mean.map((value, place) => value + sign * mean.sd[place]);
  const band = {
    x: [...mean.x, ...mean.x.toReversed()],
    y: [...edge(1), ...edge(-1).toReversed()],
    fill: "toself",
    mode: "lines",
    fillcolor: faint(colour, 0.16),
    line: { width: 0 },
    hoverinfo: "skip",
  };
  return [band, ...faintly, { x: mean.x, y: mean.mean, ...bold, mode: mode(mean) }];
}
