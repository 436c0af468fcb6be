// The map as a drawing: a group per cell with its ground, arrows and words, redrawn only where something changed.

import { el, say, svg } from "./dom.js";
import { arrows, wedge } from "./lab_arrows.js";
import { mixed } from "./theme.js";

const UNIT = 100;
const GAP = 1.6;
const HIGHEST = 600; // CSS pixels
const WORDS = { goal: "Goal", pit: "Pit", start: "Start" };

/** A board in `node`: show(scene) draws; cellAt(event) -> [row, column] or null; focus ring and cursor are its own. */
export function board(node) {
  let cells = [];
  let size = "";
  let cursor = null;
  let chosen = null;
  const layer = svg("g");
  const marks = svg("g", { class: "marks" });
  const ring = svg("rect", { class: "ring", rx: 8, width: UNIT - 6, height: UNIT - 6, visibility: "hidden" });
  const place = svg("rect", { class: "cursor", rx: 8, width: UNIT - 6, height: UNIT - 6, visibility: "hidden" });
  const agent = svg("circle", { class: "agent", r: 17, visibility: "hidden" });
  const picture = svg("svg", { class: "board", tabindex: 0, role: "application" }, layer, marks, ring, agent, place);
  node.append(picture);
  const resized = new ResizeObserver(measure);
  resized.observe(node);

  function build(rows, cols) {
    size = `${rows}x${cols}`;
    picture.setAttribute("viewBox", `0 0 ${cols * UNIT} ${rows * UNIT}`);
    cells = Array.from({ length: rows * cols }, (_, at) => cell(Math.floor(at / cols), at % cols, cols));
    layer.replaceChildren(...cells.map((one) => one.node));
    measure();
  }

  function measure() {
    if (!cells.length) return;
    const [rows, cols] = size.split("x").map(Number);
    const width = Math.min(node.clientWidth, (HIGHEST * cols) / rows, 150 * cols);
    picture.style.width = `${width}px`;
    picture.style.height = `${(width * rows) / cols}px`;
    const side = width / cols;
    picture.dataset.room = side >= 76 ? "wide" : side >= 50 ? "roomy" : side >= 30 ? "tight" : "tiny";
  }

  function at(target, [row, column] = [0, 0], visible = true) {
    target.setAttribute("visibility", visible ? "visible" : "hidden");
    target.setAttribute("x", column * UNIT + 3);
    target.setAttribute("y", row * UNIT + 3);
  }

  return {
    picture,
    /** scene: { rows, cols, kinds [[kind]], label, cells(index) -> what `cell` takes, marks, chosen } */
    show(scene, palette) {
      if (size !== `${scene.rows}x${scene.cols}`) build(scene.rows, scene.cols);
      cells.forEach((one, index) => one.draw(scene.cell(index), palette));
      marks.replaceChildren(...scene.marks.map((mark) => marked(mark)));
      chosen = scene.chosen;
      at(ring, chosen ?? undefined, Boolean(chosen));
      agent.setAttribute("visibility", scene.agent ? "visible" : "hidden");
      const [row, column] = scene.agent ?? [0, 0];
      agent.style.transform = `translate(${column * UNIT + UNIT / 2}px, ${row * UNIT + 40}px)`;
      picture.setAttribute("aria-label", scene.label);
    },
    cellAt(event) {
      const box = picture.getBoundingClientRect();
      const [rows, cols] = size.split("x").map(Number);
      const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
      const column = Math.floor(((event.clientX - box.left) / box.width) * cols);
      return row >= 0 && column >= 0 && row < rows && column < cols ? [row, column] : null;
    },
    /** Where in its cell an event is: right and down from the middle, in -1..1. */
    placeIn(event) {
      const box = picture.getBoundingClientRect();
      const [rows, cols] = size.split("x").map(Number);
      const within = (share) => 2 * (share - Math.floor(share)) - 1;
      return {
        right: within(((event.clientX - box.left) / box.width) * cols),
        down: within(((event.clientY - box.top) / box.height) * rows),
      };
    },
    moveCursor(to) {
      cursor = to;
      at(place, to ?? undefined, Boolean(to));
    },
    cursor: () => cursor,
    remove: () => resized.disconnect(),
  };
}

