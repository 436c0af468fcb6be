// A gridworld with its policy: arrows as long as the action's probability, values in one sequential colour, the path.

import { el, fitted, say, stillness } from "./dom.js";
import { number, percent } from "./format.js";
import { mixed } from "./theme.js";

const DIRECTIONS = [
  { name: "north", row: -1, column: 0 },
  { name: "east", row: 0, column: 1 },
  { name: "south", row: 1, column: 0 },
  { name: "west", row: 0, column: -1 },
  // Only maps with king's moves have these.
  { name: "north-east", row: -1, column: 1 },
  { name: "south-east", row: 1, column: 1 },
  { name: "south-west", row: 1, column: -1 },
  { name: "north-west", row: -1, column: -1 },
];
const WORDS = { start: "Start", goal: "Goal", pit: "Pit" };

/** A grid in `node`: show(picture), redraw(palette), remove(). Arrow keys walk from cell to cell, the line below reads it. */
export function gridView(node) {
  let picture = null;
  let palette = null;
  let chosen = null;
  let request = 0;
  const canvas = el("canvas", { class: "stage square", tabindex: 0, role: "img" });
  const words = el("p", { class: "hint reading", "aria-live": "polite" });
  node.append(canvas, words);
  const resized = new ResizeObserver(() => draw());
  resized.observe(canvas);

  canvas.addEventListener("pointermove", (event) => {
    if (picture) choose(cellAt(event.offsetX, event.offsetY));
  });
  canvas.addEventListener("pointerleave", () => choose(null));
  canvas.addEventListener("blur", () => choose(null));
  canvas.addEventListener("keydown", (event) => {
    const place = ["ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft"].indexOf(event.key);
    if (place < 0 || !picture) return;
    event.preventDefault();
    const step = DIRECTIONS[place];
    const [row, column] = chosen ?? [0, 0];
    const next = [row + step.row, column + step.column];
    choose(chosen && inside(next) ? next : [row, column]);
  });

  const inside = ([row, column]) => row >= 0 && column >= 0 && row < picture.rows && column < picture.cols;

  function cellAt(x, y) {
    const { left, top, size } = placed(canvas.clientWidth, canvas.clientHeight, picture);
    const cell = [Math.floor((y - top) / size), Math.floor((x - left) / size)];
    return inside(cell) ? cell : null;
  }

  function choose(cell) {
    if (String(cell) === String(chosen)) return;
    chosen = cell;
    say(words, cell ? told(picture, cell) : "");
    draw();
  }

  function draw(progress = 1) {
    if (!picture || !palette || !canvas.clientWidth) return;
    const { context, width, height } = fitted(canvas);
    const frame = placed(width, height, picture);
    const scale = valueScale(picture, palette);
    const each = (work) =>
      picture.cells.forEach((kinds, row) => kinds.forEach((kind, column) => work(kind, row, column)));
    each((kind, row, column) => ground(context, frame, kind, picture.values[row][column], row, column, scale, palette));
    path(context, frame, picture.trajectory ?? [], palette, progress);
    each((kind, row, column) => signs(context, frame, picture, kind, row, column, palette));
    if (!chosen) return;
    context.strokeStyle = palette.accent;
    context.lineWidth = 3;
    const { left, top, size } = frame;
    context.strokeRect(left + chosen[1] * size + 1.5, top + chosen[0] * size + 1.5, size - 3, size - 3);
  }

  /** Walk the path once, then leave it standing. */
  function walk(started, now) {
    const progress = Math.min(1, (now - started) / 900);
    draw(progress);
    if (progress < 1) request = requestAnimationFrame((later) => walk(started, later));
  }

  return {
    show(given, colours) {
      const moved = JSON.stringify(given.trajectory) !== JSON.stringify(picture?.trajectory);
      picture = given;
      palette = colours;
      canvas.setAttribute("aria-label", summary(given));
      if (chosen) say(words, told(picture, chosen));
      cancelAnimationFrame(request);
      if (!moved || stillness.matches) draw();
      else request = requestAnimationFrame((now) => walk(now, now));
    },
    redraw(colours) {
      palette = colours;
      draw();
    },
    remove() {
      cancelAnimationFrame(request);
      resized.disconnect();
    },
  };
}

function placed(width, height, { rows, cols }) {
  const size = Math.min(width / cols, height / rows);
  return { size, left: (width - size * cols) / 2, top: (height - size * rows) / 2 };
}

/** value -> colour, pale for the lowest, strong for the highest. */
function valueScale({ values }, palette) {
  const known = values.flat().filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  return (value) =>
    value === null ? palette.low : mixed(palette.low, palette.high, high > low ? (value - low) / (high - low) : 0.5);
}

