// Light or dark, and the colours that drawings take; the values stand in run.css alone.

/** Mark `root` light or dark after the page's own background. True when that changed. */
export function follow(root) {
  const background = getComputedStyle(root.parentElement).getPropertyValue("--st-background-color").trim();
  const mode = brightness(background || "#ffffff") < 0.5 ? "dark" : "light";
  if (root.dataset.mode === mode) return false;
  root.dataset.mode = mode;
  return true;
}

const palettes = new Map();

/** The named colours of the style sheet as they are in force at `root`. */
export function colours(root) {
  const { mode } = root.dataset;
  if (!palettes.has(mode)) {
    const palette = readColours(root);
    if (!palette.text) return palette; // the style sheet isn't there yet
    palettes.set(mode, palette);
  }
  return palettes.get(mode);
}

function readColours(root) {
  const style = getComputedStyle(root);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["background", "card", "soft", "line", "text", "muted", "accent", "done", "waiting", "failed"];
  const algorithms = ["pg", "trpo", "ppo", "q-learning", "sarsa", "expected-sarsa", "monte-carlo"];
  const drawing = [...algorithms, "band", "wall", "goal", "pit", "low", "high", "pole"];
  return { font: style.fontFamily, ...Object.fromEntries([...names, ...drawing].map((name) => [name, value(name)])) };
}

const SPARE = ["#4b9fa5", "#e69f00", "#8c2d04", "#7a8c2e", "#a6a1cf"];

/** Compare's lines: the first of an algorithm in its own colour, the others in colours that no algorithm has. */
export function seriesColours(root, algorithms) {
  const palette = colours(root);
  const spare = [...SPARE, palette.muted, palette.text];
  const taken = new Set();
  return algorithms.map((algorithm) => {
    const own = taken.has(algorithm) ? undefined : palette[algorithm];
    taken.add(algorithm);
    return own || spare.shift() || palette.muted;
  });
}

/** Between two #rrggbb colours, `share` in [0, 1] of the way. */
export function mixed(from, to, share) {
  const a = channels(from);
  const b = channels(to);
  return `rgb(${a.map((value, place) => Math.round(value + (b[place] - value) * share)).join(" ")})`;
}

/** The colour with an opacity, for Plotly. */
export function faint(colour, opacity) {
  return `rgba(${channels(colour).join(",")},${opacity})`;
}

const read = new Map();

function channels(colour) {
  if (!read.has(colour)) {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = colour;
    const hex = probe.fillStyle.slice(1, 7);
    read.set(
      colour,
      [0, 2, 4].map((place) => parseInt(hex.slice(place, place + 2), 16)),
    );
  }
  return read.get(colour);
}

function brightness(colour) {
  const [red, green, blue] = channels(colour);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
