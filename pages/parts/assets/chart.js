// A live line chart: raw curve faint, smoothed bold, limits, healthy band and marks; zoom and hover survive new data.

import { PERCENT_TICKS, TICKS, plain } from "./format.js";
import { drawn, smoothed } from "./table.js";
import { faint } from "./theme.js";

const POINTS = 700;
const QUIET = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
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
 * A chart in `node`. `spec`: { name, label, share, band: [low, high]|null, main }.
 * draw({ table, view, unit, colour, palette, limits: [{ value, name }], marks: [{ step, name }], end, over }) puts what
 * is new on it (end: where the x axis will end; over: nothing more comes); reset() undoes a zoom; `onzoom(zoomed)` is told.
 */
export function lineChart(node, spec, onzoom = () => {}) {
  let plotly = null;
  let listening = false;
  let zoom = null;
  let hovered = null;
  let shown = null;

  function draw(given) {
    shown = given;
    if (!plotly || node._dragging || !node.clientWidth) return;
    const { traces, layout } = figure(spec, given, zoom);
    plotly.react(node, traces, { ...layout, width: node.clientWidth, height: node.clientHeight }, QUIET);
    if (!listening) listen();
    if (hovered) plotly.Fx.hover(node, hovered);
  }

  function listen() {
    listening = true;
    node.on("plotly_relayout", (change) => {
      if (!("xaxis.range[0]" in change || "yaxis.range[0]" in change)) return;
      const { xaxis, yaxis } = node.layout;
      zoom = { x: [...xaxis.range], y: [...yaxis.range], log: yaxis.type === "log" };
      onzoom(true);
    });
    node.on("plotly_hover", ({ event, points }) => {
      if (event) hovered = [{ curveNumber: points[0].curveNumber, xval: points[0].x }];
    });
    node.on("plotly_unhover", ({ event }) => {
      if (event) hovered = null;
    });
    node.on("plotly_doubleclick", () => reset());
  }

  function reset() {
    zoom = null;
    onzoom(false);
    if (shown) draw(shown);
  }

  loadPlotly().then((loaded) => {
    plotly = loaded;
    if (shown) draw(shown);
  });

  return {
    draw,
    reset,
    node,
    remove: () => plotly?.purge(node),
  };
}

function figure(spec, { table, view, unit, colour, palette, limits, marks, end, over }, zoom) {
  const x = table.x(view.x, unit);
  const raw = table.column(spec.name);
  const log = view.log && raw.some((value) => value > 0);
  const smooth = smoothed(raw, table.steps, view.smooth);
  const from = zoom ? zoom.x[0] - (zoom.x[1] - zoom.x[0]) : -Infinity;
  const to = zoom ? zoom.x[1] + (zoom.x[1] - zoom.x[0]) : Infinity;
  const rows = drawn(x, raw, from, to, POINTS);
  const pick = (column, chosen) => chosen.map((row) => column[row]);
  const bold = smooth === raw ? rows : drawn(x, smooth, from, to, POINTS);
  const format = spec.share ? ".1~%" : ".4~g";
  const last = bold.length ? bold[bold.length - 1] : null;
  const traces = [
    {
      x: pick(x, rows), y: pick(raw, rows), mode: "lines", hoverinfo: "skip",
      line: { color: faint(colour, 0.28), width: 1 },
    },
    {
      x: pick(x, bold), y: pick(smooth, bold), mode: bold.length === 1 ? "markers" : "lines",
      line: { color: colour, width: 2.2 }, marker: { color: colour, size: 7 },
      customdata: pick(raw, bold), hovertemplate: `%{y:${format}} <i>(%{customdata:${format}})</i><extra></extra>`,
    },
    {
      x: last === null ? [] : [x[last]], y: last === null ? [] : [smooth[last]], mode: "markers", hoverinfo: "skip",
      marker: { color: colour, size: spec.main ? 9 : 5 },
    },
  ];
  const values = [...pick(raw, rows), ...limits.map((limit) => limit.value)];
  const range = zoom && zoom.log === log ? zoom.y : span(values, spec, log);
  const newest = x.length ? x[x.length - 1] : 0;
  const stop = over ? newest * 1.01 : ceiling(newest, end);
  const layout = {
    ...frame(palette, spec.main),
    xaxis: { ...axis(palette), range: zoom ? zoom.x : [0, stop], showgrid: false, hoverformat: ".4~s", nticks: spec.main ? 7 : 4, tickformatstops: TICKS, zeroline: false, ...(view.x === "time" ? { ticksuffix: suffix(unit) } : {}) },
    yaxis: { ...axis(palette), range, type: log ? "log" : "linear", nticks: spec.main ? 7 : 4, tickformatstops: spec.share ? PERCENT_TICKS : TICKS, zeroline: false },
    shapes: [...bands(spec, palette), ...lines(limits, palette), ...changes(marks, table, x, palette)],
    annotations: [...limitNames(limits, palette, log, spec.main ? "left" : "right"), ...(spec.main ? names(marks, table, x, palette) : [])],
  };
  return { traces, layout };
}

