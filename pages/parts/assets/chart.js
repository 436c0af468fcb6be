// A metric of one run as it grows: raw curve faint, smoothed bold, limits, healthy band, marks where settings changed.

import { markNames } from "./marks.js";
import { ceiling, frame, limitLines, limitNames, livePlot, span, unlogged, xAxis, yAxis } from "./plot.js";
import { drawn, smoothed } from "./table.js";
import { faint } from "./theme.js";

const POINTS = 700;
const NAMES = 10; // px more above the plot, where what was changed is named

/**
 * A chart in `node`. `spec`: { name, share, band: [low, high]|null, exact, tests, main }: exact ones are not smoothed,
 * `tests` names a metric to be shown as rings. Its draw takes { table, view, unit, colour, palette, limits:
 * [{ value, name }], marks: [{ step, name }], end, over }; end is where the x axis will end, over says that nothing more
 * comes.
 */
export function lineChart(node, spec, onzoom) {
  return livePlot(node, (given, zoom) => figure(spec, node.clientWidth, given, zoom), onzoom);
}

function figure(spec, width, { table, view, unit, colour, palette, limits, marks, end, over }, zoom) {
  const x = table.x(view.x, unit);
  const raw = table.column(spec.name);
  const log = view.log && raw.some((value) => value > 0);
  const smooth = spec.exact ? raw : smoothed(raw, table.steps, view.smooth);
  const from = zoom ? zoom.x[0] - (zoom.x[1] - zoom.x[0]) : -Infinity;
  const to = zoom ? zoom.x[1] + (zoom.x[1] - zoom.x[0]) : Infinity;
  const rows = drawn(x, raw, from, to, POINTS);
  const pick = (column, chosen) => chosen.map((row) => column[row]);
  const bold = smooth === raw ? rows : drawn(x, smooth, from, to, POINTS);
  const format = spec.share ? ".1~%" : ".4~g";
  const last = bold.length ? bold[bold.length - 1] : null;
  const traces = [
    {
      x: pick(x, rows),
      y: pick(raw, rows),
      mode: "lines",
      hoverinfo: "skip",
      line: { color: faint(colour, 0.28), width: 1 },
    },
    {
      x: pick(x, bold),
      y: pick(smooth, bold),
      mode: bold.length === 1 ? "markers" : "lines",
      line: { color: colour, width: 2.2 },
      marker: { color: colour, size: 7 },
      customdata: pick(raw, bold),
      hovertemplate: `%{y:${format}} <i>(%{customdata:${format}})</i><extra></extra>`,
    },
    {
      x: last === null ? [] : [x[last]],
      y: last === null ? [] : [smooth[last]],
      mode: "markers",
      cliponaxis: false,
      hoverinfo: "skip",
      marker: { color: colour, size: spec.main ? 9 : 5 },
    },
  ];
  const tested = spec.tests ? drawn(x, table.column(spec.tests), from, to, POINTS) : [];
  if (tested.length) {
    const y = pick(table.column(spec.tests), tested);
    const marker = { symbol: "circle-open", color: colour, size: 9, line: { width: 1.6 } };
    traces.push({
      x: pick(x, tested),
      y,
      mode: "markers",
      cliponaxis: false,
      marker,
      hovertemplate: `test %{y:${format}}<extra></extra>`,
    });
  }
  const values = [...pick(raw, rows), ...pick(table.column(spec.tests), tested), ...limits.map((limit) => limit.value)];
  const range = zoom && zoom.log === log ? zoom.y : span(values, spec, log);
  const newest = x.length ? x[x.length - 1] : 0;
  const stop = over ? newest * 1.01 : ceiling(newest, end);
  const across = zoom ? zoom.x : [0, stop];
  const { margin, ...rest } = frame(palette, spec.main);
  const told = spec.main ? marks.map(({ step, name }) => ({ x: x[table.rowOf(step)], name })) : [];
  const layout = {
    ...rest,
    margin: told.length ? { ...margin, t: margin.t + NAMES } : margin,
    xaxis: xAxis(palette, across, view, unit, spec.main),
    yaxis: yAxis(palette, range, log, spec.share, spec.main),
    shapes: [...bands(spec, palette), ...limitLines(limits, palette), ...changes(marks, table, x, palette)],
    annotations: [
      ...limitNames(limits, palette, log, spec.main ? "left" : "right"),
      ...markNames(told, across, width - margin.l - margin.r, palette),
      ...unlogged(raw, log, view.log, palette),
    ],
  };
  return { traces, layout };
}

function bands({ band }, palette) {
  if (!band) return [];
  const [low, high] = band;
  const edges = { y0: low ?? 0, y1: high ?? 1e9 };
  return [
    {
      type: "rect",
      xref: "paper",
      x0: 0,
      x1: 1,
      ...edges,
      fillcolor: palette.band,
      line: { width: 0 },
      layer: "below",
    },
  ];
}

function changes(marks, table, x, palette) {
  return marks.map(({ step }) => ({
    type: "line",
    yref: "paper",
    y0: 0,
    y1: 1,
    x0: x[table.rowOf(step)],
    x1: x[table.rowOf(step)],
    line: { color: palette.accent, width: 1.2, dash: "dot" },
  }));
}