/** One cell: draw({ kind, shade, text, under, word, note, arrows: [[name, strength]], wedges: [{ name, shade, text, best }] }). */
function cell(row, column, cols) {
  let before = "";
  const x = column * UNIT;
  const y = row * UNIT;
  const ground = svg("rect", {
    class: "ground",
    x: x + GAP,
    y: y + GAP,
    rx: 8,
    width: UNIT - 2 * GAP,
    height: UNIT - 2 * GAP,
  });
  const parts = svg("g", { class: "wedges" });
  const pointing = svg("path", { class: "arrows" });
  const figure = svg("text", { class: "value", x: x + UNIT / 2, y: y + 84 });
  const second = svg("text", { class: "under", x: x + UNIT / 2, y: y + 94 });
  const word = svg("text", { class: "word", x: x + UNIT / 2, y: y + 50 });
  const note = svg("text", { class: "note", x: x + 92, y: y + 18 });
  const node = svg("g", { class: "cell", "data-cell": `${row},${column}`, "data-index": row * cols + column });
  node.append(ground, parts, svg("g", { transform: `translate(${x} ${y})` }, pointing), figure, second, word, note);

  return {
    node,
    draw(given, palette) {
      const now = JSON.stringify(given) + palette.text;
      if (now === before) return;
      before = now;
      const { kind, shade, text = "", under = "", arrows: wanted = [], wedges = [] } = given;
      node.dataset.kind = kind;
      node.dataset.arrows = wanted.map(([name]) => name).join("");
      ground.setAttribute("fill", filled(kind, shade, palette));
      parts.replaceChildren(...wedges.map((one) => quarter(one, x, y, palette)));
      pointing.setAttribute("d", arrows(wanted, under ? 0.72 : 1));
      say(figure, text);
      const alone = kind === "goal" || kind === "pit";
      say(second, under);
      figure.setAttribute("y", y + (under ? 78 : wanted.length ? 87 : alone ? 74 : 56));
      word.setAttribute("x", kind === "start" ? x + 10 : x + UNIT / 2);
      word.setAttribute("y", kind === "start" ? y + 19 : y + (text ? 46 : 56));
      say(word, wedges.length ? "" : (WORDS[kind] ?? ""));
      say(note, wedges.length ? "" : (given.note ?? ""));
    },
  };
}

function filled(kind, shade, palette) {
  if (kind === "wall") return palette.wall;
  if (kind === "goal") return palette.goal;
  if (kind === "pit") return palette.pit;
  return shade === null || shade === undefined ? palette.soft : mixed(palette.low, palette.high, shade);
}

/** The part of a cell that belongs to one action, with its q. */
function quarter({ name, shade, text, best, narrow }, x, y, palette) {
  const { points, middle } = wedge(name, narrow);
  const shape = svg("polygon", {
    points: points.map(([right, down]) => `${x + right},${y + down}`).join(" "),
    fill: shade === null ? palette.soft : mixed(palette.low, palette.high, shade),
  });
  const words = svg("text", { class: best ? "q best" : "q", x: x + middle[0], y: y + middle[1], text });
  return svg("g", {}, shape, words);
}

/** A teleport's line or a column's wind, over the cells. */
function marked({ from, to, text, title }) {
  const centre = ([row, column]) => [column * UNIT + UNIT / 2, row * UNIT + UNIT / 2];
  if (to) {
    const [[x1, y1], [x2, y2]] = [centre(from), centre(to)].map(([x, y]) => [x + 34, y - 30]);
    const d = `M${x1} ${y1}Q${(x1 + x2) / 2 + 30} ${(y1 + y2) / 2} ${x2} ${y2}`;
    const way = svg("path", { class: "teleport", d });
    return svg("g", {}, way, svg("circle", { class: "landing", cx: x2, cy: y2, r: 5 }), svg("title", { text: title }));
  }
  const [x, y] = centre(from);
  return svg("text", { class: "wind", x: x - 43, y: y - 32, text }, svg("title", { text: title }));
}

/** A line of words under the board that is read aloud when it changes. */
export const readingLine = () => el("p", { class: "hint reading", "aria-live": "polite" });