/** The y range: data, limits and, where the data is near it, the healthy band; rounded so that it rarely moves. */
function span(values, spec, log) {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (!finite.length) return log ? [-1, 1] : [0, 1];
  let low = Math.min(...finite);
  let high = Math.max(...finite);
  if (log) return [Math.log10(low) - 0.1, Math.log10(high) + 0.1];
  if (spec.band && high > 0) {
    const [from, to] = spec.band;
    if (to !== null && to < 4 * high) high = Math.max(high, to);
    if (from !== null && from > low - 4 * (high - low)) low = Math.min(low, from);
  }
  if (low >= 0 && low < 0.4 * high) low = 0;
  const step = 10 ** Math.floor(Math.log10(Math.max(high - low, Math.abs(high) * 1e-3, 1e-9))) / 5;
  const room = spec.main ? 0.04 : 0.08;
  const top = Math.ceil((high + room * (high - low)) / step) * step;
  const bottom = low === 0 ? 0 : Math.floor((low - room * (high - low)) / step) * step;
  return top > bottom ? [bottom, top] : [bottom - step, top + step];
}

/** The right end of the x axis: a round number past the newest point, never past the run's end. */
function ceiling(newest, end) {
  if (!(newest > 0)) return end ?? 1;
  const size = 10 ** Math.floor(Math.log10(newest));
  const round = [1.2, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15].map((part) => part * size).find((edge) => edge >= newest * 1.04);
  return end && end < round * 1.3 ? Math.max(newest, end) * 1.01 : round;
}

const suffix = (unit) => ({ 1: " s", 60: " min", 3600: " h" })[unit];

function axis(palette) {
  return {
    gridcolor: palette.line, linecolor: palette.line, tickfont: { color: palette.muted, size: 11 },
    exponentformat: "SI", fixedrange: window.matchMedia("(pointer: coarse)").matches, automargin: false,
  };
}

function frame(palette, main) {
  return {
    margin: main ? { l: 46, r: 18, t: 14, b: 28 } : { l: 46, r: 8, t: 8, b: 24 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "x",
    dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
    font: { family: palette.font, color: palette.muted, size: 11 },
    hoverlabel: { bgcolor: palette.card, bordercolor: palette.line, font: { color: palette.text, size: 12, family: palette.font } },
    transition: { duration: 0 },
  };
}

function bands({ band }, palette) {
  if (!band) return [];
  const [low, high] = band;
  const edges = { y0: low ?? 0, y1: high ?? 1e9 };
  return [{ type: "rect", xref: "paper", x0: 0, x1: 1, ...edges, fillcolor: palette.band, line: { width: 0 }, layer: "below" }];
}

function lines(limits, palette) {
  return limits.map(({ value }) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value, line: { color: palette.muted, width: 1.2, dash: "dash" },
  }));
}

/** A limit's name stands on its line, over the curves. */
function limitNames(limits, palette, log, side) {
  return limits.map(({ value, name }) => ({
    xref: "paper", x: side === "left" ? 0 : 1, xanchor: side, y: log ? Math.log10(value) : value, yanchor: "bottom", showarrow: false,
    text: plain(name), font: { color: palette.muted, size: 11 }, bgcolor: faint(palette.card, 0.75), borderpad: 1,
  }));
}

function changes(marks, table, x, palette) {
  return marks.map(({ step }) => ({
    type: "line", yref: "paper", y0: 0, y1: 1, x0: x[table.rowOf(step)], x1: x[table.rowOf(step)],
    line: { color: palette.accent, width: 1.2, dash: "dot" },
  }));
}

function names(marks, table, x, palette) {
  return marks.slice(-6).map(({ step, name }, place) => ({
    x: x[table.rowOf(step)], y: 1, yref: "paper", yanchor: "top", xanchor: "left", yshift: -14 * (place % 3),
    text: plain(name), showarrow: false, font: { color: palette.accent, size: 11 }, bgcolor: palette.card,
  }));
}
