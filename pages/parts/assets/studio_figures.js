// The five figures above the molecules, each in words first; what a word stands on is in its title.

import { el, say } from "./dom.js";
import { grouped, number } from "./format.js";

const RECENT = 5;
const FAR = [
  [0.005, "none"],
  [0.4, "small"],
  [1.0, "medium"],
  [2.0, "large"],
  [Infinity, "very large"],
];

/** Mean of the last few measured values up to `row`, NaN where there are none. */
export function recent(column, row = column.length - 1) {
  const found = column.slice(Math.max(0, row - RECENT + 1), row + 1).filter((value) => Number.isFinite(value));
  return found.length ? found.reduce((sum, value) => sum + value, 0) / found.length : NaN;
}

/** How far from what it was taught, in a word: KL to the prior per token. */
export const distance = (kl) => (Number.isFinite(kl) ? FAR.find(([limit]) => kl < limit)[1] : "–");

const moved = (gain) =>
  Math.abs(gain) < 0.005 ? "as at the start" : `${gain < 0 ? "▼" : "▲"} ${Math.abs(gain).toFixed(2)} since start`;

const percent = (share) => (Number.isFinite(share) ? `${Math.round(100 * share)} %` : "–");

export function figuresRow() {
  const made = {
    score: figure("Average score", "mean score of the real molecules of the last rounds, 0 to 1"),
    valid: figure("Real molecules", "share that follows chemistry's rules (valid)"),
    fresh: figure("Never seen before", "share that was not among the molecules it was taught (new)"),
    unique: figure("Different", "share of a round that differs from the rest (unique); and different ring systems so far"),
    far: figure("Distance from taught", "KL divergence to the prior, in nats per token; and how often PPO held back"),
  };
  const node = el("div", { class: "five", role: "group", "aria-label": "The run in figures" });
  node.append(...Object.values(made).map((one) => one.node));

  return {
    node,
    /** The figures as they were at `row` of the table. */
    tell(table, row) {
      const at = (name) => recent(table.column(name), row);
      const first = table.column("score_mean").find((value) => Number.isFinite(value));
      const score = at("score_mean");
      const gain = score - first;
      made.score.say(
        Number.isFinite(score) ? score.toFixed(2) : "–",
        Number.isFinite(gain) && row > 0 ? moved(gain) : "",
        gain >= 0.005,
      );
      made.valid.say(percent(at("valid")), "");
      made.fresh.say(percent(at("new")), "");
      const shapes = table.column("scaffolds")[row];
      made.unique.say(percent(at("unique")), Number.isFinite(shapes) ? `${grouped(shapes)} shapes so far` : "");
      const kl = at("reference_kl");
      const clipped = at("clip_fraction");
      const held = Number.isFinite(clipped) ? ` · ${percent(clipped)} held back` : "";
      made.far.say(distance(kl), Number.isFinite(kl) ? `KL ${number(kl, 2)}${held}` : "");
    },
  };
}

function figure(label, meaning) {
  const value = el("b", { class: "value", text: "–" });
  const more = el("span", { class: "more" });
  const node = el(
    "div",
    { class: "card figurecard", title: meaning },
    el("span", { class: "hint", text: label }),
    el("span", { class: "row" }, value, more),
  );
  return {
    node,
    say(text, beside, good = false) {
      say(value, text);
      say(more, beside);
      more.classList.toggle("good", good);
    },
  };
}
