// Lines over iterations or env steps on a linear axis: sampled ones faint, bands over seeds, limits dashed.

import { svg } from "./dom.js";
import { grouped, number } from "./format.js";
import { drawn } from "./table.js";

const FRAME = { left: 50, right: 104, top: 10, bottom: 22 };
const POINTS = 300;

/**
 * Draw into the svg `picture`: lines [{ points: [[x, y]], colour, name, faint, band: [[x, low, high]] }], dashed
 * [[name, y]], at: an x to mark or null, unit: what x counts.
 */
export function drawLines(picture, { lines, dashed = [], at = null, unit }) {
  const { clientWidth: width, clientHeight: height } = picture;
  if (!width) return;
  const kept = lines.map((line) => ({ ...line, points: thinned(line.points) })).filter(({ points }) => points.length);
  const bands = lines.flatMap(({ band = [] }) => band.flatMap(([, low, high]) => [low, high]));
  const values = [...kept.flatMap(({ points }) => points.map(([, y]) => y)), ...bands, ...dashed.map(([, y]) => y)];
  if (!values.length) return picture.replaceChildren();
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const end = Math.max(1, ...kept.flatMap(({ points }) => points.map(([x]) => x)));
  const x = (value) => FRAME.left + (value / end) * (width - FRAME.left - FRAME.right);
  const y = (value) => FRAME.top + ((high - value) / (high - low || 1)) * (height - FRAME.top - FRAME.bottom);
  const right = width - FRAME.right;
  const ends = [...new Set([low, high])];
  picture.replaceChildren(
    ...ends.map((value) => svg("text", { class: "tick end", x: FRAME.left - 8, y: y(value) + 4, text: number(value) })),
    svg("text", { class: "tick", x: FRAME.left, y: height - 4, text: "0" }),
    svg("text", { class: "tick end", x: right, y: height - 4, text: `${grouped(end)} ${unit}` }),
    ...dashed.map(([, value]) => svg("path", { class: "best", d: `M${FRAME.left} ${y(value)}H${right}` })),
    ...lines.filter(({ band }) => band?.length).map((line) => banded(line, x, y)),
    ...kept.map((line) => stroke(line, x, y)),
    ...(at === null ? [] : [svg("path", { class: "now", d: `M${x(at)} ${FRAME.top}V${height - FRAME.bottom}` })]),
    ...names(kept, dashed, y, right, height),
  );
}

function thinned(points) {
  const known = points.filter(([, value]) => Number.isFinite(value));
  const columns = [known.map(([x]) => x), known.map(([, value]) => value)];
  return drawn(...columns, -Infinity, Infinity, POINTS).map((row) => known[row]);
}

const path = (points, x, y) =>
  points.map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");

function stroke({ points, colour, name = "", faint }, x, y) {
  if (points.length === 1) return svg("circle", { cx: x(points[0][0]), cy: y(points[0][1]), r: 3, fill: colour });
  return svg("path", { class: `curve ${faint ? "faint" : ""}`, d: path(points, x, y), stroke: colour, "data-line": name });
}

function banded({ band, colour }, x, y) {
  const over = path(band.map(([at, , high]) => [at, high]), x, y);
  const under = path(band.map(([at, low]) => [at, low]).reverse(), x, y).replace("M", "L");
  return svg("path", { class: "band", d: `${over}${under}Z`, fill: colour });
}

/** Names beside the ends of the lines, pushed apart where they would overlap. */
function names(lines, dashed, y, right, height) {
  const placed = [
    ...lines.filter(({ name }) => name).map(({ name, colour, points }) => ({ name, colour, y: y(points.at(-1)[1]) })),
    ...dashed.map(([name, value]) => ({ name, y: y(value) })),
  ].sort((one, other) => one.y - other.y);
  let above = -Infinity;
  for (const one of placed) above = one.at = Math.max(one.y, above + 14, FRAME.top + 4);
  const over = Math.max(0, above - (height - FRAME.bottom));
  return placed.flatMap(({ name, colour, at }) => [
    ...(colour ? [svg("path", { d: `M${right + 6} ${at - over}h7`, stroke: colour, "stroke-width": 3 })] : []),
    svg("text", { class: "name", x: right + 17, y: at - over + 4, text: name }),
  ]);
}
