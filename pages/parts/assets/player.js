// Plays a list of frames on a canvas: play and pause, scrub, speed. What a frame looks like is the caller's.

import { el, fitted, say, stillness } from "./dom.js";

const SPEEDS = [0.5, 1, 2, 4];

/**
 * A player in `node`. play({ frames, fps, draw(context, width, height, frame, place), label }) shows an episode;
 * while one is playing the next waits for its end. redraw() after a change of theme or size; remove() ends it.
 */
export function player(node) {
  let episode = null;
  let waiting = null;
  let place = 0;
  let onCanvas = null;
  let playing = !stillness.matches;
  let speed = 1;
  let before = null;
  let request = 0;

  const canvas = el("canvas", { class: "stage", role: "img" });
  const toggle = el("button", { type: "button", class: "button icon", onclick: () => setPlaying(!playing) });
  const scrub = el("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": "Step of the episode" });
  scrub.addEventListener("input", () => {
    setPlaying(false);
    place = Number(scrub.value);
    draw();
  });
  const faster = el("button", { type: "button", class: "quiet", text: "1×", "aria-label": "Speed, 1 times" });
  faster.addEventListener("click", () => {
    speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
    say(faster, `${speed}×`);
    faster.setAttribute("aria-label", `Speed, ${speed} times`);
  });
  node.append(canvas, el("div", { class: "playback" }, toggle, scrub, faster));
  const resized = new ResizeObserver(() => draw());
  resized.observe(canvas);
  label();

  function setPlaying(wanted) {
    playing = wanted;
    before = null;
    label();
    if (playing && episode && place >= episode.frames.length - 1) place = 0;
    next();
  }

  function label() {
    toggle.replaceChildren(el("span", { class: playing ? "glyph pause" : "glyph play", "aria-hidden": "true" }));
    toggle.setAttribute("aria-label", playing ? "Pause the replay" : "Play the replay");
  }

  function next() {
    cancelAnimationFrame(request);
    if (playing && episode) request = requestAnimationFrame(turn);
  }

  function turn(now) {
    if (document.visibilityState === "visible" && canvas.clientWidth) advance(now);
    next();
  }

  function advance(now) {
    place += before === null ? 0 : Math.min(0.25, (now - before) / 1000) * episode.fps * speed;
    before = now;
    const end = episode.frames.length - 1;
    if (place > end + 0.8 * episode.fps * speed) {
      place = 0;
      if (waiting) [episode, waiting] = [waiting, null];
      dress();
    }
    if (step() !== onCanvas) draw();
  }

  const step = () => Math.min(Math.floor(place), episode.frames.length - 1);

  function dress() {
    onCanvas = null;
    scrub.max = String(episode.frames.length - 1);
    canvas.setAttribute("aria-label", episode.label);
  }

  function draw() {
    if (!episode || !canvas.clientWidth) return;
    onCanvas = step();
    const { context, width, height } = fitted(canvas);
    episode.draw(context, width, height, episode.frames[onCanvas], onCanvas);
    scrub.value = String(onCanvas);
  }

  return {
    play(given) {
      if (episode && (playing || place > 0)) {
        waiting = given;
        return;
      }
      episode = given;
      place = 0;
      dress();
      draw();
      next();
    },
    redraw: draw,
    remove() {
      cancelAnimationFrame(request);
      resized.disconnect();
    },
  };
}
