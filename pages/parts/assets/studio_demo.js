// The guided demo for an audience: large words that follow the run, and at the end the first molecule beside the best.

import { el, say, show } from "./dom.js";
import { clock, grouped } from "./format.js";
import { pictureOf, scoreOf } from "./studio_cards.js";

const ACTS = [
  [0, "It has only read molecules.", "Nobody told it what a good one is. These are its first own."],
  [0.08, "Each molecule gets a mark.", "The longer the bar, the more it looks like a medicine one can swallow."],
  [0.25, "What scored well, it does more often.", "Watch the average climb, and the curve at the right move."],
  [0.5, "It stays close to chemistry.", "It is pulled back to what it was taught, so that it does not cheat."],
  [0.75, "It keeps finding new ones.", "Nearly all of these were never in the books it read."],
];

const WAITING = { queued: "In a moment …", failed: "It stopped too early.", paused: "A short break." };

/** The presentation's head and end `node`. draw({ start, now, record, table, mode }). open("new" | "end") leaves it. */
export function presentation(data, open) {
  const heading = el("h1");
  const words = el("p", { class: "caption" });
  const left = el("span", { class: "hint" });
  const fill = el("i");
  const leave = el("button", { type: "button", class: "quiet", text: "Leave the demo", onclick: () => open("end") });
  const before = side("Before");
  const after = side("After");
  const sum = el("p", { class: "caption" });
  const end = el(
    "section",
    { class: "card finale", "aria-label": "Before and after", hidden: true },
    el("div", { class: "sides" }, before.node, el("span", { class: "arrow", "aria-hidden": "true", text: "→" }), after.node),
    sum,
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", class: "button", text: "Look around", onclick: () => open("end") }),
      el("button", { type: "button", class: "button", text: "Search for something else", onclick: () => open("new") }),
    ),
  );
  const node = el(
    "header",
    { class: "act", "aria-live": "polite" },
    el("div", { class: "row head" }, heading, el("span", { class: "row" }, left, leave)),
    words,
    el("div", { class: "progress", "aria-hidden": "true" }, fill),
    end,
  );

  function finish({ start, now, table, mode, record }) {
    const best = now?.best?.[0];
    say(heading, "From this, to that.");
    say(words, "Nobody drew these molecules. It found them by trying, and by being told how well it did.");
    if (!start || !best) return;
    before.say(start, Number.isFinite(start.score) ? `score ${scoreOf(start)}` : start.caption, mode);
    after.say(best, `score ${scoreOf(best)}`, mode);
    const scores = table.column("score_mean").filter(Number.isFinite);
    const tail = scores.slice(-5);
    const mean = tail.reduce((total, value) => total + value, 0) / Math.max(1, tail.length);
    const shapes = table.newest("scaffolds");
    say(
      sum,
      `${grouped(record.env_steps)} molecules tried. Their average went from ${(scores[0] ?? NaN).toFixed(2)} to ` +
        `${mean.toFixed(2)}, in ${grouped(shapes)} different shapes.`,
    );
    show(end, true);
  }

  return {
    node,
    draw(given) {
      const { record } = given;
      if (!record) return;
      const done = ["finished", "stopped"].includes(record.state);
      const share = done ? 1 : Math.min(1, (record.env_steps ?? 0) / Math.max(1, record.budget ?? 1));
      fill.style.transform = `scaleX(${share.toFixed(4)})`;
      say(left, !done && record.eta_s ? `${clock(record.eta_s)} to go` : "");
      show(end, done);
      if (done) return finish(given);
      const [, title, sentence] = ACTS.findLast(([from]) => share >= from);
      say(heading, WAITING[record.state] ?? title);
      say(words, record.state === "failed" ? (record.message ?? "") : sentence);
    },
  };
}

function side(label) {
  const image = el("img", { alt: "" });
  const words = el("figcaption");
  const node = el("figure", {}, el("b", { text: label }), image, words);
  return {
    node,
    say(molecule, text, mode) {
      image.src = pictureOf(molecule, mode);
      image.alt = molecule.smiles;
      say(words, text);
    },
  };
}
