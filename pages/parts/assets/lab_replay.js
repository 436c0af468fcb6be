// One episode of the learned policy, step by step: the agent walks over the board.

import { el, say, show, stillness } from "./dom.js";
import { number } from "./format.js";

const STEP_MS = 320;

/** The controls `node`; take(picture) the newest; place() -> [row, column] of the agent or null; moved() is called. */
export function replay(moved) {
  let newest = null;
  let shown = null;
  let at = 0;
  let timer = null;
  const button = (text, title, onclick) => el("button", { type: "button", class: "button slim", text, title, onclick });
  const play = button("Play an episode", "As the policy played it when this picture was taken", () =>
    timer ? pause() : begin(),
  );
  const back = button("Back", "One move back", () => go(at - 1));
  const step = button("Step", "One move on", () => go(shown ? at + 1 : 0));
  const slider = el("input", { type: "range", min: 0, max: 1, step: 1, value: 0, "aria-label": "Move" });
  slider.addEventListener("input", () => go(Number(slider.value)));
  const words = el("span", { class: "hint at" });
  const leave = button("Leave", "Take the agent off the board", () => {
    pause();
    shown = null;
    tell();
    moved();
  });
  const node = el("div", { class: "row tape replay" }, play, back, step, slider, words, leave);

  const last = () => (shown ?? newest).trajectory.length - 1;

  function begin() {
    shown = newest;
    at = 0;
    if (stillness.matches) return go(last());
    timer = setInterval(() => (at < last() ? turn(at + 1) : pause()), STEP_MS);
    turn(0);
  }

  function go(to) {
    pause();
    turn(to);
  }

  function turn(to) {
    shown = shown ?? newest;
    if (!shown) return;
    at = Math.max(0, Math.min(last(), to));
    tell();
    moved();
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    tell();
  }

  function tell() {
    show(node, Boolean(newest));
    if (!newest) return;
    for (const one of [back, slider, words, leave]) show(one, Boolean(shown));
    say(play, timer ? "Pause" : "Play an episode");
    if (!shown) return;
    slider.max = String(Math.max(1, last()));
    slider.value = String(at);
    back.disabled = at === 0;
    step.disabled = at >= last();
    const end = at >= last() ? ` · return ${number(shown.return)}` : "";
    say(words, `iteration ${shown.step}, move ${at} of ${last()}${end}`);
  }

  tell();
  return {
    node,
    take(picture) {
      newest = picture;
      if (!picture) shown = null;
      tell();
    },
    place: () => (shown ? shown.trajectory[at] : null),
    stop: pause,
  };
}
