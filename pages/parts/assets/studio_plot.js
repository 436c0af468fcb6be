// The studio's small drawings as SVG: densities laid over one another, a curve of the run, a transform with its point.

import { svg } from "./dom.js";
import { grouped, number } from "./format.js";

const WIDE = 320;
const COURSE = { wide: 760, narrow: 340 };
const POINTS = 96;

/** Gaussian kernel density of `values` at POINTS places of [low, high] (Silverman 1986, eq. 3.31), as [[x, height]]. */
export function density(values, low, high) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const rough = Math.min(spread, (quartile(0.75) - quartile(0.25)) / 1.34) || spread;
  const width = Math.max(0.9 * rough * values.length ** -0.2, (high - low) / 60);
  const scale = 1 / (values.length * width * Math.sqrt(2 * Math.PI));
  return Array.from({ length: POINTS }, (_, place) => {
    const x = low + ((high - low) * place) / (POINTS - 1);
    return [x, scale * values.reduce((sum, value) => sum + Math.exp(-0.5 * ((x - value) / width) ** 2), 0)];
  });
}

const trace = (points) => points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

function frame(label, high, wide = WIDE) {
  return svg("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label, class: "sketch" });
}

const write = (x, y, text, anchor = "middle") => {
  const node = svg("text", { x, y, "text-anchor": anchor });
  node.textContent = text;
  return node;
};

/** What it was taught and what it writes now, as two densities over [low, high] of a property. */
export function densities(taught, now, [low, high], label) {
  const tall = 128;
  const base = tall - 20;
  const node = frame(label, tall);
  const curves = [
    ["taught", taught],
    ["now", now],
  ]
    .filter(([, values]) => values?.length > 1)
    .map(([name, values]) => [name, density(values, low, high)]);
  const most = Math.max(1e-9, ...curves.flatMap(([, points]) => points.map(([, height]) => height)));
  for (const [name, points] of curves) {
    const placed = points.map(([x, height]) => [((x - low) / (high - low)) * WIDE, base - (height / most) * (base - 8)]);
    node.append(
      svg("path", { class: `area ${name}`, d: `M0 ${base}${trace(placed).replace("M", "L")}L${WIDE} ${base}Z` }),
      svg("path", { class: `line ${name}`, d: trace(placed) }),
    );
  }
  node.append(svg("path", { class: "axis", d: `M0 ${base}H${WIDE}` }));
  node.append(write(2, tall - 5, number(low), "start"), write(WIDE / 2, tall - 5, number((low + high) / 2)));
  node.append(write(WIDE - 2, tall - 5, number(high), "end"));
  return node;
}

/** Scores over the run, 0 to 1: `lines` [{ name, values }] over `x`, and a mark where the picture stands. */
export function curve(x, lines, at, label) {
  const tall = 150;
  const base = tall - 20;
  const wide = window.innerWidth < 600 ? COURSE.narrow : COURSE.wide;
  const node = frame(label, tall, wide);
  const end = Math.max(1, x[x.length - 1] ?? 1);
  const place = (value) => (value / end) * (wide - 30) + 28;
  for (const height of [0, 0.5, 1]) {
    const y = base - height * (base - 8);
    node.append(svg("path", { class: "grid", d: `M28 ${y.toFixed(1)}H${wide}` }), write(22, y + 4, number(height), "end"));
  }
  const step = Math.max(1, Math.floor(x.length / 240));
  for (const { name, values } of lines) {
    const points = x
      .map((value, row) => [place(value), base - Math.max(0, Math.min(1, values[row])) * (base - 8), row])
      .filter(([, height, row]) => Number.isFinite(height) && (row % step === 0 || row === x.length - 1));
    if (points.length === 1) node.append(svg("circle", { class: `line ${name}`, cx: points[0][0], cy: points[0][1], r: 3 }));
    else if (points.length) node.append(svg("path", { class: `line ${name}`, d: trace(points) }));
  }
  if (at !== null) node.append(svg("path", { class: "at", d: `M${place(at).toFixed(1)} 0V${base}` }));
  node.append(write(wide - 2, tall - 5, `${grouped(end)} molecules`, "end"));
  return node;
}

/** How a raw value becomes 0 to 1: the curve, and the point where this molecule lies. */
export function transformed({ x, y }, value, part, label) {
  const tall = 56;
  const base = tall - 14;
  const node = frame(label, tall);
  const [low, high] = [Math.min(x[0], value ?? x[0]), Math.max(x[x.length - 1], value ?? x[0])];
  const place = (at) => ((at - low) / (high - low || 1)) * (WIDE - 8) + 4;
  const height = (share) => base - share * (base - 6);
  node.append(svg("path", { class: "axis", d: `M0 ${base}H${WIDE}` }));
  node.append(svg("path", { class: "line now", d: trace(x.map((at, row) => [place(at), height(y[row])])) }));
  if (Number.isFinite(value) && Number.isFinite(part))
    node.append(svg("circle", { class: "point", cx: place(value).toFixed(1), cy: height(part).toFixed(1), r: 4.5 }));
  node.append(write(2, tall - 2, number(low), "start"), write(WIDE - 2, tall - 2, number(high), "end"));
  return node;
}
