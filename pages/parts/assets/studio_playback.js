// "Step through the run": a slider over the moments that were kept, with Play; at its right end it follows what is new.

import { el, say, stillness } from "./dom.js";
import { grouped } from "./format.js";

const PAUSE_MS = 420;

/** The controls `node`. `look(step or null)` is told which moment is wanted, null for now. */
export function playback(look) {
  let steps = [];
  let at = null;
  let timer = null;
  const slider = el("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Step through the run" });
  const reading = el("span", { class: "hint reading" });
  const play = el("button", { type: "button", class: "quiet play", text: "Play", onclick: toggle });
  const node = el("div", { class: "playing", hidden: true }, play, slider, reading);
  slider.addEventListener("input", () => {
    halt();
    go(Number(slider.value));
  });

  function go(place) {
    at = place >= steps.length ? null : place;
    tell();
    return look(at === null ? null : steps[at]);
  }

  function tell() {
    slider.max = String(steps.length);
    slider.value = String(at ?? steps.length);
    say(reading, at === null ? "now" : `round ${grouped(steps[at])}`);
    slider.setAttribute("aria-valuetext", at === null ? "now" : `round ${steps[at]}`);
    node.hidden = steps.length < 2;
  }

  function toggle() {
    if (timer !== null) return halt();
    say(play, "Pause");
    if (at === null) at = -1;
    turn();
  }

  async function turn() {
    timer = setTimeout(() => {}, 0);
    const mine = timer;
    const next = at + Math.max(1, Math.round(steps.length / 60));
    await go(Math.min(next, steps.length));
    if (timer !== mine) return;
    if (at === null) return halt();
    timer = setTimeout(turn, stillness.matches ? 3 * PAUSE_MS : PAUSE_MS);
  }

  function halt() {
    clearTimeout(timer);
    timer = null;
    say(play, "Play");
  }

  return {
    node,
    get live() {
      return at === null;
    },
    offer(known) {
      if (known.length === steps.length) return;
      steps = known;
      tell();
    },
    stop: halt,
  };
}
