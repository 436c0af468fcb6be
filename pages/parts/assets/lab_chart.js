// "How close to the answer": lines over sweeps or backups on one logarithmic axis, with the shown sweep marked.

import { el, svg } from "./dom.js";
import { grouped, number } from "./format.js";

const HEIGHT = 190;
const FRAME = { left: 46, right: 126, top: 12, bottom: 26 };
const FLOOR = 1e-13; // below this rounding draws the line

/** A chart `node`; draw({ lines: [{ name, colour, points: [[x, y]] }], at, unit }); picked(x) when it is clicked. */
export function logChart(label, picked = null) {
  const picture = svg("svg", { class: "logs", role: "img", "aria-label": label });
  const node = el("div", { class: "chart" }, picture);
  let across = null;
  let shown = null;
  const resized = new ResizeObserver(() => shown && draw(shown));
  resized.observe(node);
  if (picked) {
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      const share = (event.clientX - box.left - FRAME.left) / (box.width - FRAME.left - FRAME.right);
      if (across) picked(Math.round(Math.min(1, share) * across));
    });
  }

  function draw(given) {
    shown = given;
    const { lines, at, unit } = given;
    const width = node.clientWidth;
    if (!width) return;
    const right = width - FRAME.right;
    const kept = lines.map((line) => ({
      ...line,
      points: line.points.filter(([, y]) => y > FLOOR && Number.isFinite(y)),
    }));
    const drawn = kept.filter(({ points }) => points.length);
    const all = drawn.flatMap(({ points }) => points);
    if (!all.length) return picture.replaceChildren();
    across = Math.max(1, ...lines.flatMap(({ points }) => points.map(([x]) => x)));
    const high = Math.ceil(Math.log10(Math.max(...all.map(([, y]) => y))) + 0.05);
    const low = Math.min(high - 1, Math.floor(Math.log10(Math.min(...all.map(([, y]) => y)))));
    const x = (value) => FRAME.left + (value / across) * (right - FRAME.left);
    const y = (value) => FRAME.top + ((high - Math.log10(value)) / (high - low)) * (HEIGHT - FRAME.top - FRAME.bottom);
    picture.replaceChildren(
      ...levels(low, high).flatMap((power) => level(power, y(10 ** power), right)),
      ...[0, 0.5, 1].map((part) => tick(part, across, x, unit)),
      ...(at === null || at > across ? [] : [marker(x(at))]),
      ...drawn.map((line) => curve(line, x, y)),
      ...names(drawn, x, y, right),
    );
  }

  return { node, draw, remove: () => resized.disconnect() };
}

function levels(low, high) {
  const step = Math.max(1, Math.ceil((high - low) / 4));
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, place) => high - place * step);
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

function level(power, y, right) {
  const text = `10${[...String(power)].map((character) => RAISED[character]).join("")}`;
  return [
    svg("path", { class: "line", d: `M${FRAME.left} ${y}H${right}` }),
    svg("text", { class: "tick end", x: FRAME.left - 8, y: y + 4, text }),
  ];
}

function tick(part, across, x, unit) {
  const value = Math.round(part * across);
  const text =
    part === 1
      ? `${across < 1e4 ? grouped(value) : number(value)} ${unit}`
      : across < 1e4
        ? grouped(value)
        : number(value);
  return svg("text", { class: part === 0 ? "tick" : "tick middle", x: x(value), y: HEIGHT - 6, text });
}

const marker = (x) => svg("path", { class: "now", d: `M${x} ${FRAME.top}V${HEIGHT - FRAME.bottom}` });

function curve({ points, colour, name }, x, y) {
  if (points.length === 1) return svg("circle", { cx: x(points[0][0]), cy: y(points[0][1]), r: 3, fill: colour });
  const d = points
    .map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
  return svg("path", { class: "curve", d, stroke: colour, "data-line": name });
}

/** Names at the ends of the lines, pushed apart where they would overlap. */
function names(lines, x, y, right) {
  const placed = lines
    .map(({ name, colour, points }) => ({
      name,
      colour,
      x: x(points[points.length - 1][0]),
      y: y(points[points.length - 1][1]),
    }))
    .sort((one, other) => one.y - other.y);
  let above = 0;
  for (const one of placed) above = one.at = Math.max(one.y, above + 14, FRAME.top + 8);
  const over = Math.max(0, above - (HEIGHT - FRAME.bottom));
  return placed.flatMap(({ name, colour, at }) => [
    svg("path", { d: `M${right + 7} ${at - over}h9`, stroke: colour, "stroke-width": 3 }),
    svg("text", { class: "name", x: right + 21, y: at - over + 4, text: name }),
  ]);
}