function ground(context, { left, top, size }, kind, value, row, column, scale, palette) {
  const gap = size > 30 ? 1.5 : 0.5;
  context.fillStyle = { wall: palette.wall, goal: palette.goal, pit: palette.pit }[kind] ?? scale(value);
  context.beginPath();
  context.roundRect(
    left + column * size + gap,
    top + row * size + gap,
    size - 2 * gap,
    size - 2 * gap,
    Math.min(8, size / 8),
  );
  context.fill();
}

/** What stands in a cell: its name, the policy's arrows, the value. */
function signs(context, { left, top, size }, picture, kind, row, column, palette) {
  const [x, y] = [left + column * size, top + row * size];
  const middle = x + size / 2;
  if (kind === "goal" || kind === "pit") {
    if (size >= 34) write(context, WORDS[kind], "#ffffff", Math.min(15, size / 4), middle, y + size / 2, 650);
    return;
  }
  const roomy = size >= 52;
  const probabilities = picture.probabilities[row][column];
  const value = picture.values[row][column];
  if (probabilities) arrows(context, probabilities, middle, y + size * (roomy ? 0.4 : 0.5), size, palette);
  if (roomy && value !== null)
    write(
      context,
      value.toFixed(2).replace("-", "−"),
      palette.text,
      Math.min(13, size / 5),
      middle,
      y + size * 0.82,
      600,
    );
  if (roomy && kind === "start")
    write(context, WORDS.start, palette.text, Math.min(11, size / 5.5), x + size * 0.28, y + size * 0.15, 500);
}

function arrows(context, probabilities, x, y, size, palette) {
  const longest = size * 0.32;
  context.strokeStyle = palette.text;
  context.fillStyle = palette.text;
  context.lineWidth = Math.max(1, Math.min(2.2, size / 36));
  probabilities.forEach((probability, place) => {
    if (probability < 0.04) return;
    const { row, column } = DIRECTIONS[place];
    const length = longest * probability;
    const head = Math.min(size * 0.075, length * 0.4); // so that two of one half each do not overlap
    const tip = [x + column * length, y + row * length];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(tip[0] - column * head, tip[1] - row * head);
    context.stroke();
    context.beginPath();
    context.moveTo(...tip);
    context.lineTo(tip[0] - column * head * 1.5 + row * head, tip[1] - row * head * 1.5 + column * head);
    context.lineTo(tip[0] - column * head * 1.5 - row * head, tip[1] - row * head * 1.5 - column * head);
    context.fill();
  });
}

function path(context, { left, top, size }, trajectory, palette, progress) {
  if (trajectory.length < 2) return;
  const centre = ([row, column]) => [left + (column + 0.5) * size, top + (row + 0.5) * size];
  const reached = progress * (trajectory.length - 1);
  const whole = Math.floor(reached);
  const points = trajectory.slice(0, whole + 1).map(centre);
  if (whole < trajectory.length - 1) {
    const [from, to] = [centre(trajectory[whole]), centre(trajectory[whole + 1])];
    points.push([from[0] + (to[0] - from[0]) * (reached - whole), from[1] + (to[1] - from[1]) * (reached - whole)]);
  }
  context.globalAlpha = 0.4;
  context.strokeStyle = palette.accent;
  context.lineWidth = Math.max(2, size * 0.06);
  context.lineJoin = context.lineCap = "round";
  context.beginPath();
  points.forEach((point) => context.lineTo(...point));
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = palette.accent;
  context.beginPath();
  context.arc(...points[points.length - 1], Math.max(3, size * 0.09), 0, 2 * Math.PI);
  context.fill();
}

function write(context, text, colour, size, x, y, weight) {
  context.fillStyle = colour;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${weight} ${size}px system-ui, sans-serif`;
  context.fillText(text, x, y);
}

function told(picture, [row, column]) {
  const kind = picture.cells[row][column];
  const place = `Row ${row + 1}, column ${column + 1}`;
  const probabilities = picture.probabilities[row][column];
  const value = picture.values[row][column];
  if (!probabilities) return `${place}: ${kind}`;
  const parts = probabilities
    .map((share, at) => [DIRECTIONS[at].name, share])
    .sort((one, other) => other[1] - one[1]);
  const worth = value === null ? "" : `value ${number(value)}; `;
  return `${place}: ${worth}${parts.map(([name, share]) => `${name} ${percent(share)}`).join(", ")}`;
}

function summary({ rows, cols, trajectory, return: reached, optimal_return: best }) {
  const against = best === null || best === undefined ? "" : `, the best possible is ${number(best)}`;
  return `Grid of ${rows} by ${cols} cells with the policy's arrows; the last try took ${trajectory.length - 1} steps and scored ${number(reached)}${against}`;
}
