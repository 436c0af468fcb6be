// What all plotly.js charts of the pages share: loading it, zoom and hover that survive new data, axes and frames.

import { PERCENT_TICKS, TICKS, plain } from "./format.js";
import { faint } from "./theme.js";

const QUIET = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
const touch = window.matchMedia("(pointer: coarse)").matches;
const KEYS = { "+": [0.5, 0], "-": [2, 0], ArrowLeft: [1, -0.25], ArrowRight: [1, 0.25], Escape: "reset" };
let library = null;

/** plotly.js, fetched once for the page. */
export function loadPlotly() {
  library ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly);
    const script = document.createElement("script");
    script.src = new URL("plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      reject(new Error("The chart library could not be loaded"));
    };
    document.head.append(script);
  });
  return library;
}

/**
 * A chart that lives in `node`. `figure(given, zoom)` makes { traces, layout }, or null while there is nothing to show.
 * draw(given) puts what is new on it; reset() undoes a zoom, of which `onzoom(zoomed)` is told; remove() ends it.
 * With the keyboard: + and - zoom, the arrows move, Escape undoes.
 */
export function livePlot(node, figure, onzoom = null) {
  let plotly = null;
  let listening = false;
  let zoom = null;
  let hovered = null;
  let shown = null;

  function draw(given) {
    shown = given;
    const made = plotly && !node._dragging && node.clientWidth ? figure(given, zoom) : null;
    if (!made) return;
    plotly.react(node, made.traces, { ...made.layout, width: node.clientWidth, height: node.clientHeight }, QUIET);
    if (!listening) listen();
    if (hovered) plotly.Fx.hover(node, hovered);
  }

  function listen() {
    listening = true;
    node.on("plotly_relayout", (change) => {
      if (!("xaxis.range[0]" in change || "yaxis.range[0]" in change)) return;
      const { xaxis, yaxis } = node.layout;
      zoom = { x: [...xaxis.range], y: [...yaxis.range], log: yaxis.type === "log" };
      onzoom?.(true);
    });
    node.on("plotly_hover", ({ event, points }) => {
      if (event) hovered = [{ curveNumber: points[0].curveNumber, xval: points[0].x }];
    });
    node.on("plotly_unhover", ({ event }) => {
      if (event) hovered = null;
    });
    node.on("plotly_doubleclick", reset);
    if (!onzoom) return;
    node.tabIndex = 0;
    node.addEventListener("keydown", (event) => {
      const change = KEYS[event.key];
      if (!change || event.ctrlKey || event.metaKey || event.altKey || event.target !== node) return;
      event.preventDefault();
      if (change === "reset") reset();
      else move(...change);
    });
  }

  /** Zoom in on the middle of the x axis by `factor`, or move along it by `share` of what is shown. */
  function move(factor, share) {
    const { xaxis, yaxis } = node.layout;
    const [from, to] = xaxis.range;
    const middle = (from + to) / 2 + share * (to - from);
    const half = (factor * (to - from)) / 2;
    zoom = { x: [middle - half, middle + half], y: [...yaxis.range], log: yaxis.type === "log" };
    onzoom?.(true);
    draw(shown);
  }

  function reset() {
    zoom = null;
    onzoom?.(false);
    if (shown) draw(shown);
  }

  loadPlotly().then((loaded) => {
    plotly = loaded;
    if (shown) draw(shown);
  });
  return { draw, reset, remove: () => plotly?.purge(node) };
}

