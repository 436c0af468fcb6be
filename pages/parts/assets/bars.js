// Two pictures of the last update: the ratios against the clip bounds, and TRPO's line search.

import { TICKS } from "./format.js";
import { frame, livePlot } from "./plot.js";

const TRIES = 10;

/** The newest histogram of new / old probabilities; bars outside the clip range in another colour. */
export function ratioHistogram(node, edges) {
  const bins = edges.length - 1;
  const middle = edges.slice(0, bins).map((edge, place) => (edge + edges[place + 1]) / 2);
  const name = (place) => `ratio_bin_${String(place).padStart(2, "0")}`;
  return still(node, ({ table, colour, palette, clip }) => {
    const shares = middle.map((_, place) => table.newest(name(place)));
    if (shares.some(Number.isNaN)) return null;
    const outside = (ratio) => clip !== null && Math.abs(ratio - 1) > clip + 1e-9;
    const bounds = clip === null ? [] : [1 - clip, 1 + clip];
    return {
      traces: [
        {
          type: "bar",
          x: middle,
          y: shares,
          width: (edges[1] - edges[0]) * 0.86,
          hovertemplate: "ratio %{x:.2f}: %{y:.1~%}<extra></extra>",
          marker: { color: middle.map((ratio) => (outside(ratio) ? palette.trpo : colour)) },
        },
      ],
      layout: {
        xaxis: { range: [edges[0], edges[bins]], tickvals: [...bounds, 1].sort(), tickformat: ".2~f" },
        yaxis: { visible: false },
        shapes: [1, ...bounds].map((ratio) => upright(ratio, palette, ratio !== 1)),
      },
    };
  });
}

/** What TRPO's last line search met: gain (bold) and KL (thin) at each step length, the KL limit dashed. */
export function lineSearch(node) {
  return still(node, ({ table, colour, palette, shrink, maxKl }) => {
    const row = lastSearch(table);
    if (row === null) return null;
    const tries = [...Array(TRIES).keys()].filter(
      (place) => !Number.isNaN(table.column(`line_search_kl_${place}`)[row] ?? NaN),
    );
    const lengths = [...tries.map((place) => shrink ** place), 0]; // no step: no gain, no KL
    const read = (kind) => [...tries.map((place) => table.column(`line_search_${kind}_${place}`)[row]), 0];
    const common = { x: lengths, mode: "lines+markers" };
    const sizes = (usual) =>
      lengths.map((length, place) => (place === tries.length - 1 ? usual + 4 : length ? usual : 0));
    const limit =
      maxKl === null
        ? []
        : [
            {
              type: "line",
              xref: "paper",
              x0: 0,
              x1: 1,
              yref: "y2",
              y0: maxKl,
              y1: maxKl,
              line: { color: palette.muted, width: 1.2, dash: "dash" },
              label: {
                text: "KL limit",
                textposition: "start",
                yanchor: "bottom",
                padding: 6,
                font: { color: palette.muted, size: 11 },
              },
            },
          ];
    return {
      traces: [
        {
          ...common,
          y: read("gain"),
          line: { color: colour, width: 2.2 },
          marker: { size: sizes(6), opacity: 1 },
          hovertemplate: "gain %{y:.3~g}<extra></extra>",
        },
        {
          ...common,
          y: read("kl"),
          yaxis: "y2",
          line: { color: palette.muted, width: 1.2 },
          marker: { size: sizes(4), opacity: 1 },
          hovertemplate: "KL %{y:.3~g}<extra></extra>",
        },
      ],
      layout: {
        xaxis: { range: [-0.06, 1.06], tickformat: ".0%", nticks: 4 },
        yaxis: { tickformatstops: TICKS, nticks: 4, rangemode: "tozero", tickfont: { color: palette.text, size: 11 } },
        yaxis2: {
          overlaying: "y",
          side: "right",
          showgrid: false,
          color: palette.muted,
          tickfont: { color: palette.muted, size: 11 },
          zeroline: false,
          fixedrange: true,
          nticks: 3,
          tickformat: ".2~g",
          ...(maxKl
            ? { range: [0, Math.max(maxKl * 1.35, ...read("kl")) * 1.1], tickvals: [0, maxKl] }
            : { rangemode: "tozero" }),
        },
        shapes: limit,
        margin: { l: 46, r: 40, t: 10, b: 24 },
      },
    };
  });
}

function lastSearch(table) {
  const first = table.column("line_search_kl_0");
  for (let row = first.length - 1; row >= 0; row -= 1) if (!Number.isNaN(first[row])) return row;
  return null;
}

/** A chart of the newest row only: nothing to zoom in on. */
function still(node, figure) {
  return livePlot(node, (given) => {
    const made = figure(given);
    if (!made) return null;
    const { palette } = given;
    const axis = {
      gridcolor: palette.line,
      tickfont: { color: palette.muted, size: 11 },
      zeroline: false,
      fixedrange: true,
    };
    const layout = {
      ...frame(palette, false),
      dragmode: false,
      bargap: 0.1,
      margin: { l: 12, r: 12, t: 10, b: 24 },
      ...made.layout,
      xaxis: { ...axis, showgrid: false, ...made.layout.xaxis },
      yaxis: { ...axis, ...made.layout.yaxis },
    };
    return { traces: made.traces, layout };
  });
}

function upright(x, palette, bound) {
  return {
    type: "line",
    yref: "paper",
    y0: 0,
    y1: 1,
    x0: x,
    x1: x,
    line: { color: bound ? palette.text : palette.muted, width: 1.2, dash: bound ? "dash" : "dot" },
  };
}
