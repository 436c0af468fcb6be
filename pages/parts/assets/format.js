// Numbers, times and names as a person reads them.

const STATES = {
  queued: "Queued",
  training: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
};

const ALGORITHMS = {
  pg: "Policy gradient",
  trpo: "TRPO",
  ppo: "PPO",
  "q-learning": "Q-learning",
  sarsa: "SARSA",
  "expected-sarsa": "Expected SARSA",
  "monte-carlo": "Monte Carlo",
};

export const stateName = (state) => STATES[state] ?? state;
export const algorithmName = (kind) => ALGORITHMS[kind] ?? String(kind).toUpperCase();

/** 2e9 -> "2e9", 1234567 -> "1.23M", 60000 -> "60k", 0.01234 -> "0.0123"; a true minus sign; "–" when it was not measured. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (size >= 1e9) text = value.toExponential(digits - 1).replace(/\.?0*e\+/, "e");
  else if (size >= 1e6) text = `${trimmed(value / 1e6, digits)}M`;
  else if (size >= 1e4) text = `${trimmed(value / 1e3, digits)}k`;
  else if (size > 0 && size < 1e-4) text = value.toExponential(Math.max(0, digits - 2));
  else text = trimmed(value, digits);
  return text.replace("-", "−");
}

function trimmed(value, digits) {
  const size = Math.abs(value);
  const before = size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0;
  const leading = size > 0 && size < 1 ? Math.max(0, -Math.floor(Math.log10(size)) - 1) : 0;
  const decimals = Math.max(0, Math.min(8, digits - before + leading));
  const text = value.toFixed(decimals);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** 0.1234 -> "12.3 %". */
export const percent = (value) => (Number.isFinite(value) ? `${number(100 * value)} %` : "–");

export const grouped = (value) => Math.round(value).toLocaleString("en-US");

/** Seconds -> "0:41", "12:05", "3:20:00". */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

/** Unix seconds -> "14:02" today, "3 Mar 14:02" before. */
export function moment(seconds) {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}

/** Text for Plotly, which reads a few tags in labels. */
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A tick label's d3 format, by the distance between ticks: 60k, 0.05, 3e-5. */
export const TICKS = [
  { dtickrange: [null, 1e-5], value: ".3~e" },
  { dtickrange: [1e-5, 1], value: "~f" },
  { dtickrange: [1, 100], value: "d" },
  { dtickrange: [100, 1e8], value: "~s" },
  { dtickrange: [1e8, null], value: ".3~e" },
];
export const PERCENT_TICKS = [{ dtickrange: [null, null], value: "~%" }];