/** Margins, fonts and colours of a chart; `main` for a large one. */
export function frame(palette, main) {
  return {
    margin: main ? { l: 46, r: 18, t: 14, b: 28 } : { l: 46, r: 8, t: 8, b: 24 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    hovermode: "x",
    dragmode: touch ? false : "zoom",
    font: { family: palette.font, color: palette.muted, size: 11 },
    hoverlabel: {
      bgcolor: palette.card,
      bordercolor: palette.line,
      font: { color: palette.text, size: 12, family: palette.font },
    },
  };
}

/** A horizontal axis that counts steps, iterations or time, of which `unit` is that of time in seconds. */
export function xAxis(palette, range, view, unit, main) {
  return {
    ...axis(palette),
    range,
    showgrid: false,
    hoverformat: ".4~s",
    nticks: main ? 7 : 4,
    tickformatstops: TICKS,
    ticksuffix: view.x === "time" ? { 1: " s", 60: " min", 3600: " h" }[unit] : "",
  };
}

export function yAxis(palette, range, log, share, main) {
  const ticks = log ? { tickformat: share ? "~%" : "~g", dtick: decades(range[1] - range[0]) } : { tickformatstops: share ? PERCENT_TICKS : TICKS };
  return { ...axis(palette), range, type: log ? "log" : "linear", nticks: main ? 7 : 4, ...ticks };
}

/** Ticks of a logarithmic axis over so many powers of ten: every digit, 1, 2 and 5, or the powers alone. */
const decades = (span) => (span < 0.7 ? "D1" : span < 2.2 ? "D2" : Math.ceil(span / 6));

function axis(palette) {
  return {
    gridcolor: palette.line,
    linecolor: palette.line,
    tickfont: { color: palette.muted, size: 11 },
    exponentformat: "SI",
    fixedrange: touch,
    automargin: false,
    zeroline: false,
  };
}

/** The unit of a time axis, in seconds, for a run that took so long. */
export const timeUnit = (seconds) => (seconds > 3 * 3600 ? 3600 : seconds > 180 ? 60 : 1);

/** The y range: data, limits and, where the data is near it, the healthy band; rounded so that it rarely moves. */
export function span(values, { band, main }, log) {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (!finite.length) return log ? [-1, 1] : [0, 1];
  let [low, high] = [finite[0], finite[0]];
  for (const value of finite) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (log) return [Math.log10(low) - 0.1, Math.log10(high) + 0.1];
  if (low === 0 && high === 0) return [0, 1];
  if (high - low < 1e-6 * Math.abs(high)) [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (band && high > 0) {
    const [from, to] = band;
    if (to !== null && to < 4 * high) high = Math.max(high, to);
    if (from !== null && from > low - 4 * (high - low)) low = Math.min(low, from);
  }
  if (low >= 0 && low < 0.4 * high) low = 0;
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, Math.abs(high) * 1e-3, 1e-9))) / 5;
  const room = main ? 0.04 : 0.08;
  const top = Math.ceil((high + room * (high - low)) / step) * step;
  const bottom = low === 0 ? 0 : Math.floor((low - room * (high - low)) / step) * step;
  return top > bottom ? [bottom, top] : [bottom - step, top + step];
}

/** The right end of the x axis: a round number past the newest point, never past the run's end. */
export function ceiling(newest, end) {
  if (!(newest > 0)) return end ?? 1;
  const size = 10 ** Math.floor(Math.log10(newest));
  const round = [1.2, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15]
    .map((part) => part * size)
    .find((edge) => edge >= newest * 1.04);
  return end && end < round * 1.3 ? Math.max(newest, end) * 1.01 : round;
}

/** What a logarithmic axis says of values that have no logarithm; nothing where all have one. */
export function unlogged(values, log, wanted, palette) {
  if (!wanted || !values.some((value) => value <= 0)) return [];
  const text = log ? "log: 0 and below are left out" : "no log: no value above 0";
  const at = { xref: "paper", x: 1, xanchor: "right", yref: "paper", y: 1, yanchor: "top" };
  return [{ ...at, text, showarrow: false, font: { color: palette.muted, size: 11 }, bgcolor: faint(palette.card, 0.75) }];
}

/** A limit's name stands on its line, over the curves. */
export function limitNames(limits, palette, log, side) {
  return limits.map(({ value, name }) => ({
    xref: "paper",
    x: side === "left" ? 0 : 1,
    xanchor: side,
    y: log ? Math.log10(value) : value,
    yanchor: "bottom",
    showarrow: false,
    text: plain(name),
    font: { color: palette.muted, size: 11 },
    bgcolor: faint(palette.card, 0.75),
    borderpad: 1,
  }));
}

export function limitLines(limits, palette) {
  return limits.map(({ value }) => ({
    type: "line",
    xref: "paper",
    x0: 0,
    x1: 1,
    y0: value,
    y1: value,
    line: { color: palette.muted, width: 1.2, dash: "dash" },
  }));
}
