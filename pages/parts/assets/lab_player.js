// Step, Back, Play, Reset, a slider over all sweeps and the bookmarks k = 0, 1, 2, 3, 10 and the answer itself.

import { el, say } from "./dom.js";
import { grouped } from "./format.js";

const BOOKMARKS = [0, 1, 2, 3, 10, Infinity];
const SPEEDS = [1, 3, 10, 30, 100];
const AHEAD = 12;

/** The controls `node` of which sweep is shown; `moved(number)` is told. follow(sweeps) takes another course. */
export function sweepPlayer(moved) {
  let sweeps = null;
  let number = Infinity;
  let timer = null;
  let speed = 3;
  const button = (name, glyph, title, onclick) =>
    el(
      "button",
      { type: "button", class: "button icon", "aria-label": name, title, onclick },
      el("span", { class: `glyph ${glyph}`, "aria-hidden": "true" }),
    );
  const back = button("Back", "back", "One sweep back", () => go(Math.min(number, sweeps.made + 1) - 1));
  const play = el("button", {
    type: "button",
    class: "button toggle",
    text: "Play",
    onclick: () => (timer ? pause() : start()),
  });
  const step = button("Step", "play", "One sweep on", () => go(number === Infinity ? 0 : number + 1));
  const reset = el("button", {
    type: "button",
    class: "button",
    text: "Reset",
    title: "Back to V = 0",
    onclick: () => go(0),
  });
  const pace = el(
    "select",
    { "aria-label": "Speed" },
    ...SPEEDS.map((value) => el("option", { value, text: `${value} / s` })),
  );
  pace.value = String(speed);
  pace.addEventListener("change", () => {
    speed = Number(pace.value);
    if (timer) start();
  });
  const slider = el("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": "Sweep" });
  slider.addEventListener("input", () => go(Number(slider.value)));
  const words = el("span", { class: "figure at" });
  const chips = BOOKMARKS.map((value) =>
    el("button", {
      type: "button",
      class: "chip",
      text: value === Infinity ? "∞" : String(value),
      "data-k": String(value),
      onclick: () => go(value),
    }),
  );
  const node = el(
    "div",
    { class: "player" },
    el("div", { class: "row tape" }, back, play, step, reset, pace, slider),
    el("div", { class: "row marks" }, el("span", { class: "hint", text: "k =" }), ...chips, words),
  );

  const last = () => (sweeps.ended ? sweeps.made : Infinity);

  function go(to, playing = false) {
    if (!playing) pause();
    number = to === Infinity ? Infinity : Math.max(0, Math.min(to, last()));
    tell();
    moved(number);
  }

  function start() {
    pause();
    if (number === Infinity || number >= last()) go(0, true);
    timer = setInterval(advance, 1000 / speed);
    tell();
  }

  function advance() {
    if (number >= last()) return pause();
    if (!sweeps.has(number + 1)) return sweeps.expect(number + 1);
    go(number + 1, true);
    if (number + AHEAD < last()) sweeps.expect(number + AHEAD);
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    tell();
  }

  function tell() {
    if (!sweeps) return;
    const round = sweeps.question.method === "policy-iteration" ? "policy" : "sweep";
    const all = `${grouped(sweeps.made)}${sweeps.ended ? "" : "+"}`;
    say(
      words,
      number === Infinity
        ? `the answer, ${all} ${round === "policy" ? "policies" : "sweeps"} away`
        : `${round} ${grouped(number)} of ${all}`,
    );
    say(play, timer ? "Pause" : "Play");
    node.dataset.playing = timer ? "yes" : "no";
    slider.max = String(Math.max(1, sweeps.made));
    slider.value = String(Math.min(number, sweeps.made));
    slider.setAttribute("aria-valuetext", words.textContent);
    back.disabled = number === 0;
    step.disabled = number !== Infinity && number >= last();
    chips.forEach((chip) => {
      const value = Number(chip.dataset.k);
      chip.setAttribute("aria-pressed", String(value === number));
      chip.disabled = value !== Infinity && value > last();
    });
  }

  return {
    node,
    tell,
    go,
    get number() {
      return number;
    },
    follow(others) {
      sweeps = others;
      if (number !== Infinity && number > last()) number = last();
      tell();
    },
    pause,
    remove: pause,
  };
}
